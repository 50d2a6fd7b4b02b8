# frozen_string_literal: true

# What other values are as numbers with decimal digits.
require "bigdecimal"

class Integer
  def to_d
    BigDecimal(self)
  end
end

class Float
  def to_d(precision = 0)
    BigDecimal(self, precision)
  end
end

class Rational
  def to_d(precision)
    BigDecimal(self, precision)
  end
end

class Complex
  def to_d(*precision)
    raise ArgumentError, "Unable to make a BigDecimal from non-zero imaginary number" unless imaginary.zero?

    real.is_a?(Rational) && precision.empty? ? BigDecimal(real) : real.to_d(*precision)
  end
end

class String
  def to_d
    BigDecimal.interpret_loosely(self)
  end
end

class NilClass
  def to_d
    BigDecimal(0)
  end
end

class BigDecimal
  def to_d
    self
  end

  def to_digits
    finite? ? to_s("F") : to_s
  end
end
