# frozen_string_literal: true

# Does what `cases.json` says with the library `lambent`, as a function on a node.

require "base64"
require "lambent"

# What the cases call, in Ruby's words.
METHODS = {
  "getMany" => ->(keyspace, keys) { keyspace.get_many(keys) },
  "setMany" => ->(keyspace, values) { keyspace.set_many(values) },
  "exists" => ->(client, key) { client.exist?(key) },
  "size" => ->(keyspace, key) { keyspace.get(key).bytesize },
  "keys" => ->(keyspace, prefix) { keyspace.keys(prefix).to_a },
  "count" => ->(keyspace, prefix) { keyspace.keys(prefix).count },
  "fill" => ->(keyspace, prefix, count) { keyspace.set_many(numbered(prefix, count).to_h { |key| [key, ""] }) },
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
  # What was not refused of calls that are wrong in this language.
  "misused" => lambda { |client|
    wrong = {
      Lambent::Keyspace => [
        -> { client.get(5) }, -> { client.set("k", nil) }, -> { client.set("k", 5) }, -> { client.increment("k", "x") },
        -> { client.delete(nil) }, -> { client.swap(nil, nil, "x") }, -> { Lambent.keyspace(nil) }
      ],
      Lambent::Bucket => [
        -> { client.get(:k) }, -> { client.get("k", -1..) }, -> { client.put("k", 5) }, -> { client.put(nil, "x") }, -> { client.put("k", [5]) },
        -> { client.copy("k", 5) }, -> { Lambent.bucket(5) }
      ],
      Lambent::Queue => [
        -> { client.send_message("x", attributes: { "n" => 1 }) }, -> { client.send_message("x", group: 5) }, -> { Lambent.queue(5) }
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
  client = Lambent.public_send(kind, name)
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
      "#{one['name']}, step #{number + 1}, #{described['do'].join(' ')[0, 200]}: #{what}" if what
    end
  end
  { cases: event["cases"].size, wrong: wrong }
end
