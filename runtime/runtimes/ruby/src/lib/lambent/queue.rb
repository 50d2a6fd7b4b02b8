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
      ask("send", name, body, content_type || own_type, *attributes.to_a.flatten(1), *delivery.to_a.flatten(1))
      nil
    end

    private

    def encode(data)
      return [JSON.generate(data), "application/json"] unless data.is_a?(String)
      return [data, ""] if data.encoding == Encoding::BINARY || !data.valid_encoding?

      [data.encode(Encoding::UTF_8), "text/plain; charset=utf-8"]
    end
  end
end
