use std::collections::BTreeSet;

use bytes::Bytes;
use jiff::Timestamp;
use lambent_types::Namespace;
use rusqlite::{Connection, params};

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
    head.dead = Some(facts);
    // An event goes back to its channel, through however many queues it went.
    if head.event.is_none() {
        head.from = Some(partition);
    }
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

/// What of a dead-letter queue is moved.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) dead: i64,
    /// The newest message when it began: what comes back meanwhile would be moved for ever.
    pub(crate) last: i64,
    /// The queue that all of it goes to; else each goes back to where it came from.
    pub(crate) to: Option<i64>,
    pub(crate) now: Timestamp,
}

/// Moves messages back to where they came from, if that is
/// still there and they are with nobody. Looks at those after a place, as many
/// as one transaction may. What it moved, and after which place to go on;
/// `None` at the end. What cannot be moved is passed over, with its group.
pub(crate) fn send_back(
    tx: &mut Tx<'_>,
    namespace: &Namespace,
    span: Span,
    after: Place,
    what: &MoveBack,
) -> Result<(MovedBack, Option<Place>), StorageError> {
    let mut channels = BTreeSet::new();
    let limit = (what.limit as u64).min(BATCH_MAX);
    let (count, next) = span.step(tx.connection, after, what, limit, |seq, group, letter| {
        if let Home::Channel(channel) = letter.send(tx, namespace, (span.dead, seq), group)? {
            channels.insert(channel);
        }
        Ok(())
    })?;
    Ok((MovedBack { count, channels }, next))
}

/// How many messages would be moved.
pub(crate) fn count(
    connection: &Connection,
    span: Span,
    what: &MoveBack,
) -> Result<u64, StorageError> {
    let (limit, mut count) = (what.limit as u64, 0);
    let mut from = Some(Place::default());
    while let Some(after) = from.filter(|_| count < limit) {
        let (more, next) = span.step(connection, after, what, limit - count, |_, _, _| Ok(()))?;
        (count, from) = (count + more, next);
    }
    Ok(count)
}

impl Span {
    /// Takes the letters that are meant among those that are due after a place, as many as one
    /// transaction may look at, up to a limit. How many there were, and after which place to go
    /// on; `None` at the end. What is not meant is passed over, with its group.
    fn step(
        self,
        connection: &Connection,
        after: Place,
        what: &MoveBack,
        limit: u64,
        mut take: impl FnMut(i64, Option<&str>, Letter) -> Result<(), StorageError>,
    ) -> Result<(u64, Option<Place>), StorageError> {
        let heads = self.heads(connection, after)?;
        let is_full = heads.len() == BATCH_MAX as usize;
        let next = heads.last().filter(|_| is_full).map(|(place, _)| *place);
        let mut count = 0;
        for ((_, first), group) in heads {
            let (mut head, group) = (Some(first), group.as_deref());
            while let Some(seq) = head {
                if count >= limit {
                    // What follows in a group may be due before this place.
                    return Ok((count, Some(Place::default())));
                }
                // Read before it is gone.
                let follower = self.follower(connection, group, seq)?;
                let Some(letter) = Letter::read(connection, seq, self.to, what)? else { break };
                take(seq, group, letter)?;
                (count, head) = (count + 1, follower);
            }
        }
        Ok((count, next))
    }

    /// What is due after a place, each with its group.
    fn heads(
        self,
        connection: &Connection,
        after: Place,
    ) -> Result<Vec<(Place, Option<String>)>, StorageError> {
        let sql = "SELECT due, seq, grp FROM message WHERE line = ?1 AND due <= ?2 \
                   AND (due, seq) > (?3, ?4) AND seq <= ?5 ORDER BY due, seq LIMIT ?6";
        let Self { dead, last, now, .. } = self;
        let bounds = params![dead, now.as_millisecond(), after.0, after.1, last, BATCH_MAX as i64];
        connection
            .prepare_cached(sql)
            .and_then(|mut select| {
                let read = |row: &rusqlite::Row<'_>| Ok(((row.get(0)?, row.get(1)?), row.get(2)?));
                select.query_map(bounds, read)?.collect()
            })
            .map_err(failed)
    }

    /// The next message of a group, if it can be moved after one.
    fn follower(
        self,
        connection: &Connection,
        group: Option<&str>,
        seq: i64,
    ) -> Result<Option<i64>, StorageError> {
        let Some(group) = group else { return Ok(None) };
        let due = receive::follower(connection, self.now, self.dead, (group, seq))?;
        Ok(due.map(|due| due.seq).filter(|seq| *seq <= self.last))
    }
}

/// A dead letter that is meant and has somewhere to go back to.
struct Letter {
    head: Head,
    body: Bytes,
    source: i64,
    home: Home,
}

impl Letter {
    fn read(
        connection: &Connection,
        seq: i64,
        to: Option<i64>,
        what: &MoveBack,
    ) -> Result<Option<Self>, StorageError> {
        let (mut head, body) = match row::read_content(connection, seq) {
            Ok(content) => content,
            Err(StorageError::Corrupt { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let facts = head.dead.take();
        if !rules::is_meant(what, &head.attributes, facts.as_ref()) {
            return Ok(None);
        }
        let from = head.from.take();
        if to.is_some() {
            head.event = None;
        }
        let source = match to.or(from) {
            Some(id) => partition::get(connection, id)?,
            None => None,
        };
        let Some(source) = source else { return Ok(None) };
        let home = match partition::channel(&source) {
            Some(channel) if head.event.is_some() => Home::Channel(channel),
            None if head.event.is_none() => Home::Queue,
            _ => return Ok(None),
        };
        Ok(Some(Self { head, body, source: source.id, home }))
    }

    /// Moves it; where to.
    fn send(
        self,
        tx: &mut Tx<'_>,
        namespace: &Namespace,
        (dead, seq): (i64, i64),
        group: Option<&str>,
    ) -> Result<Home, StorageError> {
        let Self { mut head, body, source, home } = self;
        settle::remove(tx, namespace, dead, seq, group)?;
        if matches!(home, Home::Channel(_)) {
            // What the message said of the event.
            head.attributes.clear();
            head.attribute_types.clear();
        }
        let group = group.filter(|_| matches!(home, Home::Queue));
        let head = head.encode()?;
        let new = New { head: &head, body: &body, group, sent: tx.now, visible: tx.now };
        count_messages(tx, namespace, (1, new.weight()));
        send::send(tx, source, &new)?;
        Ok(home)
    }
}
