//! What is noted of a message for those who receive it as they would from SQS, in its annotations.

use lambent_storage::Message;
use lambent_types::occurrence::QueueFacts;
use lambent_types::{Digest, QueueName};

/// Whom a message is from.
pub const SENDER: &str = "aws.sqs.sender";
/// Its trace.
pub const TRACE_HEADER: &str = "aws.sqs.trace-header";
/// Its group on a queue that is not FIFO.
pub const GROUP: &str = "aws.sqs.group";

/// What stands before the name of a queue in what is said of a dead letter.
const FROM_QUEUE: &str = "queue:";

/// What SQS says of a message of a queue, beside its body and its attributes.
#[must_use]
pub fn queue_facts(queue: &QueueName, message: &Message) -> QueueFacts {
    let noted = |key: &str| message.annotations.get(key).map(str::to_owned);
    let from = message.dead.as_ref().and_then(|dead| dead.get("from"));
    let by_content = || Digest::of(&message.body).to_string();
    let deduplication = || message.deduplication.clone().unwrap_or_else(by_content);
    QueueFacts {
        deduplication: queue.is_fifo().then(deduplication),
        first_received: message.first_received.map(|time| time.as_millisecond()),
        trace_header: noted(TRACE_HEADER),
        group: noted(GROUP),
        dead_letter_of: from.and_then(|from| from.strip_prefix(FROM_QUEUE)).map(str::to_owned),
    }
}
