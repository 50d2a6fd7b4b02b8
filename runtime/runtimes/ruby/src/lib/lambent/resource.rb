# frozen_string_literal: true

module Lambent
  # What clients of the node have in common. It costs nothing to make one.
  class Resource
    # What stands for yes.
    YES = "1"
    # Bytes of a key or a name; of a value or a message; of a batch. Keys, and attributes, at once. More than
    # a host takes in one call would end the function.
    TEXT_BYTES = 1024
    VALUE_BYTES = 1 << 20
    BATCH_BYTES = 8_000_000
    AT_ONCE = 1000
    private_constant :YES, :TEXT_BYTES, :VALUE_BYTES, :BATCH_BYTES, :AT_ONCE

    attr_reader :name

    def initialize(name)
      @name = text(name, "the name of a #{self.class.name.split('::').last.downcase}")
    end

    def inspect
      "#<#{self.class} #{name}>"
    end

    private

    # Has the node do something; `wanted` is what of a keyspace it needs.
    def ask(what, *texts, wanted: nil)
      answer, *rest = Host.list("r", what, *texts.map { |text| String(text) })
      return rest if answer == "ok"

      kind, message = rest
      message.force_encoding(Encoding::UTF_8)
      raise kind == "refused" ? Error.of(message) : refusal(kind, wanted)
    end

    # Keyspaces have no words of their own for it.
    def refusal(kind, wanted)
      case kind
      when "no-keyspace" then NotFound.of_keyspace(name)
      when "not-granted" then NotGranted.of_keyspace(name, wanted, nil)
      when "not-writable" then NotGranted.of_keyspace(name, "write", "read")
      else NotGranted.of_keyspace(name, wanted, wanted == "read" ? "write" : "read")
      end
    end

    # A string, and not what has a form as one: nil would be an empty one.
    def given(value, what)
      return value if value.is_a?(String)

      raise TypeError, "#{what} is a String, not #{value.class}"
    end

    # Text of at most so many bytes, in UTF-8; what has no encoding has to be that already.
    def text(value, what, most = TEXT_BYTES)
      text = encoded(given(value, what))
      raise ArgumentError, "#{what} #{value.inspect[0, 100]} is no text that UTF-8 has a form for" unless text&.valid_encoding?

      limit(what, text, most)
      text
    end

    def encoded(value)
      value.encoding == Encoding::BINARY ? value.dup.force_encoding(Encoding::UTF_8) : value.encode(Encoding::UTF_8)
    rescue EncodingError
      nil
    end

    def limit(what, value, most)
      raise TooLarge, "#{what} has #{value.bytesize} bytes; the most is #{most}" if value.bytesize > most
    end

    # What the node gave, as text if it is UTF-8.
    def tagged(bytes)
      utf8(bytes).valid_encoding? ? bytes : bytes.force_encoding(Encoding::BINARY)
    end

    def utf8(bytes) = bytes.force_encoding(Encoding::UTF_8)
  end
end
