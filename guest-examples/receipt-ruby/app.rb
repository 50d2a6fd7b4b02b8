# frozen_string_literal: true

# Answers an order with its receipt.
def handler(event:, context:)
  items = event.fetch("items")
  {
    message: "Thank you, #{event.fetch('customer')}!",
    lines: items.map { |item| "#{item['quantity']} x #{item['name']}: #{amount(cost(item))}" },
    total: amount(items.sum { |item| cost(item) })
  }
end

def cost(item)
  item.fetch("quantity") * item.fetch("cents")
end

def amount(cents)
  format("%d.%02d %s", *cents.divmod(100), ENV.fetch("CURRENCY"))
end
