use jiff::Timestamp;
use lambent_types::Namespace;
use rusqlite::params;

use crate::messages::partition;
use crate::messages::receive;
use crate::messages::row::{self, Head, failed};
use crate::messages::send::{self, New};
use crate::messages::settle::{self, BATCH_MAX, Ticket};
use crate::quota::count_messages;
use crate::shard::Tx;
use lambent_storage::backend::queues as rules;
use lambent_storage::{Channel, DeadFacts, MoveBack, MovedBack, StorageError};

/// A message on its way to a dead-letter queue.
pub(crate) struct Dying<'a> {
    pub(crate) seq: i64,
    pub(crate) group: Option<&'a str>,
    pub(crate) sent: Timestamp,
    pub(crate) head: Head,
    pub(crate) body: &'a [u8],
}

/// Moves a message to the dead-letter queue, and notes where it came from and why.
pub(crate) fn set_dead(
    tx: &mut Tx<'_>,
    namespace: &Namespace,
    (partition, dead): (i64, i64),
    dying: Dying<'_>,
    facts: DeadFacts,
) -> Result<(), StorageError> {
    let Dying { seq, group, sent, mut head, body } = dying;
    (head.from, head.dead) = (Some(partition), Some(facts));
    settle::remove(tx, namespace, partition, seq, group)?;
    let head = head.encode()?;
    let new = New { head: &head, body, group, sent, visible: tx.now };
    count_messages(tx, namespace, (1, new.weight()));
    send::send(tx, dead, &new)?;
    Ok(())
}

/// Moves a message that a ticket is good for to the dead-letter queue; `false` if it is not.
pub(crate) fn give_up(
    tx: &mut Tx<'_>,
    namespace: &Namespace,
    (partition, dead): (i64, i64),
    ticket: Ticket,
    facts: DeadFacts,
) -> Result<bool, StorageError> {
    let Some((group, sent)) = settle::held_since(tx, partition, ticket)? else { return Ok(false) };
    let (head, body) = row::read_content(tx.connection, ticket.seq)?;
    let dying = Dying { seq: ticket.seq, group: group.as_deref(), sent, head, body: &body };
    set_dead(tx, namespace, (partition, dead), dying, facts)?;
    Ok(true)
}

/// A place along the messages that are due: when, and the number.
pub(crate) type Place = (i64, i64);

/// Where a dead letter came from.
pub(crate) enum Home {
    /// Another queue.
    Queue,
    /// A channel of events.
    Channel(Channel),
}

/// Moves messages back to where they came from, if that is
/// still there and they are with nobody. Looks at those after a place, as many
/// as one transaction may. What it moved, and after which place to go on;
/// `None` at the end. What cannot be moved is passed over, with its group.
pub(crate) fn send_back(
    tx: &mut Tx<'_>,
    namespace: &Namespace,
    dead: i64,
    after: Place,
    what: &MoveBack,
) -> Result<(MovedBack, Option<Place>), StorageError> {
    let heads = heads(tx, dead, after)?;
    let most = BATCH_MAX as usize;
    let next = heads.last().filter(|_| heads.len() == most).map(|(place, _)| *place);
    let mut moved = MovedBack::default();
    // A dry run writes nothing that would hold others up.
    let limit = if what.dry_run { what.limit } else { what.limit.min(most) };
    for ((_, first), group) in heads {
        let mut head = Some(first);
        while let Some(seq) = head {
            if moved.count >= limit as u64 {
                // What follows in a group may be due before this place.
                return Ok((moved, Some(Place::default())));
            }
            // Read before it is gone.
            let follower = match &group {
                Some(group) => receive::follower(tx, dead, group, seq)?.map(|due| due.seq),
                None => None,
            };
            let Some(home) = send_one(tx, namespace, dead, (seq, group.as_deref()), what)? else {
                break;
            };
            moved.count += 1;
            if let Home::Channel(channel) = home {
                moved.channels.insert(channel);
            }
            head = follower;
        }
    }
    Ok((moved, next))
}

/// What is due after a place, each with its group.
fn heads(
    tx: &Tx<'_>,
    partition: i64,
    after: Place,
) -> Result<Vec<(Place, Option<String>)>, StorageError> {
    let sql = "SELECT due, seq, grp FROM message \
               WHERE line = ?1 AND due <= ?2 AND (due, seq) > (?3, ?4) ORDER BY due, seq LIMIT ?5";
    let now = tx.now.as_millisecond();
    tx.connection
        .prepare_cached(sql)
        .and_then(|mut select| {
            let read = |row: &rusqlite::Row<'_>| Ok(((row.get(0)?, row.get(1)?), row.get(2)?));
            let bounds = params![partition, now, after.0, after.1, BATCH_MAX as i64];
            select.query_map(bounds, read)?.collect()
        })
        .map_err(failed)
}

/// Moves one back; where to, or none if it stays.
fn send_one(
    tx: &mut Tx<'_>,
    namespace: &Namespace,
    dead: i64,
    (seq, group): (i64, Option<&str>),
    what: &MoveBack,
) -> Result<Option<Home>, StorageError> {
    let (mut head, body) = match row::read_content(tx.connection, seq) {
        Ok(content) => content,
        Err(StorageError::Corrupt { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let facts = head.dead.take();
    if !rules::is_meant(what, &head.attributes, facts.as_ref()) {
        return Ok(None);
    }
    let source = match head.from.take() {
        Some(id) => partition::get(tx.connection, id)?,
        None => None,
    };
    let Some(source) = source else { return Ok(None) };
    let home = match partition::channel(&source) {
        Some(channel) if head.event.is_some() => Home::Channel(channel),
        None if head.event.is_none() => Home::Queue,
        _ => return Ok(None),
    };
    if what.dry_run {
        return Ok(Some(home));
    }
    settle::remove(tx, namespace, dead, seq, group)?;
    if matches!(home, Home::Channel(_)) {
        // What the message said of the event.
        head.attributes.clear();
    }
    let group = group.filter(|_| matches!(home, Home::Queue));
    let head = head.encode()?;
    let new = New { head: &head, body: &body, group, sent: tx.now, visible: tx.now };
    count_messages(tx, namespace, (1, new.weight()));
    send::send(tx, source.id, &new)?;
    Ok(Some(home))
}
