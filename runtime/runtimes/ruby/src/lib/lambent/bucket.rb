# frozen_string_literal: true

module Lambent
  # What is known of an object: its size in bytes, and when it was written, to the second.
  ObjectInfo = Data.define(:key, :size, :created)

  # Objects.
  class Bucket < Resource
    # Bytes that are read or written at once, and objects that one call deletes.
    PIECE = 256 << 10
    DELETED_AT_ONCE = 1000
    # The end of an object, however large.
    LAST = (1 << 64) - 1
    private_constant :PIECE, :DELETED_AT_ONCE, :LAST

    # An object, in UTF-8 if it can be, and else binary; or the bytes of a range of it, such as `2...5` or `7..`; raises NotFound if there is
    # none.
    def get(key, range = 0..)
      tagged(each_piece(key, range).reduce("".b, :<<))
    end

    # Reads an object piece by piece.
    def each_piece(key, range = 0..)
      return enum_for(:each_piece, key, range) unless block_given?

      first, last = bounds(range)
      return if last < first

      number, = ask("open_reading", name, key(key), first, last)
      begin
        while (piece = ask("read", number, PIECE).first)
          yield piece
        end
      ensure
        ask("close", number)
      end
    end

    # Writes an object, in place of any of that key: a string, or piece by piece what an IO or another
    # object with `each` gives. If it fails, nothing changed.
    def put(key, content)
      write(key) do |object|
        if content.is_a?(String) then object << content
        elsif content.respond_to?(:read) then object << content.readpartial(PIECE) until content.eof?
        else content.each { |piece| object << piece }
        end
      end
    end

    # Writes an object piece by piece, by `<<` in the block. What is written is there once the block
    # is left, by `break`, `return` and `throw` too, and not if it raises.
    def write(key)
      number, = ask("open_writing", name, key(key))
      end_by = "finish"
      begin
        yield Writer.new(->(piece) { ask("write", number, piece) })
      rescue Exception
        end_by = "close"
        raise
      ensure
        ask(end_by, number)
      end
      nil
    end

    # The size and age of an object; raises NotFound if there is none.
    def head(key)
      size, created = ask("info", name, key(key)).map { |number| Integer(number, 10) }
      ObjectInfo.new(key:, size:, created: Time.at(created).utc)
    end

    def exist?(key) = ask("has_object", name, key(key)).first == YES

    # The keys of all objects, in order, page by page; with a prefix, all are read, and those that begin
    # otherwise are left out.
    def list(prefix = "")
      return enum_for(:list, prefix) unless block_given?

      number, = ask("open_listing", name)
      begin
        loop do
          over, *page = ask("names", number)
          page.each { |key| yield key if utf8(key).start_with?(prefix) }
          break if over == YES
        end
      ensure
        ask("close", number)
      end
    end

    # Deletes objects; those that are not there are no error.
    def delete(*keys)
      keys.map { |key| key(key) }.each_slice(DELETED_AT_ONCE) { |some| ask("delete_objects", name, *some) }
      nil
    end

    # Copies an object to another key, with its metadata, in this bucket or another. It does not pass
    # through the function.
    def copy(key, to, bucket: name)
      ask("copy", name, key(key), text(bucket, "the name of a bucket"), key(to))
      nil
    end

    # Copies an object, and then deletes it where it was.
    def move(key, to, bucket: name)
      ask("move", name, key(key), text(bucket, "the name of a bucket"), key(to))
      nil
    end

    # What an object is written by.
    class Writer
      def initialize(write)
        @write = write
      end

      def <<(data)
        raise TypeError, "what is written is a String, not #{data.class}" unless data.is_a?(String)

        bytes = data.b
        (0...bytes.bytesize).step(PIECE) { |first| @write.call(bytes.byteslice(first, PIECE)) }
        self
      end
    end

    private

    def key(key) = text(key, "an object's key")

    # The first and the last byte of a range.
    def bounds(range)
      first, last = range.begin || 0, range.end
      raise ArgumentError, "a range of bytes begins at 0 or later, not at #{first}" unless first.is_a?(Integer) && first >= 0

      return [first, LAST] unless last

      [first, range.exclude_end? ? last - 1 : last]
    end
  end
end
