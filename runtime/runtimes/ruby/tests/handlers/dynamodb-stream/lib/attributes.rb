# Values as DynamoDB writes them, made plain.
module Attributes
  module_function

  def plain(map)
    map.transform_values { |value| value_of(value) }
  end

  def value_of(value)
    type, content = value.first
    case type
    when 'N' then content.match?(/[.eE]/) ? Float(content) : Integer(content)
    when 'NULL' then nil
    when 'L' then content.map { |item| value_of(item) }
    when 'M' then plain(content)
    else content
    end
  end
end
