# frozen_string_literal: true

require "js.so"

module Lambent
  # The door to the glue, which is in the place of JavaScript.
  module Host
    DOOR = JS
    private_constant :DOOR

    class << self
      # Sends a request, one letter and what belongs to it, and gives the answer.
      def ask(what, *texts)
        DOOR.eval(texts.empty? ? what : what.b << pack(texts)).to_s
      end

      # An answer that is a list: how many texts there are, how long each is, and all of them.
      def list(what, *texts)
        answer = ask(what, *texts)
        count = answer.unpack1("L<")
        lengths = answer.unpack("L<#{count}", offset: 4)
        answer.unpack(lengths.map { |length| "a#{length}" }.join, offset: 4 + 4 * count)
      end

      # An answer that is names and values, as text.
      def pairs(what)
        list(what).each { |text| text.force_encoding(Encoding::UTF_8) }.each_slice(2).to_h
      end

      private

      def pack(texts)
        texts.each_with_object("".b) { |text, packed| packed << [text.bytesize].pack("L<") << text.b }
      end
    end
  end
end

# What there is of JavaScript in Ruby would not work.
Object.send(:remove_const, :JS)
[Integer, Float, String, TrueClass, FalseClass, Proc].each { |type| type.remove_method(:to_js) }
