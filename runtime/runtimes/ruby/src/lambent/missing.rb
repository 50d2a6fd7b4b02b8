# frozen_string_literal: true

module Lambent
  # Says why what cannot be loaded is not here.
  module Missing
    BUILT = {
      "fiddle" => "machine code of other libraries cannot be loaded in WebAssembly",
      "io/console" => "there is no terminal",
      "pty" => "there are no other processes",
      "readline" => "there is no terminal",
      "syslog" => "there is no system log; use Logger"
    }.freeze
    # What CRuby says where it is to load a library of machine code.
    UNLOADABLE = "false() function is unimplemented"
    WHY = "machine code cannot be loaded in WebAssembly; use a gem that is Ruby alone"
    private_constant :BUILT, :UNLOADABLE, :WHY

    class << self
      # Whether an error says that a library is machine code.
      def unloadable?(error)
        error.is_a?(NotImplementedError) && error.message.start_with?(UNLOADABLE)
      end

      # The error as others raise it for a library that cannot be loaded, so that what has another way
      # without it takes that.
      def load_error(path, backtrace)
        error = LoadError.new("cannot load #{native(path) || path}: #{WHY}")
        error.instance_variable_set(:@path, path)
        error.set_backtrace(backtrace)
        error
      end

      # What is added to the message of a LoadError.
      def explanation(error)
        name = error.path or return ""
        why = BUILT[name.delete_suffix(".so")]
        return " (the Ruby runtime has none: #{why})" if why

        return "" if error.message.include?(WHY)

        file = native(name)
        file ? " (#{file}: #{WHY})" : ""
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

module Kernel
  # What RubyGems finds a file by in the end.
  by_name = instance_method(:gem_original_require)
  define_method(:gem_original_require) do |path|
    by_name.bind_call(self, path)
  rescue NotImplementedError => error
    raise unless Lambent::Missing.unloadable?(error)

    raise Lambent::Missing.load_error(path, error.backtrace.drop(1))
  end
  private :gem_original_require
end
