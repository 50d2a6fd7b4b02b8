# frozen_string_literal: true

require "bigdecimal"

# More functions, each with at least so many digits.
module BigMath
  module_function

  def sqrt(number, digits)
    number.sqrt(digits)
  end

  def sin(number, digits)
    BigMath.__send__(:checked_digits, digits, "sin")
    return BigDecimal::NAN unless number.finite?

    more = digits + BigDecimal.double_fig
    BigMath.__send__(:alternating, BigMath.__send__(:turned, number, more), 1, more)
  end

  def cos(number, digits)
    BigMath.__send__(:checked_digits, digits, "cos")
    return BigDecimal::NAN unless number.finite?

    more = digits + BigDecimal.double_fig
    BigMath.__send__(:alternating, BigMath.__send__(:turned, number, more), 0, more)
  end

  def atan(number, digits)
    BigMath.__send__(:checked_digits, digits, "atan")
    return BigDecimal::NAN if number.nan?
    return BigMath.PI(digits) / (number.negative? ? -2 : 2) if number.infinite?

    BigMath.__send__(:atan_of_finite, number, digits)
  end

  def PI(digits)
    BigMath.__send__(:checked_digits, digits, "PI")
    more = digits + BigDecimal.double_fig
    inverse = ->(whole) { BigMath.__send__(:atan_series, BigDecimal(1).div(whole, more), more) }
    inverse.(5) * 16 - inverse.(239) * 4
  end

  def E(digits)
    BigMath.__send__(:checked_digits, digits, "E")
    BigMath.exp(1, digits)
  end

  class << self
    private

    def checked_digits(digits, name)
      raise ArgumentError, "Zero or negative precision for #{name}" if digits <= 0
    end

    # An angle between -pi and pi.
    def turned(number, digits)
      return number if number.abs <= 3

      turn = PI(digits + number.exponent) * 2
      number.remainder(turn)
    end

    # The series of sine, or of cosine, by its first power.
    def alternating(number, power, digits)
      square = number.mult(number, digits)
      sum = term = power.zero? ? BigDecimal(1) : number
      until term.zero? || sum.exponent - term.exponent > digits
        term = -term.mult(square, digits).div((power + 1) * (power + 2), digits)
        power += 2
        sum += term
      end
      sum
    end

    def atan_of_finite(number, digits)
      more = digits + BigDecimal.double_fig
      half_pi = -> { PI(digits) / 2 }
      return -atan_of_finite(-number, digits) if number.negative?
      return half_pi.call - atan_of_finite(BigDecimal(1).div(number, more), digits) if number > 1

      # Twice the angle, until the series gets small at once.
      halved = 0
      while number > BigDecimal("0.2")
        root = (number * number + 1).sqrt(more)
        number = number.div(root + 1, more)
        halved += 1
      end
      atan_series(number, more) * (1 << halved)
    end

    def atan_series(number, digits)
      square = number.mult(number, digits)
      sum = term = power = number
      nth = 1
      until term.zero? || sum.exponent - term.exponent > digits
        power = -power.mult(square, digits)
        nth += 2
        term = power.div(nth, digits)
        sum += term
      end
      sum
    end
  end
end
