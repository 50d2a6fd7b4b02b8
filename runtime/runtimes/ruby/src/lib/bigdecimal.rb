# frozen_string_literal: true

# Numbers with as many decimal digits as they need. This is in the place of a gem that is C: what it
# gives is what BigDecimal 3.1.8 gives, which Ruby 3.4 has, the digits of quotients included. Whole
# parts, remainders and roots are exact where the gem's are not.
#
# A finite number is `unit * coefficient * 10**shift`. Its coefficient ends in no zero, so that there
# is one way to write each number.
class BigDecimal < Numeric
  VERSION = "3.1.8"
  # The gem has nine digits in one of its words. How many digits a quotient gets is a matter of words.
  BASE = 1_000_000_000
  FIGURES = 9
  # Digits of a Float that are meant.
  FLOAT_FIGURES = 16
  private_constant :FIGURES, :FLOAT_FIGURES

  EXCEPTION_ALL = 255
  EXCEPTION_INFINITY = 1
  EXCEPTION_NaN = 2
  EXCEPTION_UNDERFLOW = 4
  EXCEPTION_OVERFLOW = 1
  EXCEPTION_ZERODIVIDE = 16

  ROUND_MODE = 256
  ROUND_UP = 1
  ROUND_DOWN = 2
  ROUND_HALF_UP = 3
  ROUND_HALF_DOWN = 4
  ROUND_CEILING = 5
  ROUND_FLOOR = 6
  ROUND_HALF_EVEN = 7

  SIGN_NaN = 0
  SIGN_POSITIVE_ZERO = 1
  SIGN_NEGATIVE_ZERO = -1
  SIGN_POSITIVE_FINITE = 2
  SIGN_NEGATIVE_FINITE = -2
  SIGN_POSITIVE_INFINITE = 3
  SIGN_NEGATIVE_INFINITE = -3

  class << self
    alias make new
    private :make
    undef_method :new

    def allocate
      raise TypeError, "allocator undefined for #{self}"
    end
  end

  # `special` is nil, `:nan` or `:infinity`.
  def initialize(unit, coefficient, shift, special = nil)
    @unit = unit
    @coefficient = coefficient
    @shift = shift
    @special = special
    freeze
  end

  def nan?
    @special == :nan
  end

  def infinite?
    @unit if @special == :infinity
  end

  def finite?
    @special.nil?
  end

  def zero?
    @coefficient.zero? && @special.nil?
  end

  def nonzero?
    self unless zero?
  end

  def sign
    case @special
    when :nan then SIGN_NaN
    when :infinity then @unit * SIGN_POSITIVE_INFINITE
    else @unit * (zero? ? SIGN_POSITIVE_ZERO : SIGN_POSITIVE_FINITE)
    end
  end

  def hash
    zero? ? 0.hash : [@unit, @coefficient, @shift, @special].hash
  end

  # The number is `0.ddd * 10**exponent`.
  def exponent
    valued? ? count + @shift : 0
  end

  def n_significant_digits
    valued? ? count : 0
  end

  # Digits of the whole part and of the fraction, zeros that lead the fraction among them.
  def precision
    valued? ? [exponent, 0].max + scale : 0
  end

  def scale
    valued? ? [-@shift, 0].max : 0
  end

  def precision_scale
    [precision, scale]
  end

  def precs
    warn("BigDecimal#precs is deprecated and will be removed in the future; use BigDecimal#precision instead.",
         category: :deprecated)
    [words * FIGURES, (words + 2) * FIGURES]
  end

  protected

  attr_reader :unit, :coefficient, :shift, :special

  # Neither zero nor infinite nor NaN.
  def valued?
    !@coefficient.zero?
  end

  # Digits of the coefficient.
  def count
    @coefficient.to_s.size
  end

  # The exponent, if the base were that of a word.
  def word_exponent
    (exponent + FIGURES - 1).div(FIGURES)
  end

  # How many words of the gem the number takes.
  def words
    valued? ? word_exponent - @shift.div(FIGURES) : 1
  end
end

require "bigdecimal/settings"
require "bigdecimal/maker"
require "bigdecimal/conversion"
require "bigdecimal/comparison"
require "bigdecimal/rounding"
require "bigdecimal/arithmetic"
require "bigdecimal/division"
require "bigdecimal/powers"
require "bigdecimal/text"
