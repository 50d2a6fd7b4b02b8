# frozen_string_literal: true

module Lambent
  # RubyGems and Bundler, where nothing can be built and one gem is part of the runtime.
  module Gems
    # Others depend on it: a gem in Ruby 3.4, and here a file of the runtime.
    BIG_DECIMAL = Gem::Specification.new("bigdecimal", "3.1.8") do |gem|
      gem.summary = "Numbers with decimal digits"
      gem.authors = ["the Ruby runtime"]
      gem.files = []
    end
  end
end

# A package may bring that gem itself, and then another version.
Gem::SpecificationRecord.prepend(Module.new do
  def stubs_for(name)
    found = super
    found.empty? && name == Lambent::Gems::BIG_DECIMAL.name ? [Lambent::Gems::BIG_DECIMAL] : found
  end
end)

# Gems with machine code were built on another machine, for which RubyGems would leave them out, and
# whoever needs them would be told that they are not installed. They are there, and a file of theirs
# is named once it is required.
[Gem::Specification, Gem::StubSpecification].each do |type|
  type.prepend(Module.new { def missing_extensions? = false })
end
