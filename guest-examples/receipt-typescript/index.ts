// Answers an order with its receipt.

interface Item {
  name: string;
  quantity: number;
  cents: number;
}

interface Order {
  customer: string;
  items: Item[];
}

interface Receipt {
  message: string;
  lines: string[];
  total: string;
}

export const handler = async ({ customer, items }: Order): Promise<Receipt> => ({
  message: `Thank you, ${customer}!`,
  lines: items.map((item) => `${item.quantity} x ${item.name}: ${amount(cost(item))}`),
  total: amount(items.reduce((sum, item) => sum + cost(item), 0)),
});

function cost({ quantity, cents }: Item): number {
  return quantity * cents;
}

function amount(cents: number): string {
  const rest = String(cents % 100).padStart(2, '0');
  return `${Math.floor(cents / 100)}.${rest} ${process.env.CURRENCY}`;
}
