# frozen_string_literal: true

require "fileutils"

module Lambent
  # What is done for a package when it is deployed: its byte code is written, which saves most of
  # the time of loading it.
  module Preparation
    TARGET = "/tmp/prepared"
    ROOTS = ["/var/task", "/opt/ruby"].freeze
    # The folder of a root that byte code is in, where nobody who lists sources finds it: functions
    # require all that a pattern finds.
    FOLDER = ".byte-code"
    private_constant :FOLDER

    class << self
      def run
        ROOTS.each { |root| Dir.glob("#{root}/**/*.rb").sort.each { |path| prepare(path) } }
        nil
      end

      # The byte code of a source; none if there is none for this Ruby.
      def load(path)
        code = code_of(path)
        RubyVM::InstructionSequence.load_from_binary(File.binread(code)) if code && File.file?(code)
      rescue StandardError
        nil
      end

      private

      # Where the byte code of a source is; nowhere if it is no function's.
      def code_of(path)
        root = ROOTS.find { |root| path.start_with?("#{root}/") } or return
        "#{root}/#{FOLDER}#{path.delete_prefix(root)}.iseq"
      end

      # What does not compile is told, and is no failure: perhaps it is never loaded.
      def prepare(path)
        code = RubyVM::InstructionSequence.compile_file(path).to_binary
        target = TARGET + code_of(path)
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
