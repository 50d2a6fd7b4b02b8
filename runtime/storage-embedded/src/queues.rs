mod sending;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lambent_types::{Clock, Namespace, Origin, QueueName};
use rusqlite::Connection;

use self::sending::{prepare, send_all};
use crate::messages::receive::{PerGroup, Until};
use crate::messages::redrive::{Dying, Span};
use crate::messages::row::{Taken, later, time};
use crate::messages::settle::Ticket;
use crate::messages::{
    Kept, Kind, Partition, depth, partition, peek, receive, redrive, settle, wait,
};
use crate::quota::{charge, count};
use crate::shard::{Growth, Shard, Tx};
use crate::shards::Shards;
use crate::triggers::index as trigger_index;
use lambent_storage::backend::queues as rules;
use lambent_storage::{
    Depth, GiveUp, Message, MoveBack, MovedBack, NewMessage, Peeked, Queue, QueueAttributes,
    QueueError, Queues, Quota, Receipt, Redrive, Sent, StorageError, Visibility,
};

/// Queues in the shards.
pub(crate) struct EmbeddedQueues {
    shards: Arc<Shards>,
    clock: Arc<dyn Clock>,
}

impl EmbeddedQueues {
    pub(crate) fn new((shards, clock): (Arc<Shards>, Arc<dyn Clock>)) -> Self {
        Self { shards, clock }
    }

