use std::time::Duration;

use async_trait::async_trait;
use lambent_types::{Namespace, Origin, QueueName, bounds};

use super::{Checked, checked};
use crate::error::StorageError;
use crate::queues::{
    Depth, GiveUp, Message, MoveBack, MovedBack, NewMessage, Peeked, Queue, QueueAttributes,
    QueueError, Queues, Receipt, Sent, Visibility, rules,
};

checked! { Queues {}
    put_queue(
        namespace: &Namespace,
        queue: &QueueName,
        attributes: QueueAttributes
    ) -> Result<Queue, QueueError> {
        rules::attributes(queue, &attributes)?;
    }
    delete_queue(namespace: &Namespace, queue: &QueueName) -> Result<(), QueueError> {}
    queue(
        namespace: &Namespace,
        queue: &QueueName
    ) -> Result<Option<Queue>, StorageError> {}
    queues(namespace: &Namespace) -> Result<Vec<Queue>, StorageError> {}
    depth(namespace: &Namespace, queue: &QueueName) -> Result<Depth, QueueError> {}
    send(
        namespace: &Namespace,
        queue: &QueueName,
        messages: Vec<NewMessage>,
        origin: &Origin
    ) -> Result<Vec<Sent>, QueueError> {
        rules::batch(queue, &messages)?;
    }
    receive(
        namespace: &Namespace,
        queue: &QueueName,
        limit: usize,
        visibility: Visibility,
        wait: Duration
    ) -> Result<Vec<Message>, QueueError> {
        rules::receive(visibility)?;
        let limit = limit.min(bounds::BATCH_MAX);
    }
    receive_firsts(
        namespace: &Namespace,
        queue: &QueueName,
        limit: usize,
        visibility: Visibility,
        wait: Duration
    ) -> Result<Vec<Message>, QueueError> {
        rules::receive(visibility)?;
        let limit = limit.min(bounds::BATCH_MAX);
    }
    release(
        namespace: &Namespace,
        queue: &QueueName,
        receipts: &[(Receipt, Duration)]
    ) -> Result<Vec<bool>, QueueError> {
        receipts.iter().try_for_each(|(_, pause)| rules::visibility(*pause))?;
    }
    delete(
        namespace: &Namespace,
        queue: &QueueName,
        receipts: &[Receipt]
    ) -> Result<Vec<bool>, QueueError> {}
    change_visibility(
        namespace: &Namespace,
        queue: &QueueName,
        receipt: &Receipt,
        visibility: Duration
    ) -> Result<(), QueueError> {
        rules::visibility(visibility)?;
    }
    purge(namespace: &Namespace, queue: &QueueName) -> Result<u64, QueueError> {}
    peek(
        namespace: &Namespace,
        queue: &QueueName,
        after: u64,
        limit: usize
    ) -> Result<Vec<Peeked>, QueueError> {
        let limit = limit.min(bounds::BATCH_MAX);
    }
    give_up(
        namespace: &Namespace,
        queue: &QueueName,
        messages: Vec<GiveUp>
    ) -> Result<Vec<bool>, QueueError> {}
    redrive(
        namespace: &Namespace,
        queue: &QueueName,
        what: MoveBack
    ) -> Result<MovedBack, QueueError> {
        rules::move_back(queue, &what)?;
    }
}
