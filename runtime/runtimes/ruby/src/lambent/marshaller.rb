# frozen_string_literal: true

# How events are read and answers are written. Lambda lets functions replace these methods.
module AwsLambda
  class Marshaller
    class << self
      def marshall_request(raw_request)
        return raw_request.body unless raw_request["Content-Type"] == "application/json"

        raw_request.body.empty? ? {} : JSON.parse(raw_request.body)
      end

      # JSON, or something to read and its content type.
      def marshall_response(method_response)
        case method_response
        when StringIO, IO then [method_response, "application/unknown"]
        else method_response.to_json
        end
      end
    end
  end
end
