# frozen_string_literal: true

# Runs the tests of the gem `bigdecimal`, which are beside this file in `test`, as its folder of that
# name is, and answers how many there are of each outcome, and what failed.

require "stringio"
require "test/unit"
require "test/unit/testresult"
require "test/unit/testsuite"
require "test/unit/collector/descendant"

Test::Unit::AutoRunner.need_auto_run = false
$VERBOSE = nil

# What the gem takes from the sources of CRuby.
module EnvUtil
  def self.gc_stress_to_class? = false
end

module Test
  module Unit
    class TestCase
      %i[assert_separately assert_in_out_err assert_no_memory_leak].each do |name|
        define_method(name) { |*, **| omit("needs another process") }
      end

      def assert_warn(expected)
        stderr, verbose = $stderr, $VERBOSE
        $stderr = StringIO.new
        $VERBOSE = true
        yield
        assert_match(expected, $stderr.string)
      ensure
        $stderr = stderr
        $VERBOSE = verbose
      end
      alias assert_warning assert_warn
    end
  end
end

FILES = %w[test_bigdecimal test_bigdecimal_util test_bigmath].freeze

def handler(event:, context:)
  FILES.each { |file| require_relative "test/bigdecimal/#{file}" }
  result = Test::Unit::TestResult.new
  failed = []
  result.add_listener(Test::Unit::TestResult::FAULT) { |fault| failed << fault.long_display.lines.first(3).join }
  Test::Unit::Collector::Descendant.new.collect("bigdecimal").run(result) { |*| nil }
  {
    run: result.run_count, failed: result.failure_count + result.error_count, omitted: result.omission_count,
    failures: failed.grep_v(/\AOmission/)
  }
end
