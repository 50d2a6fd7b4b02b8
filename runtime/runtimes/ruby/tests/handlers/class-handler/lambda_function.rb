module Weather
  class Convert
    def self.process(event:, context:)
      new(event['celsius']).to_h
    end

    def initialize(values)
      @values = values
    end

    def to_h
      { fahrenheit: @values.map { |value| (value * 9.0 / 5 + 32).round(1) } }
    end
  end
end
