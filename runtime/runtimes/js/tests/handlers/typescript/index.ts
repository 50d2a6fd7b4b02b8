import type { Order, Priced } from "./types";
import { total } from "./pricing.js";

enum Status {
  Open = "OPEN",
  Paid = "PAID",
}

namespace Tax {
  export const rate = 0.25;
}

class Receipt {
  constructor(private readonly order: Order, public status: Status = Status.Open) {}
  pay(this: Receipt): Priced {
    const net = total(this.order.lines);
    this.status = Status.Paid;
    return { id: this.order.id, net, gross: net * (1 + Tax.rate), status: this.status as string };
  }
}

export const handler = async (event: { order: Order }): Promise<Priced> => new Receipt(event.order!).pay();
