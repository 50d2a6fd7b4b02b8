# frozen_string_literal: true

# Uses in instances from a snapshot what INIT opened.

require "lambent"

PHOTOS = Lambent.bucket("full")
TODO = Lambent.keyspace("full")
PHOTOS.put("small", "abc" * 300_000)
# Fibers keep what is open between two calls.
READER = Fiber.new { PHOTOS.each_piece("small") { |piece| Fiber.yield piece } }
READER.resume
WRITER = Fiber.new { PHOTOS.write("half") { |object| loop { Fiber.yield(object << "x" * 700_000) } } }
WRITER.resume
TODO.set("inits", "0")
Lambent.queue("jobs").send_message("from INIT")

def error
  "gave #{yield.inspect[0, 100]}"
rescue Lambent::Error => error
  error.message
end

def handler(event:, context:)
  Lambent.queue("jobs").send_message("from the handler")
  {
    lost: [error { READER.resume }, error { WRITER.resume }],
    read: PHOTOS.get("small", 0...3),
    half: PHOTOS.exist?("half"),
    count: TODO.increment("inits"),
    listed: PHOTOS.list("small").to_a
  }
end
