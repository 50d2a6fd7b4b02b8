# frozen_string_literal: true

module Lambent
  # What clients of the node have in common. It costs nothing to make one.
  class Resource
    # What stands for yes.
    YES = "1"
    private_constant :YES

    attr_reader :name

    def initialize(name)
      @name = given(name, "the name of a resource")
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

    def text(bytes)
      bytes.force_encoding(Encoding::UTF_8)
    end
  end
end
