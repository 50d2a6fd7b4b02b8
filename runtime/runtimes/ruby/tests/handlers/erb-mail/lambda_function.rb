require 'erb'
require 'yaml'

TEXTS = YAML.load_file('config/texts.yml')
TEMPLATE = ERB.new(File.read(File.join(__dir__, 'templates/mail.html.erb')), trim_mode: '-')

def handler(event:, context:)
  name, items = event.values_at('name', 'items')
  { subject: format(TEXTS['subject'], items.size), html: TEMPLATE.result_with_hash(name:, items:) }
end
