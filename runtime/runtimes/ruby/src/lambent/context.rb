# frozen_string_literal: true

# The object that handlers get as `context`: the same as in Lambda.
class LambdaContext
  attr_reader :aws_request_id, :invoked_function_arn, :log_group_name, :log_stream_name, :function_name,
              :memory_limit_in_mb, :function_version, :identity, :tenant_id, :client_context, :deadline_ms

  # It is made of what the host knows of an invocation.
  def initialize(known)
    @deadline_ms = known["deadline"].to_i
    @aws_request_id = known["id"]
    @function_name = ENV["AWS_LAMBDA_FUNCTION_NAME"] ||= known["function"]
    @function_version = ENV["AWS_LAMBDA_FUNCTION_VERSION"] ||= known["version"]
    @memory_limit_in_mb = ENV["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] ||= known["memory"]
    @log_group_name = ENV["AWS_LAMBDA_LOG_GROUP_NAME"] ||= "/aws/lambda/#{@function_name}"
    @log_stream_name = ENV["AWS_LAMBDA_LOG_STREAM_NAME"] ||= "[#{@function_version}]"
    @invoked_function_arn = known["arn"] || arn(known)
    @identity = json(known["identity"], "Cognito Identity")
    @client_context = json(known["client"], "Client Context")
    @tenant_id = known["tenant"]
  end

  def get_remaining_time_in_millis
    [@deadline_ms - Process.clock_gettime(Process::CLOCK_REALTIME, :millisecond), 0].max
  end

  private

  def arn(known)
    arn = "arn:aws:lambda:#{ENV.fetch('AWS_REGION', 'us-east-1')}:000000000000:function:#{known['function']}"
    qualifier = known["alias"] || known["version"]
    qualifier == "$LATEST" ? arn : "#{arn}:#{qualifier}"
  end

  # What comes with an invocation is JSON, as itself or in base64.
  def json(text, name)
    return if text.nil? || text.empty?

    JSON.parse(text.lstrip.start_with?("{") ? text : text.unpack1("m"))
  rescue JSON::ParserError => error
    raise Lambent::Failure.new("Runtime.LambdaContextUnmarshalError", "Unable to parse #{name} JSON: #{error.message}")
  end
end
