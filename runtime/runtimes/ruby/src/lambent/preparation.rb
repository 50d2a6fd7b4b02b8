# frozen_string_literal: true

require "fileutils"

module Lambent
  # What is done for a package when it is deployed: its byte code is written, which saves most of
  # the time of loading it.
  module Preparation
    TARGET = "/tmp/prepared"
    ROOTS = ["/var/task", "/opt/ruby"].freeze
    # What is added to the name of a source.
    SUFFIX = ".iseq"

    class << self
      def run
        ROOTS.each { |root| Dir.glob("#{root}/**/*.rb").sort.each { |path| prepare(path) } }
        nil
      end

      # The byte code of a source; none if there is none for this Ruby.
      def load(path)
        return unless path.start_with?(*ROOTS) && File.file?(path + SUFFIX)

        RubyVM::InstructionSequence.load_from_binary(File.binread(path + SUFFIX))
      rescue StandardError
        nil
      end

      private

      # What does not compile is told, and is no failure: perhaps it is never loaded.
      def prepare(path)
        code = RubyVM::InstructionSequence.compile_file(path).to_binary
        target = TARGET + path + SUFFIX
        FileUtils.mkdir_p(File.dirname(target))
        File.binwrite(target, code)
      rescue SyntaxError => error
        $stderr.puts "warning: #{error.message.lines.map(&:strip).reject(&:empty?).first(3).join(' ')}"
      rescue StandardError => error
        $stderr.puts "warning: #{path}: #{error.class}: #{error.message}"
      end
    end
  end
end

# Ruby asks this before it reads a source that is required.
RubyVM::InstructionSequence.define_singleton_method(:load_iseq) { |path| Lambent::Preparation.load(path) }
