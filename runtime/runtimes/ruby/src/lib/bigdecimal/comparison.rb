# frozen_string_literal: true

class BigDecimal
  def <=>(other)
    value = operand(other)
    value ? compare(value) : coerced_order(other) { |first, second| first <=> second }
  end

  def ==(other)
    value = operand(other)
    return compare(value) == 0 if value

    coerced_order(other) { |first, second| first == second } ? true : false
  end
  alias === ==
  alias eql? ==

  { :< => :negative?, :> => :positive?, :<= => :positive?, :>= => :negative? }.each do |name, sign|
    expected = %i[< >].include?(name)
    define_method(name) do |other|
      value = operand(other) or next coerced_relation(name, other)
      order = compare(value)
      !order.nil? && order.public_send(sign) == expected
    end
  end

  protected

  # Where a number is in the order of all, as far as that can be said of it alone.
  def rank
    infinite? ? @unit * 2 : (zero? ? 0 : @unit)
  end

  # -1, 0 or 1; none if one is no number.
  def compare(other)
    return if nan? || other.nan?

    order = rank <=> other.rank
    order.zero? && valued? ? @unit * compare_size(other) : order
  end

  # Compares what have the same sign.
  def compare_size(other)
    order = exponent <=> other.exponent
    return order unless order.zero?

    first, second, = aligned(other)
    first <=> second
  end

  # The coefficients that both have for one shift, and the shift.
  def aligned(other)
    least = [@shift, other.shift].min
    [@coefficient * Maker.ten(@shift - least), other.coefficient * Maker.ten(other.shift - least), least]
  end

  private

  # What the other makes of both, if it can.
  def coerced_pair(other)
    pair = other.coerce(self) if other.respond_to?(:coerce)
    return if pair.nil?
    raise TypeError, "coerce must return [x, y]" unless pair.is_a?(Array) && pair.size == 2

    pair
  end

  def coerced_order(other)
    pair = coerced_pair(other)
    yield(*pair) if pair
  end

  def coerced_relation(name, other)
    pair = coerced_pair(other)
    order = pair&.first&.public_send(name, pair.last)
    return order unless order.nil?

    raise ArgumentError, "comparison of BigDecimal with #{Conversion.name(other)} failed"
  end

  # An operation on what the other makes of both.
  def coerced(name, other)
    pair = coerced_pair(other)
    raise TypeError, "#{Conversion.name(other)} can't be coerced into BigDecimal" unless pair

    pair.first.public_send(name, pair.last)
  end
end
