require 'base64'
require 'json'
require 'openssl'

def handler(event:, context:)
  token = event['authorizationToken'].delete_prefix('Bearer ')
  claims = verify(token, ENV.fetch('KEY'))
  { principalId: claims['sub'], policyDocument: policy('Allow', event['methodArn']), context: { scope: claims['scope'] } }
rescue ArgumentError, OpenSSL::OpenSSLError
  raise 'Unauthorized'
end

def verify(token, key)
  signed, _, signature = token.rpartition('.')
  digest = OpenSSL::HMAC.digest('SHA256', key, signed)
  raise ArgumentError unless OpenSSL.secure_compare(digest, Base64.urlsafe_decode64(signature))

  JSON.parse(Base64.urlsafe_decode64(signed.split('.').last))
end

def policy(effect, resource)
  { Version: '2012-10-17', Statement: [{ Action: 'execute-api:Invoke', Effect: effect, Resource: resource }] }
end
