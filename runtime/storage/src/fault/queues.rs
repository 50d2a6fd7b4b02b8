use std::time::Duration;

use async_trait::async_trait;
use lambent_types::{Event, Namespace, Origin, QueueName};

use super::forward::forward;
use super::{Call, Faulty};
use crate::error::StorageError;
use crate::event_log::{AppendError, Channel, Delivery, EventLog, Settlement};
use crate::queues::{
    Depth, GiveUp, Message, MoveBack, MovedBack, NewMessage, Peeked, Queue, QueueAttributes,
    QueueError, Queues, Receipt, Sent, Visibility,
};

forward! { Queues:
    change put_queue(
        namespace: &Namespace, queue: &QueueName, attributes: QueueAttributes
    ) -> Result<Queue, QueueError>;
    free delete_queue(namespace: &Namespace, queue: &QueueName) -> Result<(), QueueError>;
    read queue(namespace: &Namespace, queue: &QueueName) -> Result<Option<Queue>, StorageError>;
    read queues(namespace: &Namespace) -> Result<Vec<Queue>, StorageError>;
    read depth(namespace: &Namespace, queue: &QueueName) -> Result<Depth, QueueError>;
    change send(
        namespace: &Namespace, queue: &QueueName, messages: Vec<NewMessage>, origin: &Origin
    ) -> Result<Vec<Sent>, QueueError>;
    free receive(
        namespace: &Namespace, queue: &QueueName, limit: usize, visibility: Visibility,
        wait: Duration
    ) -> Result<Vec<Message>, QueueError>;
    change receive_firsts(
        namespace: &Namespace, queue: &QueueName, limit: usize, visibility: Visibility,
        wait: Duration
    ) -> Result<Vec<Message>, QueueError>;
    free release(
        namespace: &Namespace, queue: &QueueName, receipts: &[(Receipt, Duration)]
    ) -> Result<Vec<bool>, QueueError>;
    free delete(
        namespace: &Namespace, queue: &QueueName, receipts: &[Receipt]
    ) -> Result<Vec<bool>, QueueError>;
    free change_visibility(
        namespace: &Namespace, queue: &QueueName, receipt: &Receipt, visibility: Duration
    ) -> Result<(), QueueError>;
    free purge(namespace: &Namespace, queue: &QueueName) -> Result<u64, QueueError>;
    read peek(
        namespace: &Namespace, queue: &QueueName, after: u64, limit: usize
    ) -> Result<Vec<Peeked>, QueueError>;
    free give_up(
        namespace: &Namespace, queue: &QueueName, messages: Vec<GiveUp>
    ) -> Result<Vec<bool>, QueueError>;
    free redrive(
        namespace: &Namespace, queue: &QueueName, what: MoveBack
    ) -> Result<MovedBack, QueueError>;
}

forward! { EventLog:
    change append(
        namespace: &Namespace, channel: &Channel, event: Event, origin: &Origin
    ) -> Result<(), AppendError>;
    free receive(
        namespace: &Namespace, channel: &Channel, limit: usize, lease: Duration, wait: Duration
    ) -> Result<Vec<Delivery>, StorageError>;
    free settle(
        namespace: &Namespace, channel: &Channel, settlements: Vec<(Receipt, Settlement)>
    ) -> Result<(), StorageError>;
    read backlog() -> Result<Vec<(Namespace, Channel)>, StorageError>;
    read depth(namespace: &Namespace, channel: &Channel) -> Result<Depth, StorageError>;
    free purge(namespace: &Namespace, channel: &Channel) -> Result<u64, StorageError>;
}
