# frozen_string_literal: true

class BigDecimal
  def +@
    self
  end

  def -@
    return Maker.checked(self) if nan?

    finite? ? Maker.finite(-@unit, @coefficient, @shift).limited : Maker.checked(Maker.infinity(-@unit))
  end

  def abs
    @unit.negative? ? -self : limited
  end

  def +(other)
    value = operand(other)
    value ? sum(value, value.unit) : coerced(:+, other)
  end

  def -(other)
    value = operand(other)
    value ? sum(value, -value.unit) : coerced(:-, other)
  end

  def *(other)
    value = operand(other)
    value ? product(value).limited : coerced(:*, other)
  end

  # The same with at most so many digits.
  { add: :+, sub: :-, mult: :* }.each do |name, operator|
    define_method(name) do |other, digits|
      digits = Conversion.precision(digits)
      next public_send(operator, other) if digits.zero?

      exact = Settings.keep(:limit) do
        Settings.limit = 0
        public_send(operator, other)
      end
      Maker.checked(exact.round_to(digits))
    end
  end

  protected

  # The sum with a number that has this sign instead of its own.
  def sum(other, unit)
    return other if other.nan?
    return self if nan?
    return sum_of_infinite(other, unit) unless finite? && other.finite?
    return Maker.zero([@unit, unit].max) if zero? && other.zero?

    first, second, shift = aligned(other)
    Maker.signed(@unit * first + unit * second, shift).limited
  end

  def product(other)
    unit = @unit * other.unit
    return Maker.finite(unit, @coefficient * other.coefficient, @shift + other.shift) if finite? && other.finite?
    return computed(NAN) if nan? || other.nan? || zero? || other.zero?

    computed(Maker.infinity(unit))
  end

  private

  def sum_of_infinite(other, unit)
    return computed(NAN) if infinite? && other.infinite? && @unit != unit

    computed(Maker.infinity(infinite? ? @unit : unit))
  end

  # What a computation with what is infinite, or no number, comes to.
  def computed(result)
    if result.nan?
      Settings.tell(EXCEPTION_NaN, "Computation results to 'NaN'")
    else
      Settings.tell(EXCEPTION_INFINITY, "Computation results to '#{result}'")
    end
    result
  end
end
