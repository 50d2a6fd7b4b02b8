require 'base64'
require 'digest'
require 'json'
require 'stringio'
require 'zlib'

def handler(event:, context:)
  packed = StringIO.new(Base64.strict_decode64(event['awslogs']['data']))
  logs = JSON.parse(Zlib::GzipReader.new(packed).read)
  errors = logs['logEvents'].filter_map { |entry| entry['message'][/\AERROR (.*)/, 1] }
  { group: logs['logGroup'], errors:, digest: Digest::SHA256.hexdigest(errors.join)[0, 12] }
end
