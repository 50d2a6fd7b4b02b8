use std::cell::Cell;

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};

use crate::messages::row::{self, failed};
use crate::shard::Tx;
use lambent_storage::StorageError;

/// Numbers are taken from the database so many at a time; what a crash leaves
/// unused is never used.
const NUMBERS: i64 = 4096;

/// A message to be put at the end of a partition.
pub(crate) struct New<'a> {
    /// The encoded head of the message.
    pub(crate) head: &'a str,
    pub(crate) body: &'a [u8],
    pub(crate) group: Option<&'a str>,
    /// When it was sent first.
    pub(crate) sent: Timestamp,
    /// When it can be received.
    pub(crate) visible: Timestamp,
}

impl New<'_> {
    /// How many bytes it counts for in a quota.
    pub(crate) fn weight(&self) -> i64 {
        i64::try_from(self.head.len() + self.body.len()).unwrap_or(i64::MAX)
    }
}

/// Numbers that were taken from the database and not used: the next, and the end.
struct Numbers(Cell<(i64, i64)>);

/// The next number, greater than all before it, also of those that are gone.
pub(crate) fn next_seq(tx: &Tx<'_>) -> Result<i64, StorageError> {
    let taken = tx.cache.get::<Numbers>();
    if let Some(taken) = taken {
        let (next, end) = taken.0.get();
        if next < end {
            taken.0.set((next + 1, end));
            return Ok(next);
        }
    }
    let sql = "UPDATE sequence SET next = next + ?1 RETURNING next";
    let end: i64 = tx
        .connection
        .prepare_cached(sql)
        .and_then(|mut update| update.query_row([NUMBERS], |row| row.get(0)))
        .map_err(failed)?;
    tx.cache.set(Numbers(Cell::new((end - NUMBERS + 1, end))));
    Ok(end - NUMBERS)
}

/// Puts a message at the end of a partition, and wakes who waits there. What it
/// counts for in a quota is counted by the caller.
pub(crate) fn send(tx: &mut Tx<'_>, partition: i64, new: &New<'_>) -> Result<i64, StorageError> {
    let seq = next_seq(tx)?;
    let blocked = match new.group {
        Some(group) => head_of_group(tx, partition, group)?.is_some(),
        None => false,
    };
    let visible = new.visible.as_millisecond();
    let due = (!blocked).then_some(visible);
    let sql = "INSERT INTO message (seq, line, due, visible, grp, sent, receives, lease, leased) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0, 0)";
    tx.connection
        .prepare_cached(sql)
        .and_then(|mut insert| {
            let sent = new.sent.as_millisecond();
            insert.execute(params![seq, partition, due, visible, new.group, sent])
        })
        .map_err(failed)?;
    row::write_content(tx.connection, seq, new.head, new.body)?;
    if !blocked {
        wake(tx, partition);
    }
    Ok(seq)
}

/// Wakes who waits at a partition once this is committed.
pub(crate) fn wake(tx: &mut Tx<'_>, partition: i64) {
    let signals = tx.signals.clone();
    tx.after_commit(move || signals.wake(partition));
}

/// The first message of a group.
pub(crate) fn head_of_group(
    tx: &Tx<'_>,
    partition: i64,
    group: &str,
) -> Result<Option<i64>, StorageError> {
    tx.connection
        .prepare_cached("SELECT seq FROM message WHERE line = ?1 AND grp = ?2 ORDER BY seq LIMIT 1")
        .and_then(|mut select| {
            select.query_row(params![partition, group], |row| row.get(0)).optional()
        })
        .map_err(failed)
}
