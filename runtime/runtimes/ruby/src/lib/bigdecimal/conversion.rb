# frozen_string_literal: true

class BigDecimal
  # Makes numbers of what others are.
  module Conversion
    DIGITS = /\d+(?:_\d+)*/
    EXPONENT = /[eEdD]([+-]?#{DIGITS})/
    STRICT = /\A\s*([+-]?)(#{DIGITS}(?:_(?=\s|\z))?)?(?:\.(#{DIGITS}))?(?:#{EXPONENT})?\s*\z/
    LOOSE = /\A\s*([+-]?)(#{DIGITS})?(?:\.(#{DIGITS})?)?(?:#{EXPONENT})?/
    SPECIAL = /\A\s*(?:(NaN)|([+-]?)Infinity)\s*\z/
    # An exponent of more digits is out of all bounds.
    EXPONENT_DIGITS = 30
    private_constant :DIGITS, :EXPONENT, :STRICT, :LOOSE, :SPECIAL, :EXPONENT_DIGITS

    class << self
      # A number of a value; none if it has none.
      def of(value, digits = nil)
        case value
        when BigDecimal then Maker.checked(digits ? value.__send__(:copy) : value)
        when Integer then Maker.signed(value, 0)
        when Float then float(value, digits)
        when Rational then rational(value, digits)
        when Complex then complex(value, digits)
        else text(string(value))
        end
      end

      def float(value, digits)
        return Maker.checked(NAN) if value.nan?
        return Maker.checked(Maker.infinity(value.infinite?)) if value.infinite?
        return Maker.zero((1 / value).infinite?) if value.zero?
        raise ArgumentError, "can't omit precision for a Float." unless digits
        raise ArgumentError, "precision too large." if digits > FLOAT_FIGURES

        text = digits.zero? ? value.to_s : format("%.*e", digits - 1, value)
        mantissa, exponent = text.split("e")
        whole, fraction = mantissa.delete("-").split(".")
        shortened(value, whole, fraction.to_s, exponent.to_i)
      end

      def rational(value, digits)
        raise ArgumentError, "can't omit precision for a Rational." unless digits

        Maker.signed(value.numerator, 0).div(value.denominator, digits)
      end

      def text(text)
        special(text) || number(STRICT.match(text)) ||
          raise(ArgumentError, "invalid value for BigDecimal(): #{quoted(text)}")
      end

      # What a text begins with.
      def beginning(text)
        special(text) || number(LOOSE.match(text)) || Maker.zero(1)
      end

      def int(value)
        return value if value.is_a?(Integer)
        raise TypeError, "no implicit conversion from nil to integer" if value.nil?
        raise TypeError, "no implicit conversion of #{value.class} into Integer" unless value.respond_to?(:to_int)

        value.to_int
      end

      # How many digits are asked for.
      def precision(value)
        digits = int(value)
        raise ArgumentError, "negative precision" if digits.negative?

        digits
      end

      # How a value is called that is no number.
      def name(value)
        case value
        when nil, true, false, Symbol, Integer, Float then value.inspect
        else value.class.name
        end
      end

      private

      # The gem takes no more digits of a Float than are meant.
      def shortened(value, whole, fraction, exponent)
        text = (whole + fraction).sub(/\A0+/, "")
        shift = exponent - fraction.size
        taken = text[0, FLOAT_FIGURES]
        Maker.finite(value.negative? ? -1 : 1, taken.to_i, shift + text.size - taken.size)
      end

      def complex(value, digits)
        unless value.imaginary.zero?
          raise ArgumentError, "Unable to make a BigDecimal from non-zero imaginary number"
        end

        of(value.real, digits)
      end

      def string(value)
        text = String.try_convert(value)
        unless text
          name = [nil, true, false].include?(value) ? value.inspect : value.class
          raise TypeError, "can't convert #{name} into BigDecimal"
        end
        raise ArgumentError, "string contains null byte" if text.include?("\0")

        text
      end

      def special(text)
        found = SPECIAL.match(text) or return
        Maker.checked(found[1] ? NAN : Maker.infinity(found[2] == "-" ? -1 : 1))
      end

      def number(found)
        _, sign, whole, fraction, exponent = *found
        return unless whole || fraction

        whole, fraction = [whole, fraction].map { |digits| digits.to_s.delete("_") }
        exponent = exponent.to_s.delete("_")
        read(sign == "-" ? -1 : 1, (whole + fraction).to_i, exponent, fraction.size)
      end

      def read(unit, coefficient, exponent, places)
        return Maker.zero(unit) if coefficient.zero?

        power = exponent.size > EXPONENT_DIGITS ? nil : exponent.to_i
        return Maker.finite(unit, coefficient, power - places) if power && Maker.exponent?(power)
        return Maker.zero(unit) if exponent.start_with?("-")

        Maker.checked(Maker.overflow(unit, "exponent overflow"))
      end

      def quoted(text)
        "\"#{text}\""
      end
    end
  end
  private_constant :Conversion

  class << self
    def interpret_loosely(text)
      Conversion.beginning(text)
    end

    def _load(text)
      size, number = text.split(":", 2)
      raise TypeError, "load failed: invalid character in the marshaled string" if size.match?(/[^0-9]/)

      Conversion.text(number.to_s)
    end

    private

    # What `Kernel#BigDecimal` gives for a value and how many digits are asked for, if that is said.
    def convert(value, digits, exception)
      Conversion.of(value, *digits.map { |count| Conversion.precision(count) })
    rescue ArgumentError, TypeError
      raise if exception
    end
  end

  def _dump(_level = nil)
    "#{(words + 1) * FIGURES}:#{self}"
  end

  def coerce(other)
    value = operand(other)
    raise TypeError, "#{Conversion.name(other)} can't be coerced into BigDecimal" unless value

    [value, self]
  end

  def to_i
    Maker.checked(self, always: true)
    whole = @shift.negative? ? truncated : @coefficient * Maker.ten(@shift)
    @unit * whole
  end
  alias to_int to_i

  def to_r
    Maker.checked(self, always: true)
    number = @unit * @coefficient
    @shift.negative? ? Rational(number, Maker.ten(-@shift)) : Rational(number * Maker.ten(@shift))
  end

  def to_f
    return nan? ? Float::NAN : @unit * Float::INFINITY unless finite?
    return @unit * 0.0 if zero?
    return float_overflow if word_exponent * FIGURES > Float::MAX_10_EXP + FIGURES
    return float_underflow if word_exponent * FIGURES < Float::MIN_10_EXP - FIGURES

    float = "#{'-' if @unit.negative?}#{@coefficient}e#{@shift}".to_f
    return float_overflow if float.infinite?

    float.zero? ? float_underflow : float
  end

  protected

  # Another number as one of these; none if it has to be asked.
  def operand(other)
    case other
    when BigDecimal then other
    when Integer then Maker.signed(other, 0)
    when Float then Conversion.float(other, 0)
    when Rational then Conversion.rational(other, words * FIGURES)
    end
  end

  private

  def copy
    Maker.copy(@unit, @coefficient, @shift, @special)
  end

  def truncated
    exponent.positive? ? @coefficient / Maker.ten(-@shift) : 0
  end

  def float_overflow
    Settings.tell(EXCEPTION_OVERFLOW, "BigDecimal to Float conversion")
    @unit * Float::INFINITY
  end

  def float_underflow
    Settings.tell(EXCEPTION_UNDERFLOW, "BigDecimal to Float conversion")
    @unit * 0.0
  end
end

module Kernel
  def BigDecimal(value, digits = (omitted = true), exception: true)
    BigDecimal.__send__(:convert, value, omitted ? [] : [digits], exception)
  end
  module_function :BigDecimal
end
