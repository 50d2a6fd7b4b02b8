require 'csv'

def handler(event:, context:)
  rows = CSV.parse(event['csv'], headers: true, converters: :integer)
  rows.group_by { |row| row['country'] }.transform_values do |group|
    { cities: group.map { |row| row['city'] }, people: group.sum { |row| row['people'] } }
  end
end
