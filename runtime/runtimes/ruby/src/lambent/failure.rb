# frozen_string_literal: true

module Lambent
  # How a function failed, as Lambda's runtime for Ruby tells it.
  class Failure < StandardError
    EXIT = "Runtime.ExitError"
    FRAMES_MAX = 100
    # Frames that begin so are the runtime's, and from those of the second on all are.
    OURS = ["/lambent/", "/lib/"].freeze
    CALLERS = ["/lambent/handler.rb", "/lambent/instance.rb", "/lambent/invocation.rb"].freeze
    private_constant :OURS, :CALLERS

    attr_reader :kind, :trace

    def initialize(kind, message, trace = [], final: false)
      super(message)
      @kind = kind
      @trace = trace
      @final = final
    end

    # Whether nothing of the instance may run afterwards.
    def final?
      @final
    end

    # What the host is told.
    def texts
      [@kind, message, *@trace].map { |text| text.encode(Encoding::UTF_8, invalid: :replace, undef: :replace).scrub }
    end

    class << self
      # What an exception of a function is: `stage` is Init or Function.
      def of(error, stage)
        case error
        when Failure then error
        when SystemExit then exit(error.status)
        else
          # By `require_relative`, which cannot be told elsewhere.
          error = Missing.load_error("a library", error.backtrace) if Missing.unloadable?(error)
          message = text(error)
          message += Missing.explanation(error) if error.is_a?(LoadError)
          new("#{stage}<#{error.class}>", message, frames(error), final: final?(error))
        end
      end

      # The end of the process.
      def exit(status)
        reason = status.zero? ? "without providing a reason" : "with error: exit status #{status & 0xff}"
        new(EXIT, "Runtime exited #{reason}", final: true)
      end

      private

      def final?(error)
        !error.is_a?(StandardError) && !error.is_a?(ScriptError) && !error.is_a?(SystemStackError)
      end

      def text(error)
        error.message.to_s
      rescue Exception => second
        "<#{error.class} whose message raised #{second.class}>"
      end

      # The stack, innermost first, down to the last frame of the function's.
      def frames(error)
        frames = (error.backtrace || []).take_while { |frame| !frame.start_with?(*CALLERS) }
        frames.reject! { |frame| frame.start_with?(*OURS) }
        frames.pop while frames.last&.start_with?("<internal:")
        frames.first(FRAMES_MAX)
      end
    end
  end
end
