use lambent_types::Namespace;
use rusqlite::params;

use crate::messages::partition::{self, Kind};
use crate::messages::receive;
use crate::messages::row::{self, Taken, failed};
use crate::messages::send::{self, New};
use crate::messages::settle::{self, BATCH_MAX};
use crate::quota::count_messages;
use crate::shard::Tx;
use lambent_storage::StorageError;

/// Moves a message that was received too often to the dead-letter queue, and
/// notes where it came from.
pub(crate) fn set_dead(
    tx: &mut Tx<'_>,
    namespace: &Namespace,
    partition: i64,
    dead: i64,
    taken: &Taken,
) -> Result<(), StorageError> {
    let mut head = taken.head.clone();
    head.from = Some(partition);
    let group = taken.group.as_deref();
    settle::remove(tx, namespace, partition, taken.seq, group)?;
    let head = head.encode()?;
    let new = New { head: &head, body: &taken.body, group, sent: taken.sent, visible: tx.now };
    count_messages(tx, namespace, (1, new.weight()));
    send::send(tx, dead, &new)?;
    Ok(())
}

/// A place along the messages that are due: when, and the number.
pub(crate) type Place = (i64, i64);

/// Moves at most `limit` messages back to where they came from, if that is
/// still there and they are with nobody. Looks at those after a place, as many
/// as one transaction may. How many it moved, and after which place to go on;
/// `None` at the end. What cannot be moved is passed over, with its group.
pub(crate) fn send_back(
    tx: &mut Tx<'_>,
    namespace: &Namespace,
    dead: i64,
    after: Place,
    limit: usize,
) -> Result<(usize, Option<Place>), StorageError> {
    let heads = heads(tx, dead, after)?;
    let most = BATCH_MAX as usize;
    let next = heads.last().filter(|_| heads.len() == most).map(|(place, _)| *place);
    let mut moved = 0;
    for ((_, first), group) in heads {
        let mut head = Some(first);
        while let Some(seq) = head {
            if moved >= limit.min(most) {
                // What follows in a group may be due before this place.
                return Ok((moved, Some(Place::default())));
            }
            if !send_one(tx, namespace, dead, seq, group.as_deref())? {
                break;
            }
            moved += 1;
            head = match &group {
                Some(group) => receive::follower(tx, dead, group, seq)?.map(|due| due.seq),
                None => None,
            };
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

fn send_one(
    tx: &mut Tx<'_>,
    namespace: &Namespace,
    dead: i64,
    seq: i64,
    group: Option<&str>,
) -> Result<bool, StorageError> {
    let (mut head, body) = match row::read_content(tx.connection, seq) {
        Ok(content) => content,
        Err(StorageError::Corrupt { .. }) => return Ok(false),
        Err(error) => return Err(error),
    };
    let source = match head.from.take() {
        Some(id) => partition::get(tx.connection, id)?,
        None => None,
    };
    let Some(source) = source.filter(|partition| partition.kind == Kind::Queue as i64) else {
        return Ok(false);
    };
    settle::remove(tx, namespace, dead, seq, group)?;
    let head = head.encode()?;
    let new = New { head: &head, body: &body, group, sent: tx.now, visible: tx.now };
    count_messages(tx, namespace, (1, new.weight()));
    send::send(tx, source.id, &new)?;
    Ok(true)
}
