# frozen_string_literal: true

# Keyspaces, buckets and queues of the node, as far as the function was granted them:
# `Lambent.keyspace("todo").get("title")`.
module Lambent
  class << self
    def keyspace(name) = Keyspace.new(name)

    def bucket(name) = Bucket.new(name)

    def queue(name) = Queue.new(name)
  end
end

require "json"
require "lambent/errors"
require "lambent/resource"
require "lambent/keyspace"
require "lambent/bucket"
require "lambent/queue"
