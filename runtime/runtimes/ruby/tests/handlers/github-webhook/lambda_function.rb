require 'json'
require 'openssl'

def handler(event:, context:)
  expected = "sha256=#{OpenSSL::HMAC.hexdigest('SHA256', ENV.fetch('SECRET'), event['body'])}"
  given = event['headers'].fetch('x-hub-signature-256', '')
  unless OpenSSL.fixed_length_secure_compare(expected, given.ljust(expected.size)[0, expected.size])
    return { statusCode: 401, body: 'bad signature' }
  end

  case [event['headers']['x-github-event'], JSON.parse(event['body'], symbolize_names: true)]
  in ['pull_request' => kind, { action:, pull_request: { number:, title: } }]
    { statusCode: 202, body: "#{kind} #{action}: ##{number} #{title}" }
  else
    { statusCode: 204 }
  end
end