    /// Reads something of a queue that is there.
    async fn read<R: Send + 'static>(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        read: impl FnOnce(&Connection, Partition) -> Result<R, StorageError> + Send + 'static,
    ) -> Result<Option<R>, StorageError> {
        let shard = self.shards.of(namespace).await?;
        let (namespace, key) = (namespace.clone(), queue.key());
        let work = move |connection: &Connection| {
            let partition = partition::find(connection, &namespace, Kind::Queue, &key)?;
            partition.map(|partition| read(connection, partition)).transpose()
        };
        shard.readers().read(work).await
    }

    /// Takes away from a queue that is there, or settles what it gave out.
    async fn write<R: Send + 'static>(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        write: impl FnOnce(&mut Tx<'_>, &Namespace, Partition) -> Result<R, QueueError> + Send + 'static,
    ) -> Result<R, QueueError> {
        let shard = self.shards.of(namespace).await?;
        let (namespace, key) = (namespace.clone(), queue.key());
        let work = move |tx: &mut Tx<'_>| {
            let partition = find(tx.connection, &namespace, &key)?;
            write(tx, &namespace, partition)
        };
        shard.write(Growth::Frees, work).await
    }

    /// Sets when messages can be received again. Whether each receipt was its message's last.
    async fn return_all(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        receipts: &[(Receipt, Duration)],
        how: Return,
    ) -> Result<Vec<bool>, QueueError> {
        let tickets: Vec<_> =
            receipts.iter().map(|(receipt, pause)| (Ticket::parse(receipt), *pause)).collect();
        self.write(namespace, queue, move |tx, _, partition| {
            let return_one = |(ticket, pause): (Option<Ticket>, Duration)| {
                let Some(ticket) = ticket else { return Ok(false) };
                let uncount = matches!(how, Return::Uncounted);
                // Also without a pause: the receipt is good until the message is received again.
                let leased = !uncount;
                settle::return_at(tx, partition.id, ticket, later(tx.now, pause), leased, uncount)
            };
            Ok(tickets.into_iter().map(return_one).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn take(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        (limit, per_group): (usize, PerGroup),
        visibility: Visibility,
        wait: Duration,
    ) -> Result<Vec<Message>, QueueError> {
        let shard: Arc<Shard> = self.shards.of(namespace).await?;
        let partition = self.read(namespace, queue, |_, partition| Ok(partition.id)).await?;
        let partition = partition.ok_or(QueueError::NoQueue)?;
        let (owner, key) = (namespace.clone(), queue.key());
        let attempt = move || {
            let (owner, key) = (owner.clone(), key.clone());
            move |tx: &mut Tx<'_>| receive_some(tx, &owner, &key, limit, visibility, per_group)
        };
        let taken = wait::take(&shard, &*self.clock, partition, wait, attempt).await?;
        Ok(taken.into_iter().map(message).collect())
    }
}

/// How a message is returned to its queue.
#[derive(Debug, Clone, Copy)]
enum Return {
    /// The receipt counts, and until the time comes the message is in flight.
    Counted,
    /// The receipt does not count, and until the time comes the message is delayed.
    Uncounted,
}

fn find(
    connection: &Connection,
    namespace: &Namespace,
    key: &str,
) -> Result<Partition, QueueError> {
    partition::find(connection, namespace, Kind::Queue, key)?.ok_or(QueueError::NoQueue)
}

/// The queue of a partition.
fn queue_of(partition: &Partition) -> Result<Queue, StorageError> {
    let damaged =
        |detail: String| StorageError::corrupt(format!("queue {:?}", partition.name), detail);
    let kept = Kept::read(&partition.attributes).map_err(|error| damaged(error.to_string()))?;
    Ok(Queue {
        name: partition.name.parse().map_err(|error| damaged(format!("{error}")))?,
        attributes: kept.attributes,
        created: partition.created,
        modified: kept.modified.map_or(partition.created, time),
    })
}

fn put(
    tx: &mut Tx<'_>,
    namespace: &Namespace,
    name: &QueueName,
    attributes: &QueueAttributes,
) -> Result<Queue, QueueError> {
    if let Some(Redrive { queue: dead, .. }) = &attributes.redrive {
        let found = partition::find(tx.connection, namespace, Kind::Queue, &dead.key())?;
        let found = found.ok_or_else(|| {
            QueueError::Invalid(format!(
                "the dead-letter queue \"{dead}\" does not exist; create it first"
            ))
        })?;
        rules::dead_letters(name, dead, &queue_of(&found)?.attributes)?;
    }
    let existing = partition::find(tx.connection, namespace, Kind::Queue, &name.key())?;
    if existing.is_none() {
        charge::<QueueError>(tx, namespace, Quota::Queues, 1)?;
    }
    let known = existing.map(|partition| queue_of(&partition)).transpose()?;
    let name = known.as_ref().map_or(name, |queue| &queue.name);
    let now = tx.now.as_millisecond();
    let kept = Kept { attributes: attributes.clone(), modified: Some(now) };
    let created = known.as_ref().map_or(time(now), |queue| queue.created);
    partition::put(tx.connection, namespace, Kind::Queue, name.as_str(), &kept.json()?, created)?;
    Ok(Queue { name: name.clone(), attributes: kept.attributes, created, modified: time(now) })
}

/// Deletes it, as far as one transaction may. Whether it is gone.
fn delete_queue(tx: &mut Tx<'_>, ns: &Namespace, queue: &Partition) -> Result<bool, QueueError> {
    for other in partition::list(tx.connection, ns, Kind::Queue)? {
        let other = queue_of(&other)?;
        let dead = other.attributes.redrive.map(|redrive| redrive.queue.key());
        if dead == Some(queue.name.to_ascii_lowercase()) {
            return Err(QueueError::InUse(other.name));
        }
    }
    if let Some(trigger) = trigger_index::of_queue(tx, ns, &queue.name)? {
        return Err(QueueError::Triggered(trigger));
    }
    let is_gone = settle::delete_partition(tx, ns, queue.id)?;
    if is_gone {
        count(tx, ns, Quota::Queues, -1);
    }
    Ok(is_gone)
}

fn message(taken: Taken) -> Message {
    let ticket = Ticket { seq: taken.seq, lease: taken.lease };
    Message {
        id: taken.head.id,
        receipt: ticket.receipt(),
        body: taken.body,
        content_type: taken.head.content_type,
        attributes: taken.head.attributes,
        attribute_types: taken.head.attribute_types,
        annotations: taken.head.annotations,
        dead: taken.head.dead,
        group: taken.group,
        deduplication: taken.head.deduplication,
        sequence: taken.seq.unsigned_abs(),
        sent: taken.sent,
        first_received: taken.first,
        receives: taken.receives,
        origin: taken.head.origin,
    }
}

fn receive_some(
    tx: &mut Tx<'_>,
    namespace: &Namespace,
    key: &str,
    limit: usize,
    visibility: Visibility,
    per_group: PerGroup,
) -> Result<receive::Received, QueueError> {
    let partition = find(tx.connection, namespace, key)?;
    let queue = queue_of(&partition)?;
    let attributes = &queue.attributes;
    let dead = match &attributes.redrive {
        Some(redrive) => {
            partition::find(tx.connection, namespace, Kind::Queue, &redrive.queue.key())?
        }
        None => None,
    };
    let timeout = Duration::from_millis(attributes.visibility_timeout_ms);
    let until = match visibility {
        Visibility::Queue => Until::Time(later(tx.now, timeout)),
        Visibility::For(time) => Until::Time(later(tx.now, time)),
        Visibility::WhileAlive(time) => Until::ProcessEnds(later(tx.now, time)),
    };
    Ok(receive::receive(tx, partition.id, limit, until, per_group, |tx, taken| {
        if rules::is_over(attributes, taken.sent, tx.now) {
            settle::remove(tx, namespace, partition.id, taken.seq, taken.group.as_deref())?;
            return Ok(false);
        }
        match &dead {
            Some(dead) if rules::is_dead(attributes, taken.receives) => {
                let name = &queue.name;
                let facts = rules::received_too_often(name, taken.receives.saturating_sub(1));
                let dying = Dying {
                    seq: taken.seq,
                    group: taken.group.as_deref(),
                    sent: taken.sent,
                    head: taken.head.clone(),
                    body: &taken.body,
                };
                redrive::set_dead(tx, namespace, (partition.id, dead.id), dying, facts)?;
                Ok(false)
            }
            _ => Ok(true),
        }
    })?)
}

#[async_trait]
impl Queues for EmbeddedQueues {
    async fn put_queue(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        attributes: QueueAttributes,
    ) -> Result<Queue, QueueError> {
        let shard = self.shards.of(namespace).await?;
        let (namespace, queue) = (namespace.clone(), queue.clone());
        shard.write(0, move |tx| put(tx, &namespace, &queue, &attributes)).await
    }

    async fn delete_queue(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
    ) -> Result<(), QueueError> {
        let delete =
            |tx: &mut Tx<'_>, ns: &Namespace, queue: Partition| delete_queue(tx, ns, &queue);
        while !self.write(namespace, queue, delete).await? {}
        Ok(())
    }

    async fn queue(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
    ) -> Result<Option<Queue>, StorageError> {
        self.read(namespace, queue, |_, partition| queue_of(&partition)).await
    }

    async fn queues(&self, namespace: &Namespace) -> Result<Vec<Queue>, StorageError> {
        let shard = self.shards.of(namespace).await?;
        let namespace = namespace.clone();
        let partitions = shard
            .readers()
            .read(move |connection| partition::list(connection, &namespace, Kind::Queue));
        partitions.await?.iter().map(queue_of).collect()
    }

    async fn depth(&self, namespace: &Namespace, queue: &QueueName) -> Result<Depth, QueueError> {
        let now = self.clock.now();
        let depth = self.read(namespace, queue, move |connection, partition| {
            depth::depth(connection, partition.id, now)
        });
        depth.await?.ok_or(QueueError::NoQueue)
    }

    async fn send(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        messages: Vec<NewMessage>,
        origin: &Origin,
    ) -> Result<Vec<Sent>, QueueError> {
        let bytes: usize = messages.iter().map(|message| message.body.len() + 256).sum();
        let prepared: Vec<_> = messages
            .into_iter()
            .map(|message| prepare(message, origin))
            .collect::<Result<_, _>>()?;
        let shard = self.shards.of(namespace).await?;
        let (namespace, key) = (namespace.clone(), queue.key());
        shard
            .write(bytes, move |tx| {
                let partition = find(tx.connection, &namespace, &key)?;
                let attributes = queue_of(&partition)?.attributes;
                send_all(tx, &namespace, (partition.id, &attributes), prepared)
            })
            .await
    }

    async fn receive(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        limit: usize,
        visibility: Visibility,
        wait: Duration,
    ) -> Result<Vec<Message>, QueueError> {
        self.take(namespace, queue, (limit, PerGroup::All), visibility, wait).await
    }

    async fn receive_firsts(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        limit: usize,
        visibility: Visibility,
        wait: Duration,
    ) -> Result<Vec<Message>, QueueError> {
        self.take(namespace, queue, (limit, PerGroup::One), visibility, wait).await
    }

    async fn release(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        receipts: &[(Receipt, Duration)],
    ) -> Result<Vec<bool>, QueueError> {
        self.return_all(namespace, queue, receipts, Return::Uncounted).await
    }

    async fn delete(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        receipts: &[Receipt],
    ) -> Result<Vec<bool>, QueueError> {
        let tickets: Vec<_> = receipts.iter().map(Ticket::parse).collect();
        self.write(namespace, queue, move |tx, namespace, partition| {
            let delete = |ticket: Option<Ticket>| match ticket {
                Some(ticket) => settle::delete(tx, namespace, partition.id, ticket),
                None => Ok(false),
            };
            Ok(tickets.into_iter().map(delete).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn change_visibility(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        receipt: &Receipt,
        visibility: Duration,
    ) -> Result<(), QueueError> {
        let one = [(receipt.clone(), visibility)];
        let done = self.return_all(namespace, queue, &one, Return::Counted).await?;
        if done == [true] { Ok(()) } else { Err(QueueError::Receipt) }
    }

    async fn purge(&self, namespace: &Namespace, queue: &QueueName) -> Result<u64, QueueError> {
        let partition = self.read(namespace, queue, |_, partition| Ok(partition.id)).await?;
        let partition = partition.ok_or(QueueError::NoQueue)?;
        let shard = self.shards.of(namespace).await?;
        Ok(settle::purge_all(&shard, namespace, partition).await?)
    }

    async fn peek(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Peeked>, QueueError> {
        let (now, after) = (self.clock.now(), i64::try_from(after).unwrap_or(i64::MAX));
        let found = self.read(namespace, queue, move |connection, partition| {
            peek::peek(connection, partition.id, after, limit, now)
        });
        let found = found.await?.ok_or(QueueError::NoQueue)?;
        let peeked = found.into_iter().map(|(taken, state)| {
            let message = Message { receipt: Receipt(String::new()), ..message(taken) };
            Peeked { message, state }
        });
        Ok(peeked.collect())
    }

    async fn give_up(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        messages: Vec<GiveUp>,
    ) -> Result<Vec<bool>, QueueError> {
        self.write(namespace, queue, move |tx, namespace, partition| {
            let give_up = |GiveUp { receipt, to, facts }: GiveUp| {
                let to = partition::find(tx.connection, namespace, Kind::Queue, &to.key())?;
                let (Some(ticket), Some(to)) = (Ticket::parse(&receipt), to) else {
                    return Ok(false);
                };
                redrive::give_up(tx, namespace, (partition.id, to.id), ticket, facts)
            };
            Ok(messages.into_iter().map(give_up).collect::<Result<_, StorageError>>()?)
        })
        .await
    }

    async fn redrive(
        &self,
        namespace: &Namespace,
        queue: &QueueName,
        what: MoveBack,
    ) -> Result<MovedBack, QueueError> {
        let now = self.clock.now();
        let look = what.clone();
        let owner = namespace.clone();
        let found = self.read(namespace, queue, move |connection, partition| {
            let last = settle::newest(connection)?;
            let to = match &look.to {
                Some(to) => match partition::find(connection, &owner, Kind::Queue, &to.key())? {
                    Some(to) => Some(to.id),
                    None => return Ok(None),
                },
                None => None,
            };
            let span = Span { dead: partition.id, last, to, now };
            let count = if look.dry_run { redrive::count(connection, span, &look)? } else { 0 };
            Ok(Some((span, count)))
        });
        let (span, count) = found.await?.flatten().ok_or(QueueError::NoQueue)?;
        let mut moved = MovedBack { count, ..MovedBack::default() };
        let mut from = Some(redrive::Place::default()).filter(|_| !what.dry_run);
        while let Some(after) = from.filter(|_| moved.count < what.limit as u64) {
            let left = what.limit - usize::try_from(moved.count).unwrap_or(usize::MAX);
            let left = MoveBack { limit: left, ..what.clone() };
            let step = self.write(namespace, queue, move |tx, namespace, _| {
                Ok(redrive::send_back(tx, namespace, span, after, &left)?)
            });
            match step.await {
                Ok((more, next)) => {
                    moved.count += more.count;
                    moved.channels.extend(more.channels);
                    from = next;
                }
                // What was moved before is told, so that whoever serves it is woken.
                Err(error) if moved.count > 0 => {
                    tracing::error!(%error, %queue, "cannot move all dead letters back");
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(moved)
    }
}
