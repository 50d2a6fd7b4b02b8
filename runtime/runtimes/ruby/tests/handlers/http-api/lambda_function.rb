require 'base64'
require 'json'

ROUTES = {
  ['GET', %r{\A/items\z}] => ->(_body, _match) { [200, []] },
  ['PUT', %r{\A/items/(\d+)\z}] => ->(body, match) { [200, { id: match[1].to_i, name: body['name'] }] }
}.freeze

def handler(event:, context:)
  http = event.dig('requestContext', 'http')
  body = event['body'] || '{}'
  body = Base64.decode64(body) if event['isBase64Encoded']
  ROUTES.each do |(verb, path), action|
    next unless verb == http['method'] && (match = path.match(http['path']))

    return respond(*action.call(JSON.parse(body), match))
  end
  respond(404, error: 'Not found')
end

def respond(status, body)
  { statusCode: status, headers: { 'content-type' => 'application/json' }, body: body.to_json }
end
