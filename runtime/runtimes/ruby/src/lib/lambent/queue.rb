# frozen_string_literal: true

module Lambent
  # Messages that are sent. What receives them is a function that a trigger calls.
  class Queue < Resource
    # Sends a message; once this returns, it will not be lost. Strings are sent as they are, anything
    # else as JSON. A FIFO queue needs the group, within which messages keep their order; of two
    # messages with the same deduplication id within five minutes, the second is not kept.
    def send_message(data, attributes: {}, content_type: nil, group: nil, deduplication: nil)
      body, own_type = encode(data)
      delivery = { "lambent-group" => group, "lambent-deduplication" => deduplication }.compact
      metadata = attributes.merge(delivery)
      check(body, metadata)
      ask("send", name, body, content_type || own_type, *metadata.to_a.flatten(1))
      nil
    end

    # More than a node takes of a message, and less than it would end the function for.
    MESSAGE_BYTES = 8 << 20
    ATTRIBUTES = 1000
    private_constant :MESSAGE_BYTES, :ATTRIBUTES

    private

    # A message that a node can look at; what it takes, it says itself.
    def check(body, metadata)
      raise TooLarge, "message 1: its body is #{body.bytesize} bytes; the most is 1 MiB" if body.bytesize > MESSAGE_BYTES
      raise TooLarge, "message 1: it has #{metadata.size} attributes; the most is #{ATTRIBUTES}" if metadata.size > ATTRIBUTES

      metadata.each { |pair| pair.each { |text| given(text, "an attribute") } }
    end

    def encode(data)
      return [JSON.generate(data), "application/json"] unless data.is_a?(String)
      return [data, ""] if data.encoding == Encoding::BINARY || !data.valid_encoding?

      [data.encode(Encoding::UTF_8), "text/plain; charset=utf-8"]
    end
  end
end
