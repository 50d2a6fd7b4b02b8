use std::collections::HashMap;
use std::time::Duration;

use lambent_storage::backend::queues as rules;
use lambent_types::{Namespace, Origin, bounds};
use rusqlite::{OptionalExtension as _, params};

use crate::event_log;
use crate::messages::row::{Head, failed, later};
use crate::messages::send::{self, New};
use crate::quota::{charge_messages, count_messages};
use crate::shard::Tx;
use lambent_storage::{DeadEvent, NewMessage, QueueAttributes, QueueError, Sent, StorageError};

/// What was sent to a partition under an id not long ago.
fn duplicate(tx: &Tx<'_>, partition: i64, id: &str) -> Result<Option<Sent>, StorageError> {
    let sql = "SELECT seq, message FROM duplicate WHERE line = ?1 AND id = ?2 AND until > ?3";
    let read = |row: &rusqlite::Row<'_>| {
        let sequence: i64 = row.get(0)?;
        Ok(Sent { id: row.get(1)?, sequence: sequence.unsigned_abs(), duplicate: true })
    };
    tx.connection
        .prepare_cached(sql)
        .and_then(|mut select| {
            select.query_row(params![partition, id, tx.now.as_millisecond()], read).optional()
        })
        .map_err(failed)
}

fn remember(tx: &Tx<'_>, partition: i64, id: &str, sent: &Sent) -> Result<(), StorageError> {
    let until = tx.now.as_millisecond() + bounds::DEDUPLICATION_WINDOW.as_millis() as i64;
    tx.connection
        .prepare_cached("INSERT OR REPLACE INTO duplicate VALUES (?1, ?2, ?3, ?4, ?5)")
        .and_then(|mut insert| {
            insert.execute(params![partition, id, sent.sequence as i64, sent.id, until])
        })
        .map_err(failed)?;
    Ok(())
}

/// A message ready to be written.
pub(super) struct Prepared {
    message: NewMessage,
    id: String,
    head: String,
    /// Of an event that was given up: its head, to which its channel is to be added.
    dead: Option<Head>,
}

pub(super) fn prepare(message: NewMessage, origin: &Origin) -> Result<Prepared, QueueError> {
    let id = uuid::Uuid::now_v7().to_string();
    let head = Head {
        id: id.clone(),
        content_type: message.content_type.clone(),
        attributes: message.attributes.clone(),
        attribute_types: message.attribute_types.clone(),
        annotations: message.annotations.clone(),
        deduplication: message.deduplication.clone(),
        origin: origin.clone(),
        from: None,
        dead: message.dead.as_ref().map(|dead| dead.facts.clone()),
        event: message.dead.as_ref().map(|dead| dead.event.clone()),
    };
    let (encoded, is_dead) = (head.encode()?, message.dead.is_some());
    Ok(Prepared { message, id, head: encoded, dead: is_dead.then_some(head) })
}

/// Notes in the head of a dead letter which channel it came from.
fn note_channel(
    tx: &Tx<'_>,
    namespace: &Namespace,
    prepared: &mut Prepared,
) -> Result<(), StorageError> {
    if let (Some(head), Some(DeadEvent { channel, .. })) =
        (&mut prepared.dead, &prepared.message.dead)
    {
        head.from = Some(event_log::ensure(tx, namespace, channel)?);
        prepared.head = head.encode()?;
    }
    Ok(())
}

pub(super) fn send_all(
    tx: &mut Tx<'_>,
    namespace: &Namespace,
    (partition, attributes): (i64, &QueueAttributes),
    mut prepared: Vec<Prepared>,
) -> Result<Vec<Sent>, QueueError> {
    rules::sizes(attributes, prepared.iter().map(|one| &one.message))?;
    prepared.iter_mut().try_for_each(|one| note_channel(tx, namespace, one))?;
    // All of it is charged before any of it is written. A duplicate inside the
    // batch is charged and given back.
    let weight = |prepared: &Prepared| (prepared.head.len() + prepared.message.body.len()) as i64;
    let all = (prepared.len() as i64, prepared.iter().map(weight).sum());
    charge_messages::<QueueError>(tx, namespace, all, &tx.ledger.quotas(&namespace.key()))?;
    let mut sent = Vec::with_capacity(prepared.len());
    let mut batch: HashMap<String, Sent> = HashMap::new();
    for one in prepared {
        let duplicate_id = rules::duplicate_key(attributes, &one.message);
        let known = match &duplicate_id {
            Some(id) => match batch.get(id) {
                Some(sent) => Some(Sent { duplicate: true, ..sent.clone() }),
                None => duplicate(tx, partition, id)?,
            },
            None => None,
        };
        if let Some(known) = known {
            count_messages(tx, namespace, (-1, -weight(&one)));
            sent.push(known);
            continue;
        }
        let delay = one.message.delay.unwrap_or(Duration::from_millis(attributes.delay_ms));
        let new = New {
            head: &one.head,
            body: &one.message.body,
            group: one.message.group.as_deref(),
            sent: tx.now,
            visible: later(tx.now, delay),
        };
        let seq = send::send(tx, partition, &new)?;
        let done = Sent { id: one.id, sequence: seq.unsigned_abs(), duplicate: false };
        if let Some(id) = duplicate_id {
            remember(tx, partition, &id, &done)?;
            batch.insert(id, done.clone());
        }
        sent.push(done);
    }
    Ok(sent)
}
