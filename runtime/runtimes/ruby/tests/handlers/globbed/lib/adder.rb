module Adder
  def self.call(numbers) = numbers.sum
end
