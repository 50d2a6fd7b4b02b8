//! Takes the orders of a queue from stock, many at a time, and passes them on to
//! be shipped.
//!
//! An order that cannot be handled fails alone, and the others of its batch are not
//! delivered again. A malformed order goes to the dead-letter queue at once; an order
//! that is out of stock is tried again, in case there is more.

mod stock;

use lambent_sdk::keyspace::Keyspace;
use lambent_sdk::queue::{Message, Queue};
use lambent_sdk::{Batch, Failure, ItemFailure, QueueMessage};
use serde::{Deserialize, Serialize};

/// The content of a message.
#[derive(Debug, Clone, Deserialize, Serialize)]
struct Order {
    item: String,
    count: u32,
}

#[lambent_sdk::batch_handler]
fn handle(orders: Batch<QueueMessage<Order>>) -> Result<Vec<ItemFailure>, Failure> {
    let keyspace = Keyspace::open("stock")?;
    let shipments = Queue::open("shipments.fifo")?;
    Ok(orders.each(|message| {
        let QueueMessage { id, body: order, .. } = message;
        keyspace.update(&order.item, |stock| stock::take(stock.as_deref(), &order, &id))?;
        // An order that is delivered again is sent again, and the queue drops it by its id.
        shipments.send(Message::json(&order)?.group(&order.item).deduplication(&id))?;
        println!("order {id}: {} × {}", order.count, order.item);
        Ok::<_, Failure>(())
    }))
}
