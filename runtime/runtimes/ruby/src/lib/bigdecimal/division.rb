# frozen_string_literal: true

class BigDecimal
  def /(other)
    value = operand(other) or return coerced(:/, other)
    special = special_quotient(value)
    return Maker.checked(special) if special

    digits = [precision, value.precision, FLOAT_FIGURES].max * 2
    rounded_quotient(value, words_for(digits + 2 * FIGURES)).limited
  end

  def quo(other, digits = 0)
    digits = Conversion.precision(digits)
    digits.zero? ? self / other : div(other, digits)
  end

  # Without digits, the whole number below the quotient.
  def div(other, digits = nil)
    return whole_quotient(other) if digits.nil?

    digits = Conversion.precision(digits)
    return self / other if digits.zero?

    value = divisor(other, digits)
    special = special_quotient(value)
    return Maker.checked(special) if special

    quotient, shift, = quotient(value, words_for(digits + 3 * FIGURES))
    Maker.checked(Maker.finite(@unit * value.unit, quotient, shift).round_to(digits))
  end

  def divmod(other)
    value = operand(other) or return coerced(:divmod, other)
    floored(value).each { |number| Maker.checked(number) }
  end

  def %(other)
    value = operand(other) or return coerced(:%, other)
    Maker.checked(floored(value).last)
  end
  alias modulo %

  # What is left, with the sign of this number.
  def remainder(other)
    value = operand(other) or return coerced(:remainder, other)
    return self if value.infinite?

    special = special_quotient(value)
    return Maker.checked(special.zero? ? POSITIVE_ZERO : NAN) if special

    first, second, shift = aligned(value)
    Maker.checked(Maker.finite(@unit, first % second, shift))
  end

  protected

  # The quotient's digits in that many words, their shift, and what is left.
  def quotient(divisor, words)
    shift = FIGURES * (word_exponent - divisor.word_exponent + 2 - words)
    power = @shift - divisor.shift - shift
    dividend = @coefficient
    by = divisor.coefficient
    power.negative? ? by *= Maker.ten(-power) : dividend *= Maker.ten(power)
    digits, rest = dividend.divmod(by)
    [digits, shift, Maker.finite(1, rest, power.negative? ? @shift : divisor.shift + shift)]
  end

  # The first of the words of a number.
  def leading_word
    power = @shift - FIGURES * (word_exponent - 1)
    power.negative? ? @coefficient / Maker.ten(-power) : @coefficient * Maker.ten(power)
  end

  private

  def words_for(digits)
    (digits + FIGURES - 1) / FIGURES
  end

  def rounded_quotient(divisor, words)
    digits, shift, rest = quotient(divisor, words)
    quotient = Maker.finite(@unit * divisor.unit, digits, shift)
    following = following_digit(rest, divisor)
    up = following.positive? && quotient.up?(Settings.rounding, following <=> 5, digits.odd?)
    up ? Maker.finite(quotient.unit, digits + 1, shift) : quotient
  end

  # What the gem takes for the digit after those of a quotient. It sees the first words of what is
  # left and of the divisor, and has 32 bits for their quotient.
  def following_digit(rest, divisor)
    return 0 if rest.zero?

    ((BASE * rest.leading_word / divisor.leading_word) & 0xffff_ffff) / (BASE / 10)
  end

  def divisor(other, digits)
    value = other.is_a?(Rational) ? Conversion.rational(other, digits) : nil
    value = Conversion.float(other, [digits, FLOAT_FIGURES].min) if other.is_a?(Float)
    value ||= operand(other)
    value || raise(TypeError, "#{Conversion.name(other)} can't be coerced into BigDecimal")
  end

  # The quotient of what are not both numbers other than zero.
  def special_quotient(divisor)
    return if valued? && divisor.valued?

    unit = @unit * divisor.unit
    return computed(NAN) if nan? || divisor.nan? || (infinite? && divisor.infinite?) || (zero? && divisor.zero?)
    return computed(Maker.infinity(unit)) if infinite?
    return Maker.zero(unit) if zero? || divisor.infinite?

    Settings.tell(EXCEPTION_ZERODIVIDE, "Divide by zero")
    Maker.infinity(unit)
  end

  def whole_quotient(other)
    value = operand(other) or return coerced(:div, other)
    Maker.checked(floored(value).first).to_i
  end

  # The whole number below the quotient, and what is left.
  def floored(divisor)
    return [NAN, NAN] if nan? || divisor.nan? || (infinite? && divisor.infinite?)
    raise ZeroDivisionError, "divided by 0" if divisor.zero?
    return [Maker.infinity(@unit * divisor.unit), NAN] if infinite?
    return [POSITIVE_ZERO, self] if divisor.infinite?

    first, second, shift = aligned(divisor)
    quotient, rest = (@unit * first).divmod(divisor.unit * second)
    [Maker.signed(quotient, 0).limited, Maker.signed(rest, shift).limited]
  end
end
