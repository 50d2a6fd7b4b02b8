# frozen_string_literal: true

class BigDecimal
  # The greatest exponent that is multiplied out.
  POWER_MAX = 1 << 62
  private_constant :POWER_MAX

  def **(other)
    power(other)
  end

  def power(other, digits = nil)
    digits = Conversion.int(digits) unless digits.nil?
    return Maker.checked(self) if nan?

    exponent, value, more = power_exponent(other, digits || words * FIGURES)
    return Maker.checked(power_of_zero(exponent)) if zero?
    return Maker.signed(1, 0) if exponent.zero?
    return self if exponent == 1
    return Maker.checked(power_of_infinity(exponent)) if infinite?
    return power_by_number(value, digits || more) if value

    result = exponent.abs > POWER_MAX ? power_out_of_bounds(exponent) : power_by_integer(exponent)
    result = result.round_at(digits, Settings.rounding) if digits && result.valued?
    Maker.checked(result)
  end

  # With at least so many digits.
  def sqrt(digits)
    digits = Conversion.precision(digits) + FLOAT_FIGURES + FIGURES
    return Maker.checked(self) if zero? || (infinite? && @unit.positive?)
    raise FloatDomainError, "sqrt of 'NaN'(Not a Number)" if nan?
    raise FloatDomainError, "sqrt of negative value" if @unit.negative?

    shift = FIGURES * ((word_exponent + 1).div(2) - words_for([digits, words * (FIGURES + 1)].max))
    power = @shift - 2 * shift
    square = power.negative? ? @coefficient / Maker.ten(-power) : @coefficient * Maker.ten(power)
    Maker.finite(1, Integer.sqrt(square), shift).limited
  end

  private

  # An exponent, as an Integer if it is a whole number; what it is otherwise; and how many digits
  # the power then has.
  def power_exponent(other, digits)
    case other
    when Integer then other
    when Float then other.finite? && other == other.round ? other.to_i : fraction(other, 0, digits + FLOAT_FIGURES)
    when Rational then other.denominator == 1 ? other.numerator : fraction(other, digits, digits * 2)
    when BigDecimal
      return other.to_i if other.finite? && other.scale.zero?

      Maker.checked(other, always: true)
      [other, other, digits + other.words * FIGURES]
    else raise TypeError, "wrong argument type #{other.class} (expected scalar Numeric)"
    end
  end

  def fraction(other, digits, more)
    [other, Conversion.of(other, digits), more]
  end

  def power_of_zero(exponent)
    return Maker.signed(1, 0) if exponent.zero?
    return POSITIVE_ZERO if exponent.positive?

    Maker.infinity(odd?(exponent) ? @unit : 1)
  end

  def power_of_infinity(exponent)
    return Maker.zero(@unit.negative? && (odd?(exponent) || !exponent.is_a?(Integer)) ? -1 : 1) if exponent.negative?
    return INFINITY if @unit.positive?
    raise Math::DomainError, "a non-integral exponent for a negative base" unless exponent.is_a?(Integer)

    Maker.infinity(odd?(exponent) ? -1 : 1)
  end

  def odd?(exponent)
    exponent.is_a?(Integer) && exponent.odd?
  end

  def power_by_number(exponent, digits)
    return Maker.signed(1, 0) if exponent.zero?

    BigMath.exp(exponent.mult(BigMath.log(self, digits + 1), digits + 1), digits)
  end

  # The gem takes the sign of what is too large or too small from whether the exponent is even.
  def power_out_of_bounds(exponent)
    size = abs
    return Maker.signed(1, 0) if size == 1
    return Maker.infinity(exponent.even? ? @unit : -@unit) if (size < 1) == exponent.negative?

    Maker.zero(@unit.negative? && exponent.even? ? -1 : 1)
  end

  def power_by_integer(exponent)
    size = exponent.abs
    Maker.room(count * size) unless @coefficient == 1
    result = Settings.limit.zero? ? exact_power(size) : limited_power(size)
    return result if exponent.positive? || !result.valued?

    digits = words * (FIGURES + 1) * (size + 1)
    quotient, shift, = Maker.signed(1, 0).quotient(result, words_for(digits) + 2)
    Maker.finite(result.unit, quotient, shift).limited
  end

  def exact_power(exponent)
    Maker.finite(exponent.odd? ? @unit : 1, @coefficient**exponent, @shift * exponent)
  end

  # Multiplies in the order in which the gem does, since each product is rounded.
  def limited_power(exponent)
    result = self
    left = exponent - 1
    while left.positive?
      factor = self
      size = 1
      while size * 2 <= left
        factor *= factor
        size *= 2
      end
      left -= size
      result *= factor
    end
    result
  end
end

# Functions of numbers with as many digits as are asked for.
module BigMath
  # What an argument is as a number, and what the function is of what is none.
  module Argument
    class << self
      def of(value, digits)
        case value
        when BigDecimal, Integer then BigDecimal(value)
        when Float then BigDecimal.save_exception_mode { quiet(value) }
        when Rational then BigDecimal(value, digits)
        else
          name = value.is_a?(Symbol) || value.nil? ? value.inspect : value.class
          raise ArgumentError, "#{name} can't be coerced into BigDecimal"
        end
      end

      def digits(value)
        digits = value.is_a?(Integer) ? value : Integer(value)
        raise ArgumentError, "Zero or negative precision for exp" unless digits.positive?

        digits
      end

      private

      def quiet(value)
        BigDecimal.mode(BigDecimal::EXCEPTION_ALL, false)
        BigDecimal(value, 0)
      end
    end
  end
  private_constant :Argument

  class << self
    def exp(value, digits)
      digits = Argument.digits(digits)
      number = Argument.of(value, digits)
      return BigDecimal(number) if number.nan?
      return number.positive? ? BigDecimal(number) : BigDecimal(0) if number.infinite?

      result = exp_series(number.abs, digits + BigDecimal.double_fig)
      return BigDecimal(1).div(result, digits) if number.negative?

      BigDecimal(result.round(digits - result.exponent))
    end

    def log(value, digits)
      raise ArgumentError, "precision must be an Integer" unless digits.is_a?(Integer)

      digits = Argument.digits(digits)
      raise Math::DomainError, "Complex argument for BigMath.log" if value.is_a?(Complex)

      number = Argument.of(value, digits)
      return BigDecimal(number) if number.nan?
      raise Math::DomainError, "Zero or negative argument for log" unless number.positive?
      return BigDecimal(number) if number.infinite?

      log_of_positive(number, digits)
    end

    private

    def exp_series(number, digits)
      sum = term = BigDecimal(1)
      1.step do |nth|
        break if term.zero?

        left = digits - (sum.exponent - term.exponent).abs
        break if left <= 0

        term = (term * number).div(nth, [left, BigDecimal.double_fig].max)
        sum += term
      end
      sum
    end

    def log_of_positive(number, digits)
      more = digits + BigDecimal.double_fig
      exponent = number.exponent
      exponent = 0 if exponent.between?(0, 2)
      number = number.mult(BigDecimal("1E#{-exponent}"), more) unless exponent.zero?
      result = log_series((number - 1).div(number + 1, more), more) * 2
      exponent.zero? ? result : result + log(10, digits) * exponent
    end

    # The area tangent.
    def log_series(number, digits)
      square = number.mult(number, digits)
      sum = term = number
      nth = 1
      until term.zero?
        left = digits - (sum.exponent - term.exponent).abs
        break if left <= 0

        number = square.mult(number, digits)
        nth += 2
        term = number.div(nth, [left, BigDecimal.double_fig].max)
        sum += term
      end
      sum
    end
  end
end
