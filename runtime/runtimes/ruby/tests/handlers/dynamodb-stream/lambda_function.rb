require_relative 'lib/attributes'

def handler(event:, context:)
  event['Records'].map do |record|
    change = record['dynamodb']
    { event: record['eventName'].downcase, key: Attributes.plain(change['Keys'])['id'],
      image: change['NewImage'] && Attributes.plain(change['NewImage']) }
  end
end
