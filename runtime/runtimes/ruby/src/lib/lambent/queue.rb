# frozen_string_literal: true

module Lambent
  # Messages that are sent. What receives them is a function that a trigger calls.
  class Queue < Resource
    # Sends a message; once this returns, it will not be lost. Strings are sent as they are, anything
    # else as JSON. A FIFO queue needs the group, within which messages keep their order; of two
    # messages with the same deduplication id within five minutes, the second is not kept.
    def send_message(data, attributes: {}, content_type: nil, group: nil, deduplication: nil)
      body, own_type = encode(data)
      metadata = checked(body, attributes)
      metadata["lambent-group"] = text(group, "the group", DELIVERY_BYTES) if group
      metadata["lambent-deduplication"] = text(deduplication, "the deduplication id", DELIVERY_BYTES) if deduplication
      ask("send", name, body, text(content_type || own_type, "the media type"), *metadata.to_a.flatten(1))
      nil
    end

    # Bytes of the attributes of a message; of its group, and of its deduplication id.
    ATTRIBUTES_BYTES = 16 << 10
    DELIVERY_BYTES = 128
    private_constant :ATTRIBUTES_BYTES, :DELIVERY_BYTES

    private

    # The attributes, if the node takes them and the body.
    def checked(body, attributes)
      raise TooLarge, "message 1: it has #{attributes.size} attributes; the most is #{AT_ONCE}" if attributes.size > AT_ONCE

      attributes = attributes.to_h { |*pair| pair.map { |one| text(one, "an attribute", VALUE_BYTES) } }
      size = attributes.sum { |pair| pair.sum(&:bytesize) }
      raise TooLarge, "message 1: its attributes are #{size} bytes; the most is #{ATTRIBUTES_BYTES}" if size > ATTRIBUTES_BYTES

      all = body.bytesize + size
      raise TooLarge, "message 1: body and attributes are #{all} bytes; the most is 1 MiB" if all > VALUE_BYTES

      attributes
    end

    def encode(data)
      return [JSON.generate(data), "application/json"] unless data.is_a?(String)
      return [data, ""] if data.encoding == Encoding::BINARY || !data.valid_encoding?

      [data.encode(Encoding::UTF_8), "text/plain; charset=utf-8"]
    end
  end
end
