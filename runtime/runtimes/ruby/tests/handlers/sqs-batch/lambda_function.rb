require 'json'
require 'logger'

class OrderProcessor
  def initialize(logger)
    @logger = logger
  end

  def process(record)
    order = JSON.parse(record['body'], symbolize_names: true)
    @logger.info("order of #{Rational(order[:total]).to_f.round(2)}")
    nil
  rescue JSON::ParserError => e
    @logger.error("#{record['messageId']}: #{e.class}")
    { itemIdentifier: record['messageId'] }
  end
end

PROCESSOR = OrderProcessor.new(Logger.new($stdout))

def handler(event:, context:)
  { batchItemFailures: event['Records'].filter_map { |record| PROCESSOR.process(record) } }
end
