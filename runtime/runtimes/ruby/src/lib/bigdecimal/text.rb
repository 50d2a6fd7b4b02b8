# frozen_string_literal: true

class BigDecimal
  # A format is a sign for what is positive, how many digits stand together, and `F` for what has no
  # exponent.
  FORMAT = /\A([ +]?)\s*(\d*)\s*([fF]?)/
  private_constant :FORMAT

  def to_s(format = "")
    sign, group, plain = text_format(format)
    sign = "-" if @unit.negative? && !nan?
    return "NaN".encode(Encoding::US_ASCII) if nan?
    return "#{sign}Infinity".encode(Encoding::US_ASCII) if infinite?
    return "#{sign}0.0".encode(Encoding::US_ASCII) if zero?

    text = plain.empty? ? text_with_exponent(group) : text_without_exponent(group)
    "#{sign}#{text}".encode(Encoding::US_ASCII)
  end

  def inspect
    to_s
  end

  # The sign, the digits, ten, and the exponent.
  def split
    return [0, "NaN", 10, 0] if nan?

    [@unit, infinite? ? "Infinity" : @coefficient.to_s, 10, exponent]
  end

  private

  def text_format(format)
    text = String.try_convert(format)
    if text
      found = FORMAT.match(text)
      return [found[1], found[2].to_i, found[3]]
    end
    group = Conversion.int(format)
    raise ArgumentError, "argument must be positive" unless group.positive?

    ["", group, ""]
  end

  def text_with_exponent(group)
    "0.#{grouped(@coefficient.to_s, group)}e#{exponent}"
  end

  def text_without_exponent(group)
    digits = @coefficient.to_s
    digits << "0" * Maker.room(@shift) if @shift.positive?
    places = [-@shift, 0].max
    digits = "0" * Maker.room(places + 1 - digits.size) + digits if digits.size <= places
    whole = digits[0, digits.size - places]
    fraction = places.zero? ? "0" : digits[-places..]
    "#{grouped(whole.reverse, group).reverse}.#{grouped(fraction, group)}"
  end

  # Digits with a space between groups of so many.
  def grouped(digits, group)
    group.positive? ? digits.scan(/.{1,#{group}}/).join(" ") : digits
  end
end
