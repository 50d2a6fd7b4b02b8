require 'date'
require 'time'

def handler(event:, context:)
  time = Time.iso8601(event['time'])
  first = time.to_date.next_month
  { day: time.strftime('%A'), next: Date.new(first.year, first.month, 1).iso8601, week: time.to_date.cweek,
    zone: time.zone }
end
