# frozen_string_literal: true

module Lambent
  # One event: the handler is called, and what it answers or raises is given back.
  module Invocation
    # An event as the Runtime API would give it.
    RawRequest = Struct.new(:body) do
      def [](name)
        "application/json" if name.casecmp?("content-type")
      end
    end

    class << self
      # The content type of the answer, and the answer.
      def run
        Instance.start
        known = Host.pairs("k")
        Logs.of_request(known["id"])
        trace(known["trace"], known["id"])
        request = event(Host.ask("e"))
        @running = true
        answer(Instance.outcome.call(request, LambdaContext.new(known)))
      rescue Exception => error
        failure = Failure.of(error, "Function")
        Logs.failure(failure, "Error raised from handler method") unless failure.equal?(Instance.outcome)
        raise failure
      ensure
        @running = false
      end

      # `exit!`
      def exit_at_once(status)
        status = { true => 0, false => 1 }.fetch(status, status)
        raise SystemExit.new(status) unless @running

        Host.ask("q", *Failure.exit(status).texts)
      end

      private

      def event(data)
        AwsLambda::Marshaller.marshall_request(RawRequest.new(data))
      rescue JSON::ParserError => error
        raise Failure.new("Runtime.UnmarshalError", "Unable to unmarshal input: #{error.message}")
      end

      def answer(value)
        text, type = AwsLambda::Marshaller.marshall_response(value)
        [type || "application/json", text.respond_to?(:read) ? text.read || "" : text]
      end

      # Puts the trace that the invocation belongs to where X-Ray's libraries look for it.
      def trace(parent, id)
        _, trace, span, flags = parent&.split("-")
        ENV["_X_AMZN_TRACE_ID"] =
          if trace&.size == 32 && flags
            "Root=1-#{trace[0, 8]}-#{trace[8..]};Parent=#{span};Sampled=#{flags.hex & 1}"
          else
            # One of its own, which nobody records.
            own = id.delete("-")
            format("Root=1-%08x-%s;Parent=%s;Sampled=0", Time.now.to_i, own[8..], own[16..])
          end
      end
    end
  end
end

[Process, Kernel].each do |owner|
  owner.define_singleton_method(:exit!) { |status = false| Lambent::Invocation.exit_at_once(status) }
end

module Kernel
  def exit!(status = false)
    Lambent::Invocation.exit_at_once(status)
  end
  private :exit!
end
