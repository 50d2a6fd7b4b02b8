# frozen_string_literal: true

# What the component calls. It is loaded once, when the component is built: all that is required
# here is in the memory that every instance starts from.

require "lambent/host"
require "lambent/missing"
# What the runtime uses itself, and what functions use most.
require "base64"
require "bigdecimal"
require "bigdecimal/math"
require "bigdecimal/util"
require "csv"
require "date"
require "digest"
require "erb"
require "json"
require "logger"
require "net/http"
require "open-uri"
require "securerandom"
require "set"
require "stringio"
require "tempfile"
require "time"
require "yaml"
require "zlib"
require "lambent/network"
require "lambent/tls"
require "lambent/failure"
require "lambent/context"
require "lambent/gems"
require "lambent/handler"
require "lambent/processes"
require "lambent/threads"
require "lambent/logs"
require "lambent/marshaller"
require "lambent/instance"
require "lambent/invocation"
require "lambent/preparation"
# What functions reach the node by.
require "lambent"

module Lambent
  # The methods do not raise: what goes wrong in the function is told to the host.
  module Runtime
    class << self
      def start
        tell { Instance.start }
      end

      def handle
        tell { Invocation.run }
      end

      def prepare
        tell { Preparation.run }
      end

      def before_snapshot
        tell { Instance.before_snapshot }
      end

      def after_restore
        tell { Instance.renew_own }
      end

      private

      # The host is told an answer, or a failure.
      def tell
        answer = yield
        Host.ask("o", *answer)
      rescue Failure => failure
        Host.ask(failure.final? ? "x" : "f", *failure.texts)
      end
    end
  end
end

Lambent::Instance.seal
