# frozen_string_literal: true

class BigDecimal
  # What a thread says of how it computes.
  module Settings
    EXCEPTIONS = [EXCEPTION_INFINITY, EXCEPTION_NaN, EXCEPTION_UNDERFLOW, EXCEPTION_ZERODIVIDE].sum
    ROUNDING = {
      up: ROUND_UP, down: ROUND_DOWN, truncate: ROUND_DOWN, half_up: ROUND_HALF_UP, default: ROUND_HALF_UP,
      half_down: ROUND_HALF_DOWN, half_even: ROUND_HALF_EVEN, banker: ROUND_HALF_EVEN, ceiling: ROUND_CEILING,
      ceil: ROUND_CEILING, floor: ROUND_FLOOR
    }.freeze
    HALF = { "up" => ROUND_HALF_UP, "down" => ROUND_HALF_DOWN, "even" => ROUND_HALF_EVEN }.freeze

    class << self
      { exceptions: 0, rounding: ROUND_HALF_UP, limit: 0 }.each do |name, default|
        key = :"bigdecimal_#{name}"
        define_method(name) { Thread.current[key] || default }
        define_method(:"#{name}=") { |value| Thread.current[key] = value }
      end

      # Raises an error that the thread wants to know of.
      def tell(exception, message)
        raise FloatDomainError, message if exceptions.anybits?(exception)
      end

      # The number of a mode, by itself or by its name.
      def rounding_of(mode)
        number = mode.is_a?(Symbol) ? ROUNDING[mode] : Conversion.int(mode)
        return number if ROUNDING.value?(number)

        raise ArgumentError, "invalid rounding mode (#{mode})"
      end

      # The mode that `half:` says.
      def rounding_of_half(mode)
        return rounding if mode.nil?

        text = mode.is_a?(Symbol) ? mode.name : String.try_convert(mode)
        HALF.fetch(text&.downcase) { raise ArgumentError, "invalid rounding mode (#{mode})" }
      end

      # Does something, and has the setting be afterwards what it was.
      def keep(name)
        value = public_send(name)
        yield
      ensure
        public_send(:"#{name}=", value)
      end
    end
  end
  private_constant :Settings

  class << self
    def double_fig
      FLOAT_FIGURES
    end

    def mode(which, setting = nil)
      which = Conversion.int(which)
      return exception_mode(which, setting) if which.anybits?(EXCEPTION_ALL)
      raise TypeError, "first argument for BigDecimal.mode invalid" unless which == ROUND_MODE

      Settings.rounding = Settings.rounding_of(setting) unless setting.nil?
      Settings.rounding
    end

    def limit(digits = nil)
      before = Settings.limit
      return before if digits.nil?

      digits = Conversion.int(digits)
      raise ArgumentError, "argument must be positive" if digits.negative?

      Settings.limit = digits
      before
    end

    def save_exception_mode(&)
      Settings.keep(:exceptions, &)
    end

    def save_rounding_mode(&)
      Settings.keep(:rounding, &)
    end

    def save_limit(&)
      Settings.keep(:limit, &)
    end

    private

    def exception_mode(which, setting)
      case setting
      when nil then nil
      when true then Settings.exceptions |= which & Settings::EXCEPTIONS
      when false then Settings.exceptions &= ~which
      else raise ArgumentError, "second argument must be true or false"
      end
      Settings.exceptions
    end
  end
end
