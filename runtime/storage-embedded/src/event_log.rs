use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lambent_types::{Clock, Event, Namespace, Origin};
use rusqlite::Connection;

use crate::messages::receive::{PerGroup, Until};
use crate::messages::row::{Head, Taken, later};
use crate::messages::send::New;
use crate::messages::settle::Ticket;
use crate::messages::{Kind, Partition, depth, partition, receive, send, settle, wait};
use crate::quota::charge_messages;
use crate::shard::{Growth, Shard, Tx};
use crate::shards::Shards;
use lambent_storage::{
    AppendError, Channel, Delivery, Depth, EventLog, QuotaExceeded, Quotas, Receipt, Settlement,
    StorageError,
};

/// The event log in the shards.
pub(crate) struct EmbeddedEventLog {
    shards: Arc<Shards>,
    clock: Arc<dyn Clock>,
}

/// The kind and the name of a channel's partition.
pub(crate) fn place(channel: &Channel) -> (Kind, Cow<'_, str>) {
    match channel {
        Channel::Function(function) => (Kind::Function, function.to_string().into()),
        Channel::Trigger(name) => (Kind::Trigger, name.as_str().into()),
        Channel::Schedule(name) => (Kind::Schedule, name.as_str().into()),
        Channel::Topic(name) => (Kind::Topic, name.as_str().into()),
        Channel::Subscription(name) => (Kind::Subscription, name.as_str().into()),
    }
}

fn find(
    connection: &Connection,
    namespace: &Namespace,
    channel: &Channel,
) -> Result<Option<Partition>, StorageError> {
    let (kind, name) = place(channel);
    partition::find(connection, namespace, kind, &name.to_ascii_lowercase())
}

/// The partition of a channel, which is made if there is none.
pub(crate) fn ensure(
    tx: &Tx<'_>,
    namespace: &Namespace,
    channel: &Channel,
) -> Result<i64, StorageError> {
    if let Some(partition) = find(tx.connection, namespace, channel)? {
        return Ok(partition.id);
    }
    let (kind, name) = place(channel);
    partition::put(tx.connection, namespace, kind, &name, "", tx.now)
}

/// Appends an event to a channel's partition, in the transaction of its cause.
pub(crate) fn append<E: From<QuotaExceeded> + From<StorageError>>(
    tx: &mut Tx<'_>,
    namespace: &Namespace,
    partition: i64,
    event: Event,
    (group, origin): (Option<&str>, &Origin),
    quotas: &Quotas,
) -> Result<(), E> {
    let body = event.data.clone();
    let head = Head {
        id: event.id.clone(),
        origin: origin.clone(),
        event: Some(event),
        ..Head::default()
    };
    let head = head.encode()?;
    let new = New { head: &head, body: &body, group, sent: tx.now, visible: tx.now };
    charge_messages::<E>(tx, namespace, (1, new.weight()), quotas)?;
    send::send(tx, partition, &new)?;
    Ok(())
}

fn delivery(taken: Taken) -> Option<Delivery> {
    let ticket = Ticket { seq: taken.seq, lease: taken.lease };
    let mut event = taken.head.event?;
    event.data = taken.body;
    event.attempt = taken.receives;
    Some(Delivery {
        receipt: ticket.receipt(),
        event,
        origin: taken.head.origin,
        appended: taken.sent,
        group: taken.group,
    })
}

fn settle_one(
    tx: &mut Tx<'_>,
    namespace: &Namespace,
    partition: i64,
    ticket: Ticket,
    settlement: Settlement,
) -> Result<(), StorageError> {
    // A receipt whose lease is over is ignored.
    match settlement {
        Settlement::Done => settle::delete(tx, namespace, partition, ticket)?,
        Settlement::Retry(at) => settle::return_at(tx, partition, ticket, at, false, false)?,
        Settlement::Release(at) => settle::return_at(tx, partition, ticket, at, false, true)?,
    };
    Ok(())
}

impl EmbeddedEventLog {
    pub(crate) fn new((shards, clock): (Arc<Shards>, Arc<dyn Clock>)) -> Self {
        Self { shards, clock }
    }

