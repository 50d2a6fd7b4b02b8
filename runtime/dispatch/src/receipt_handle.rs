//! Receipt handles, by which clients of SQS name what they received: the receipt that a queue gave, and
//! which queue that is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambent_storage::Receipt;
use lambent_types::QueueName;

/// Between the name of the queue, which has none of it, and the receipt.
const SEPARATOR: char = '/';

/// The handle of a receipt of a queue's.
#[must_use]
pub fn receipt_handle(queue: &QueueName, receipt: &str) -> String {
    STANDARD.encode(format!("{}{SEPARATOR}{receipt}", queue.key()))
}

/// The receipt of a handle; none if it is malformed, or another queue's.
#[must_use]
pub fn receipt_of_handle(queue: &QueueName, handle: &str) -> Option<Receipt> {
    let text = String::from_utf8(STANDARD.decode(handle).ok()?).ok()?;
    let (name, receipt) = text.split_once(SEPARATOR)?;
    (name == queue.key()).then(|| Receipt(receipt.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_good_for_its_queue_alone() {
        let (q, other): (QueueName, QueueName) =
            ("Orders.fifo".parse().unwrap(), "orders".parse().unwrap());
        let handle = receipt_handle(&q, "1a-2b");
        assert_eq!(receipt_of_handle(&q, &handle), Some(Receipt("1a-2b".into())));
        assert_eq!(receipt_of_handle(&"ORDERS.fifo".parse().unwrap(), &handle).unwrap().0, "1a-2b");
        for (queue, handle) in [(&other, handle.as_str()), (&q, "x"), (&q, ""), (&q, "eA==")] {
            assert_eq!(receipt_of_handle(queue, handle), None, "{handle}");
        }
    }
}
