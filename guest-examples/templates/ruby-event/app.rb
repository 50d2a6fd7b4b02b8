# frozen_string_literal: true

# Takes JSON and answers JSON.
def handler(event:, context:)
  puts "greeting #{event['name']}"
  { message: "Hello, #{event.fetch('name', 'world')}!" }
end
