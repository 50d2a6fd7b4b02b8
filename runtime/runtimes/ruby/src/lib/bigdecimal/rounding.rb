# frozen_string_literal: true

class BigDecimal
  # Without arguments, and for places before the point, an Integer.
  def round(places = nil, mode = nil, half: (whole = true; nil))
    return round_at(0, Settings.rounding).to_i if places.nil? && mode.nil? && whole

    named = whole && !mode.nil?
    rounding = named ? Settings.rounding_of(mode) : Settings.rounding_of_half(half)
    places = places.nil? ? 0 : Conversion.int(places)
    rounded = Maker.checked(round_at(places, rounding))
    whole && !named && places < 1 ? rounded.to_i : rounded
  end

  { truncate: ROUND_DOWN, floor: ROUND_FLOOR, ceil: ROUND_CEILING }.each do |name, mode|
    define_method(name) do |*places|
      raise ArgumentError, "wrong number of arguments (given #{places.size}, expected 0..1)" if places.size > 1
      next round_at(0, mode).to_i if places.empty?

      Maker.checked(round_at(Conversion.int(places.first), mode))
    end
  end

  def fix
    Maker.checked(round_at(0, ROUND_DOWN))
  end

  def frac
    return Maker.checked(self) unless finite?
    return self unless exponent.positive?

    Maker.finite(@unit, @shift.negative? ? @coefficient % 10**-@shift : 0, @shift)
  end

  protected

  # The number with at most so many digits after the point.
  def round_at(places, mode)
    dropped = -places - @shift
    return self if !valued? || dropped <= 0
    return Maker.finite(@unit, beyond(mode, places), -places) if dropped > count

    power = 10**dropped
    kept, rest = @coefficient.divmod(power)
    kept += 1 if up?(mode, rest * 2 <=> power, kept.odd?)
    Maker.finite(@unit, kept, -places)
  end

  # The number with at most so many digits.
  def round_to(digits, mode = Settings.rounding)
    round_at(digits - exponent, mode)
  end

  # As an operation gives it: with no more digits than the thread has set as its limit.
  def limited
    digits = Settings.limit
    Maker.checked(digits.zero? ? self : round_to(digits))
  end

  # Whether what is not zero is rounded away from zero: how it compares to one half, and whether
  # the last digit that stays is odd.
  def up?(mode, half, odd)
    case mode
    when ROUND_UP then true
    when ROUND_DOWN then false
    when ROUND_CEILING then @unit.positive?
    when ROUND_FLOOR then @unit.negative?
    when ROUND_HALF_UP then half >= 0
    when ROUND_HALF_DOWN then half.positive?
    else half.positive? || (half.zero? && odd)
    end
  end

  private

  # What is left of a number that is less than a tenth of the last place. The gem rounds up none that
  # is far from it, unless it is for its sign.
  def beyond(mode, places)
    far = places + word_exponent * FIGURES < 0 && mode == ROUND_UP
    !far && up?(mode, -1, false) ? 1 : 0
  end
end
