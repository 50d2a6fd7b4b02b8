// Answers an order with its receipt: the event comes on standard input, and what is written to
// standard output is the answer.

import { JSON } from "json-as";

@json
class Item {
  name: string = "";
  quantity: i64 = 0;
  cents: i64 = 0;
}

@json
class Order {
  customer: string = "";
  items: Item[] = [];
}

@json
class Receipt {
  message: string = "";
  lines: string[] = [];
  total: string = "";
}

function amount(cents: i64): string {
  const currency = process.env.has("CURRENCY") ? process.env.get("CURRENCY") : "";
  return `${cents / 100}.${(cents % 100).toString().padStart(2, "0")} ${currency}`;
}

function receiptOf(order: Order): Receipt {
  const receipt = new Receipt();
  let total: i64 = 0;
  for (let i = 0; i < order.items.length; i++) {
    const item = order.items[i];
    const cents = item.quantity * item.cents;
    receipt.lines.push(`${item.quantity} x ${item.name}: ${amount(cents)}`);
    total += cents;
  }
  receipt.message = `Thank you, ${order.customer}!`;
  receipt.total = amount(total);
  return receipt;
}

function readAll(): string {
  let buffer = new ArrayBuffer(4096);
  let length = 0;
  for (let read = process.stdin.read(buffer); read > 0; read = process.stdin.read(buffer, length)) {
    length += read;
    if (length == buffer.byteLength) {
      const larger = new ArrayBuffer(2 * length);
      memory.copy(changetype<usize>(larger), changetype<usize>(buffer), length);
      buffer = larger;
    }
  }
  return String.UTF8.decode(buffer.slice(0, length));
}

process.stdout.write(JSON.stringify(receiptOf(JSON.parse<Order>(readAll()))));
