# frozen_string_literal: true

module Lambent
  # Keys and their values, which are bytes.
  class Keyspace < Resource
    # The value of a key; nil if it has none.
    def get(key) = get_values([key]).first

    # The values of those keys that have one.
    def get_many(keys) = keys.zip(get_values(keys)).to_h.compact

    def set(key, value) = set_many(key => value)

    # Gives several keys their values: all of them, or none if one is refused.
    def set_many(values)
      ask("set_many", name, *values.flat_map { |key, value| [key(key), given(value, "a value")] }, wanted: "write")
      nil
    end

    # Deletes keys, all at once; those that are not there are no error.
    def delete(*keys)
      ask("delete_many", name, *keys.map { |key| key(key) }, wanted: "write")
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
        page.each { |key| yield key if text(key).start_with?(prefix) }
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
        new = yield(old)
        return new if swapped?(key, old, new)
      end
    end

    private

    def key(key) = given(key, "a key")

    def get_values(keys)
      ask("get_many", name, *keys.map { |key| key(key) }, wanted: "read").each_slice(2).map { |found, value| value if found == YES }
    end

    def swapped?(key, old, new)
      before = old.nil? ? ["", ""] : [YES, given(old, "a value")]
      ask("swap", name, key(key), *before, given(new, "a value"), wanted: "read").first == YES
    end
  end
end
