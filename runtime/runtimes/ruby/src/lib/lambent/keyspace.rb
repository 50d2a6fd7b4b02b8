# frozen_string_literal: true

module Lambent
  # Keys and their values, which are in UTF-8 if they can be, and else binary.
  class Keyspace < Resource
    def initialize(name)
      # To the interface, which components from elsewhere have too, it would be `default`.
      raise Error, "keyspace name is empty; give 1 to 64 characters of A-Z a-z 0-9 _ -" if name == ""

      super
    end

    # The value of a key; nil if it has none.
    def get(key) = get_values([key]).first

    # The value of a key as JSON; nil if it has none.
    def get_json(key) = get(key)&.then { |value| JSON.parse(value) }

    # The values of those keys that have one.
    def get_many(keys) = keys.zip(get_values(keys)).to_h.compact

    def set(key, value) = set_many(key => value)

    # Gives a key a value as JSON.
    def set_json(key, value) = set(key, JSON.generate(value))

    # Gives several keys their values: all of them, or none if one is refused.
    def set_many(values)
      pairs = at_once(values).to_h { |key, value| [key(key), value(key, value)] }
      size = pairs.sum { |pair| pair.sum(&:bytesize) }
      raise TooLarge, "a batch has #{size} bytes of keys and values; the most is #{BATCH_BYTES}" if size > BATCH_BYTES

      ask("set_many", name, *pairs.flatten, wanted: "write")
      nil
    end

    # Deletes keys, all at once; those that are not there are no error.
    def delete(*keys)
      ask("delete_many", name, *at_once(keys).map { |key| key(key) }, wanted: "write")
      nil
    end

    def exist?(key) = ask("has_key", name, key(key), wanted: "read").first == YES

    # All keys, in order, page by page; with a prefix, all are read, and those that begin otherwise are
    # left out.
    def keys(prefix = "")
      return enum_for(:keys, prefix) unless block_given?

      more = cursor = ""
      loop do
        more, cursor, *page = ask("keys", name, more, cursor, wanted: "read")
        page.each { |key| yield key if utf8(key).start_with?(prefix) }
        break unless more == YES
      end
    end

    # Adds to the decimal number that a key holds, 0 if it has no value; gives the sum. Nobody comes
    # between. Raises Conflict if the value is no number of 64 bits.
    def increment(key, by = 1) = Integer(ask("increment", name, key(key), Integer(by), wanted: "write").first, 10)

    # Gives a key a value if it has the value `old` still, or none if that is nil; else raises Conflict.
    def swap(key, old, new)
      return if swapped?(key, old, new)

      raise Conflict, "the value of key #{key.inspect} of keyspace \"#{name}\" is another by now"
    end

    # Replaces a value by what the block makes of it, again whenever another writer was faster; gives
    # the new one.
    def update(key)
      loop do
        old = get(key)
        # A copy, since it may change what it gets.
        new = yield(old.dup)
        return new if swapped?(key, old, new)
      end
    end

    private

    def key(key) = text(key, "a key")

    def value(key, value)
      limit("the value of key \"#{key}\"", given(value, "a value"), VALUE_BYTES)
      value
    end

    # Keys, of which one call takes so many.
    def at_once(keys)
      raise TooLarge, "#{keys.size} keys at once are too many; the most is #{AT_ONCE}" if keys.size > AT_ONCE

      keys
    end

    def get_values(keys)
      found = ask("get_many", name, *at_once(keys).map { |key| key(key) }, wanted: "read").each_slice(2)
      found.map { |is_there, value| tagged(value) if is_there == YES }
    end

    def swapped?(key, old, new)
      before = old.nil? ? ["", ""] : [YES, given(old, "a value")]
      ask("swap", name, key(key), *before, value(key, new), wanted: "read").first == YES
    end
  end
end