    /// The shard and the partition of a channel, if it was ever used.
    async fn partition(
        &self,
        namespace: &Namespace,
        channel: &Channel,
    ) -> Result<(Arc<Shard>, Option<i64>), StorageError> {
        let shard = self.shards.of(namespace).await?;
        let (namespace, channel) = (namespace.clone(), channel.clone());
        let found =
            shard.readers().read(move |connection| find(connection, &namespace, &channel)).await?;
        Ok((shard, found.map(|partition| partition.id)))
    }
}

#[async_trait]
impl EventLog for EmbeddedEventLog {
    async fn append(
        &self,
        namespace: &Namespace,
        channel: &Channel,
        event: Event,
        origin: &Origin,
    ) -> Result<(), AppendError> {
        let shard = self.shards.of(namespace).await?;
        let (namespace, channel, origin) = (namespace.clone(), channel.clone(), origin.clone());
        let bytes = event.data.len() + 512;
        shard
            .write(bytes, move |tx| {
                let partition = ensure(tx, &namespace, &channel)?;
                let quotas = tx.ledger.quotas(&namespace.key());
                let group = channel.group(&event).map(str::to_owned);
                let from = (group.as_deref(), &origin);
                append::<AppendError>(tx, &namespace, partition, event, from, &quotas)
            })
            .await
    }

    async fn receive(
        &self,
        namespace: &Namespace,
        channel: &Channel,
        limit: usize,
        lease: Duration,
        wait: Duration,
    ) -> Result<Vec<Delivery>, StorageError> {
        let (shard, found) = self.partition(namespace, channel).await?;
        let partition = match found {
            Some(partition) => partition,
            None => {
                let (namespace, channel) = (namespace.clone(), channel.clone());
                shard.write(Growth::Frees, move |tx| ensure(tx, &namespace, &channel)).await?
            }
        };
        let attempt = || {
            move |tx: &mut Tx<'_>| {
                let visible = later(tx.now, lease);
                let until = Until::ProcessEnds(visible);
                receive::receive(tx, partition, limit, until, PerGroup::All, |_, _| Ok(true))
            }
        };
        let taken = wait::take(&shard, &*self.clock, partition, wait, attempt).await?;
        Ok(taken.into_iter().filter_map(delivery).collect())
    }

    async fn settle(
        &self,
        namespace: &Namespace,
        channel: &Channel,
        settlements: Vec<(Receipt, Settlement)>,
    ) -> Result<(), StorageError> {
        let shard = self.shards.of(namespace).await?;
        let (namespace, channel) = (namespace.clone(), channel.clone());
        shard
            .write(Growth::Frees, move |tx| {
                let Some(partition) = find(tx.connection, &namespace, &channel)? else {
                    return Ok(());
                };
                for (receipt, settlement) in settlements {
                    if let Some(ticket) = Ticket::parse(&receipt) {
                        settle_one(tx, &namespace, partition.id, ticket, settlement)?;
                    }
                }
                Ok(())
            })
            .await
    }

    async fn backlog(&self) -> Result<Vec<(Namespace, Channel)>, StorageError> {
        let mut found = Vec::new();
        for shard in self.shards.all() {
            for partition in shard.readers().read(partition::backlog).await? {
                let namespace = partition.namespace.parse().ok();
                found.extend(namespace.zip(partition::channel(&partition)));
            }
        }
        Ok(found)
    }

    async fn depth(&self, namespace: &Namespace, channel: &Channel) -> Result<Depth, StorageError> {
        let (shard, Some(partition)) = self.partition(namespace, channel).await? else {
            return Ok(Depth::default());
        };
        let now = self.clock.now();
        shard.readers().read(move |connection| depth::depth(connection, partition, now)).await
    }

    async fn purge(&self, namespace: &Namespace, channel: &Channel) -> Result<u64, StorageError> {
        let (shard, Some(partition)) = self.partition(namespace, channel).await? else {
            return Ok(0);
        };
        settle::purge_all(&shard, namespace, partition).await
    }
}
