# frozen_string_literal: true

module Lambent
  # Says why what cannot be loaded is not here.
  module Missing
    BUILT = {
      "bigdecimal" => "it is C, and not built in",
      "fiddle" => "machine code of other libraries cannot be loaded in WebAssembly",
      "io/console" => "there is no terminal",
      "pty" => "there are no other processes",
      "readline" => "there is no terminal",
      "syslog" => "there is no system log; use Logger"
    }.freeze
    private_constant :BUILT

    class << self
      # What is added to the message of a LoadError.
      def explanation(error)
        name = error.path or return ""
        why = BUILT[name.delete_suffix(".so")]
        return " (the Ruby runtime has none: #{why})" if why

        file = native(name)
        file ? " (#{file} is machine code, which cannot be loaded in WebAssembly; use a gem that is Ruby alone)" : ""
      end

      private

      # The library of machine code of that name.
      def native(name)
        name = "#{name.delete_suffix('.so')}.so"
        ($LOAD_PATH + Gem.loaded_specs.values.flat_map(&:full_require_paths)).map { |path| File.join(path, name) }
          .find { |path| File.file?(path) }
      end
    end
  end
end
