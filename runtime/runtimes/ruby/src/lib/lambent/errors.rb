# frozen_string_literal: true

module Lambent
  # What a keyspace, bucket or queue refused. The messages are the node's.
  class Error < StandardError
    TOO_LARGE = /the most is \d[\d.]*( [KMGT]?i?B| bytes)?\z|; get fewer at once\z/
    NOT_FOUND = /\A(bucket|keyspace|queue) "[^"]*" (has no object |does not exist in )/
    NOT_GRANTED = /\Afunction "[^"]*" may not /
    NO_COUNTER = "cannot be counted with; set or delete it first"
    private_constant :TOO_LARGE, :NOT_FOUND, :NOT_GRANTED, :NO_COUNTER

    class << self
      # The error that a text of the node is. Interfaces whose errors are text say no more.
      def of(text)
        kind =
          case text
          when NOT_GRANTED then NotGranted
          when NOT_FOUND then NotFound
          when TOO_LARGE then TooLarge
          else text.end_with?(NO_COUNTER) ? Conflict : self
          end
        kind.new(text)
      end
    end
  end

  # The function was not granted this; the message says the command that grants it.
  class NotGranted < Error
    # The node's words, where the interface has none: `wanted` and `has` are "read" or "write", and
    # `has` is what was granted, if anything was.
    def self.of_keyspace(name, wanted, has)
      function = ENV.fetch("AWS_LAMBDA_FUNCTION_NAME", "function")
      access = has ? "read-write" : wanted
      new(%(function "#{function}" may not #{wanted} keyspace "#{name}"#{", but only #{has} it" if has}; grant it: ) +
          "lambent grant add #{function} keyspace:#{name}=#{access}\n" \
          "or in lambent.toml, in [functions.#{function}.grants.keyspaces]: #{name} = \"#{access}\"")
    end
  end

  # There is no such object, or no keyspace, bucket or queue of that name.
  class NotFound < Error
    def self.of_keyspace(name)
      new(%(keyspace "#{name}" does not exist; create it first: lambent keyspace create #{name}))
    end
  end

  # The value is not what the change is for: another one came first, or it is no number.
  class Conflict < Error; end

  # It is more than a node takes or gives at once.
  class TooLarge < Error; end
end
