# frozen_string_literal: true

# Does what `cases.json` says with the library `lambent`, as a function on a node.

require "base64"
require "lambent"

KEPT = []

# What the cases call, in Ruby's words.
METHODS = {
  "getMany" => ->(keyspace, keys) { keyspace.get_many(keys) },
  "setMany" => ->(keyspace, values) { keyspace.set_many(values) },
  "exists" => ->(client, key) { client.exist?(key) },
  "size" => ->(keyspace, key) { keyspace.get(key).bytesize },
  "keys" => ->(keyspace, prefix) { keyspace.keys(prefix).to_a },
  "count" => ->(keyspace, prefix) { keyspace.keys(prefix).count },
  "fill" => ->(keyspace, prefix, count, size = 0) { keyspace.set_many(numbered(prefix, count).to_h { |key| [key, "v" * size] }) },
  "sizes" => ->(keyspace, prefix, count) { keyspace.get_many(numbered(prefix, count)).values.sum(&:bytesize) },
  "isText" => ->(keyspace, key) { keyspace.get(key).encoding == Encoding::UTF_8 },
  "throughJson" => lambda { |keyspace, key, value|
    keyspace.set_json(key, value) if value
    keyspace.get_json(key)
  },
  "updateInPlace" => lambda { |keyspace, key, text|
    calls = 0
    keyspace.update(key) do |old|
      raise "nobody else writes it, and it is called again" if (calls += 1) > 3

      old.replace(text)
    end
  },
  "changed" => lambda { |keyspace, key|
    keyspace.get(key) << "changed"
    nil
  },
  "drain" => ->(keyspace, prefix, count) { keyspace.delete(*numbered(prefix, count)) },
  "update" => ->(keyspace, key, more) { keyspace.update(key) { |old| "#{old}#{more}" } },
  "list" => ->(bucket, prefix) { bucket.list(prefix).to_a },
  "open" => ->(bucket, key) { bucket.each_piece(key).to_a.join },
  "streamed" => ->(bucket, key) { bucket.each_piece(key).sum(&:bytesize) },
  "write" => ->(bucket, key, piece, count) { bucket.write(key) { |object| count.times { object << piece } } },
  "putPieces" => ->(bucket, key, piece, count) { bucket.put(key, [piece] * count) },
  "copy" => ->(bucket, key, to, other = bucket.name) { bucket.copy(key, to, bucket: other) },
  "move" => ->(bucket, key, to, other = bucket.name) { bucket.move(key, to, bucket: other) },
  "head" => lambda { |bucket, key|
    head = bucket.head(key)
    raise "it was written at #{head.created}" if (head.created - Time.now).abs > 3600

    { "key" => head.key, "size" => head.size }
  },
  "get" => lambda { |client, key, first = nil, last = nil|
    next client.get(key) unless first

    client.get(key, last ? first...last : first..)
  },
  "abandon" => lambda { |bucket, key, text|
    begin
      bucket.write(key) do |object|
        object << text
        raise Interrupt
      end
    rescue Interrupt
      nil
    end
  },
  # However a block is left, except by an exception.
  "left early" => lambda { |bucket, key, text|
    ways = [
      -> { bucket.write(key) { |object| break object << text } },
      -> { catch(:done) { bucket.write(key) { |object| throw :done, object << text } } },
      -> { bucket.write(key) { |object| next object << text } },
      -> { bucket.write(key) { |object| return object << text } }
    ]
    ways.all? do |way|
      bucket.delete(key)
      way.call
      bucket.get(key) == text
    end
  },
  "throughText" => lambda { |bucket, key, text|
    bucket.put(key, text.lines)
    read = bucket.get(key)
    raise "it is #{read.encoding}" unless read.encoding == Encoding::UTF_8

    read
  },
  # One after the other, as it is in this language.
  "atOnce" => lambda { |bucket, prefix, count|
    numbered(prefix, count).each { |key| bucket.put(key, key) }
    numbered(prefix, count).count { |key| bucket.get(key) == key }
  },
  "copiedAtOnce" => lambda { |bucket, prefix, to, count|
    other = Lambent.bucket(to)
    numbered(prefix, count).each { |key| other.put(key, bucket.each_piece(key)) }
    numbered(prefix, count).count { |key| other.get(key) == key }
  },
  # One too many is refused, and those that are open go on.
  "openMany" => lambda { |bucket, prefix, count|
    open = numbered("#{prefix}x", count).map { |key| Fiber.new { bucket.write(key) { |object| loop { Fiber.yield(object << "x") } } } }
    begin
      open.first(count - 1).each(&:resume)
      open.last.resume
      next false
    rescue Lambent::Error => error
      raise unless error.message.include?("has 32 objects open to be read or written")
    end
    open.first(count - 1).each do |fiber|
      fiber.raise(Interrupt)
    rescue Interrupt
      nil
    end
    bucket.get("#{prefix}0000") == "#{prefix}0000"
  },
  "deleteMany" => ->(bucket, prefix, count) { bucket.delete(*numbered(prefix, count)) },
  # Objects that nobody closes, and what they are in another invocation.
  "leave" => lambda { |bucket, key, count|
    count.times do |number|
      reading = Fiber.new { bucket.each_piece(key) { |piece| Fiber.yield piece } }
      writing = Fiber.new { bucket.write("#{key}#{number}") { |object| loop { Fiber.yield(object << "half") } } }
      KEPT.push(reading, writing).last(2).each(&:resume)
    end
  },
  "left" => lambda { |_|
    told = KEPT.map do |fiber|
      fiber.resume
      "open"
    rescue Lambent::Error => error
      error.message
    end
    KEPT.clear
    told.any? && told.all? { |text| text.include?("in an invocation that has ended") }
  },
  # What was not refused of calls that are wrong in this language.
  "misused" => lambda { |client|
    wrong = {
      Lambent::Keyspace => [
        -> { client.get(5) }, -> { client.get("a\xFF") }, -> { client.set("\xFF".b, "x") }, -> { client.get_many(["\xC3"]) },
        -> { client.delete("\xED\xA0\x80") }, -> { client.exist?("\x80".encode("UTF-8", "BINARY", undef: :replace).b << 255) }, -> { client.set("k", nil) }, -> { client.set("k", 5) }, -> { client.increment("k", "x") },
        -> { client.delete(nil) }, -> { client.swap(nil, nil, "x") }, -> { Lambent.keyspace(nil) }
      ],
      Lambent::Bucket => [
        -> { client.get(:k) }, -> { client.get("k", -1..) }, -> { client.put("k", 5) }, -> { client.put(nil, "x") }, -> { client.put("k", [5]) },
        -> { client.copy("k", 5) }, -> { client.put("\xFF", "x") },
        -> { client.copy("k", "\xFF") }, -> { client.delete("\xFF") }, -> { Lambent.bucket(5) }
      ],
      Lambent::Queue => [
        -> { client.send_message("x", attributes: { "n" => 1 }) }, -> { client.send_message("x", group: 5) }, -> { client.send_message("x", attributes: { "n" => "\xFF" }) }, -> { Lambent.queue(5) }
      ]
    }.fetch(client.class)
    wrong.each_index.reject do |number|
      wrong[number].call
      false
    rescue TypeError, ArgumentError, NoMethodError
      true
    end
  },
  "send" => lambda { |queue, data, options|
    many = options.dig("attributes", "many")
    options = { "attributes" => (1..many).to_h { |number| [number.to_s, ""] } } if many.is_a?(Integer)
    names = { "contentType" => :content_type }
    queue.send_message(data, **options.to_h { |name, value| [names.fetch(name, name.to_sym), given(value)] })
  }
}.freeze

