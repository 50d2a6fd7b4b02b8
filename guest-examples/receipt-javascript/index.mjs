// Answers an order with its receipt.

export const handler = async ({ customer, items }) => ({
  message: `Thank you, ${customer}!`,
  lines: items.map((item) => `${item.quantity} x ${item.name}: ${amount(cost(item))}`),
  total: amount(items.reduce((sum, item) => sum + cost(item), 0)),
});

function cost({ quantity, cents }) {
  return quantity * cents;
}

function amount(cents) {
  const rest = String(cents % 100).padStart(2, '0');
  return `${Math.floor(cents / 100)}.${rest} ${process.env.CURRENCY}`;
}
