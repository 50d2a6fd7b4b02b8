# frozen_string_literal: true

module Lambent
  # Standard streams and `Logger`, as Lambda sets them up.
  module Logs
    # A line of a logger that has no formatter of its own.
    class Formatter < ::Logger::Formatter
      def call(severity, time, progname, message)
        format("%<initial>s, [%<time>s #%<process>d] %<severity>5s %<request>s -- %<progname>s: %<message>s\n",
               initial: severity[0], time: format_datetime(time), process: $$, severity:,
               request: $_global_aws_request_id, progname:, message: msg2str(message))
      end
    end

    # Gives loggers on standard streams that formatter.
    module OnStreams
      def initialize(device = nil, *arguments, formatter: nil, **options)
        formatter ||= Formatter.new if [$stdout, $stderr].include?(device)
        super
      end
    end

    class << self
      # Every line is in the log once it is written, even if the function never ends.
      def set_up
        $stdout.sync = $stderr.sync = true
        ::Logger.prepend(OnStreams)
      end

      def of_request(id)
        $_global_aws_request_id = id
      end

      def failure(failure, told)
        $stdout.puts told
        $stdout.puts JSON.pretty_generate(
          errorMessage: failure.texts[1], errorType: failure.kind, stackTrace: failure.texts.drop(2)
        )
      rescue IOError, SystemCallError
        # The function closed the stream.
      end
    end
  end
end
