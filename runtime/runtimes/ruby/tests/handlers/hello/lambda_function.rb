require 'json'

def handler(event:, context:)
  { statusCode: 200, body: JSON.generate(message: "Hello, #{event.fetch('name', 'World')}!") }
end