def numbered(prefix, count) = (0...count).map { |number| format("%s%04d", prefix, number) }

# The value that a case gives.
def given(argument)
  return argument unless argument.is_a?(Hash)
  return argument["repeat"].reduce(:*) if argument.key?("repeat")
  return Base64.decode64(argument["base64"]) if argument.key?("base64")

  argument.fetch("json") { argument.transform_values { |value| given(value) } }
end

# An answer as a case has it.
def told(answer)
  return answer.transform_values { |value| told(value) } if answer.is_a?(Hash)
  return answer unless answer.is_a?(String)

  text = answer.dup.force_encoding(Encoding::UTF_8)
  text.valid_encoding? ? text : { "base64" => Base64.strict_encode64(answer) }
end

def step(described, function)
  kind, name, what, *arguments = described["do"]
  client = Lambent.public_send(kind, given(name))
  arguments = arguments.map { |argument| given(argument) }
  answer = told(METHODS.key?(what) ? METHODS[what].call(client, *arguments) : client.public_send(what, *arguments))
  return "it gave #{answer.inspect[0, 200]}, and should fail with #{described['fails']}" if described.key?("fails")
  return unless described.key?("gives") && answer != described["gives"]

  "it gave #{answer.inspect[0, 200]}, not #{described['gives'].inspect[0, 200]}"
rescue Lambent::Error => error
  says = described.fetch("says", "").gsub("{function}", function)
  return if error.class.name == "Lambent::#{described['fails']}" && error.message.include?(says)

  "#{error.class}: #{error.message}, not #{described['fails']}: #{says}"
end

# What is otherwise than the cases say.
def handler(event:, context:)
  wrong = event["cases"].flat_map do |one|
    one["steps"].each_with_index.filter_map do |described, number|
      what = step(described, context.function_name)
      "#{one['name']}, step #{number + 1}, #{described['do'].inspect[0, 200]}: #{what}" if what
    end
  end
  { cases: event["cases"].size, wrong: wrong }
end
