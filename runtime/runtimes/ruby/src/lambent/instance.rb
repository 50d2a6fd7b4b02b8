# frozen_string_literal: true

module Lambent
  # What happens once in an instance: Lambda's INIT.
  module Instance
    TASK_ROOT = "/var/task"
    GEMS = "/opt/ruby/gems/3.4.0"
    LIBRARY = "/opt/ruby/lib"
    BUNDLE = "vendor/bundle/ruby/3.4.0"

    class << self
      # Loads the handler, if that was not done yet; raises the failure that it ended in.
      def start
        @outcome ||= load_handler
        raise @outcome if @outcome.is_a?(Failure)

        nil
      end

      attr_reader :outcome

      # Readies the state that is taken of the build for all instances.
      def seal
        @paths = $LOAD_PATH - ["/"]
        @gems = Gem::Specification.stubs.flat_map(&:full_require_paths)
        # A function may bring other versions of what was loaded.
        Gem.loaded_specs.clear
        Logs.set_up
        # Only collections of what is new look at little afterwards.
        Process.warmup
      end

      # Makes the gems of the image part of the standard library, unless the function brings some
      # of its own, so that their specifications need not be looked through; says whether it did.
      def add_gems
        gems, @gems = @gems, nil
        $LOAD_PATH.concat(gems) if gems
      end

      # Replaces what the memory has of another instance by what this one is given.
      def renew_own
        ENV.replace(Host.pairs("v"))
        @root = ENV["LAMBDA_TASK_ROOT"] ||= TASK_ROOT
        ENV["GEM_PATH"] ||= [File.join(@root, BUNDLE), GEMS].join(":")
        Kernel.srand
        OpenSSL::Random.seed(Random.urandom(48)) if defined?(OpenSSL::Random)
        nil
      end

      # Readies the memory to be kept.
      def before_snapshot
        # Only collections of what is new look at little afterwards.
        Process.warmup
        nil
      end

      # Replaces what the image has of the build by what this instance is given.
      def renew
        renew_own
        $LOAD_PATH.replace([@root, *ENV["RUBYLIB"]&.split(":"), LIBRARY, *@paths])
        renew_gems
        Dir.chdir(@root) if File.directory?(@root)
      end

      private

      def renew_gems
        if ENV["GEM_PATH"].split(":").any? { |path| File.directory?(path) }
          Gem.clear_paths
          Gem::Specification.reset
          @gems = nil
        end
      end

      def load_handler
        renew
        handler = LambdaHandler.parse(ENV.fetch("_HANDLER", ""))
        own = File.join(@root, "#{handler.file}.rb")
        # The package goes before the standard library, of which some is loaded.
        require(File.file?(own) ? own : handler.file)
        handler
      rescue Exception => error
        failure = Failure.of(error, "Init")
        Logs.failure(failure, "Init error when loading handler #{ENV['_HANDLER']}")
        failure
      end
    end
  end
end

# What is not on the load path is looked for in gems.
Gem.singleton_class.prepend(Module.new do
  def try_activate(path)
    Lambent::Instance.add_gems ? true : super
  end
end)
