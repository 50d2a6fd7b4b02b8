# frozen_string_literal: true

class BigDecimal
  # Makes numbers.
  module Maker
    # Exponents go as far as the gem's, which are numbers of 64 bits in words.
    EXPONENT_MAX = ((1 << 63) - 1) / FIGURES
    # What is far from it need not be looked at.
    SHIFT_BITS = 59
    # Digits of a number, which are as many bytes of memory, and a time that grows faster.
    DIGITS_MAX = 1 << 26
    private_constant :EXPONENT_MAX, :SHIFT_BITS, :DIGITS_MAX

    class << self
      def finite(unit, coefficient, shift)
        return zero(unit) if coefficient.zero?

        if (coefficient % 10).zero?
          text = coefficient.to_s
          zeros = text.size - text.rindex(/[^0]/) - 1
          coefficient /= 10**zeros
          shift += zeros
        end
        shift.bit_length > SHIFT_BITS ? bounded(unit, coefficient, shift) : make(unit, coefficient, shift)
      end

      # A number of any sign.
      def signed(number, shift)
        finite(number.negative? ? -1 : 1, number.abs, shift)
      end

      def zero(unit)
        unit.positive? ? POSITIVE_ZERO : NEGATIVE_ZERO
      end

      def infinity(unit)
        unit.positive? ? INFINITY : NEGATIVE_INFINITY
      end

      # Raises what the thread, or a caller that needs a number, wants to know of a result.
      def checked(number, always: false)
        return number if number.finite?

        message = "Computation results in #{number.nan? ? "'NaN' (Not a Number)" : "'#{number}'"}"
        raise FloatDomainError, message if always

        Settings.tell(number.nan? ? EXCEPTION_NaN : EXCEPTION_INFINITY, message)
        number
      end

      # A copy, which is another object.
      def copy(unit, coefficient, shift, special)
        make(unit, coefficient, shift, special)
      end

      def overflow(unit, message = "Exponent overflow")
        Settings.tell(EXCEPTION_OVERFLOW, message)
        infinity(unit)
      end

      def underflow(unit)
        Settings.tell(EXCEPTION_UNDERFLOW, "Exponent underflow")
        zero(unit)
      end

      # Whether an exponent that is read is one that a number can have.
      def exponent?(exponent)
        exponent.abs <= EXPONENT_MAX
      end

      # Ten to the power of what is not negative.
      def ten(power)
        10**room(power)
      end

      # Refuses more digits than there may be.
      def room(digits)
        return digits if digits <= DIGITS_MAX

        raise ArgumentError, "a BigDecimal of #{digits} digits is too large: at most #{DIGITS_MAX} are possible"
      end

      private

      def make(*parts)
        BigDecimal.__send__(:make, *parts)
      end

      def bounded(unit, coefficient, shift)
        exponent = coefficient.to_s.size + shift
        if exponent > EXPONENT_MAX then overflow(unit)
        elsif exponent < -EXPONENT_MAX then underflow(unit)
        else make(unit, coefficient, shift)
        end
      end
    end
  end
  private_constant :Maker

  NAN = make(1, 0, 0, :nan)
  INFINITY = make(1, 0, 0, :infinity)
  NEGATIVE_INFINITY = make(-1, 0, 0, :infinity)
  POSITIVE_ZERO = make(1, 0, 0)
  NEGATIVE_ZERO = make(-1, 0, 0)
  private_constant :NEGATIVE_INFINITY, :POSITIVE_ZERO, :NEGATIVE_ZERO
end
