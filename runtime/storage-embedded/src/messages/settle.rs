use jiff::Timestamp;
use lambent_types::Namespace;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::messages::partition;
use crate::messages::row::{self, failed};
use crate::messages::send::{head_of_group, wake};
use crate::quota::count_messages;
use crate::shard::{Growth, Shard, Tx};
use lambent_storage::{Receipt, StorageError};

/// Which message a receipt is for, and which taking of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) seq: i64,
    pub(crate) lease: i64,
}

impl Ticket {
    /// The receipt that names it.
    pub(crate) fn receipt(self) -> Receipt {
        Receipt(format!("{:x}-{:x}", self.seq, self.lease))
    }

    /// Reads a receipt; `None` if it is none.
    pub(crate) fn parse(receipt: &Receipt) -> Option<Self> {
        let (seq, lease) = receipt.0.split_once('-')?;
        let number = |text| i64::from_str_radix(text, 16).ok().filter(|number| *number > 0);
        Some(Self { seq: number(seq)?, lease: number(lease)? })
    }
}

/// What is known of a message that a ticket is still good for.
struct Good {
    group: Option<String>,
    is_head: bool,
}

fn held(tx: &Tx<'_>, partition: i64, ticket: Ticket) -> Result<Option<Good>, StorageError> {
    let sql = "SELECT grp, due IS NOT NULL FROM message \
               WHERE seq = ?1 AND line = ?2 AND lease = ?3 AND leased <> 0";
    tx.connection
        .prepare_cached(sql)
        .and_then(|mut select| {
            let read =
                |row: &rusqlite::Row<'_>| Ok(Good { group: row.get(0)?, is_head: row.get(1)? });
            select.query_row(params![ticket.seq, partition, ticket.lease], read).optional()
        })
        .map_err(failed)
}

/// The group of a message that a ticket is good for, and when it was sent.
pub(crate) fn held_since(
    tx: &Tx<'_>,
    partition: i64,
    ticket: Ticket,
) -> Result<Option<(Option<String>, Timestamp)>, StorageError> {
    let Some(good) = held(tx, partition, ticket)? else { return Ok(None) };
    let sent = tx
        .connection
        .prepare_cached("SELECT sent FROM message WHERE seq = ?1")
        .and_then(|mut select| select.query_row([ticket.seq], |row| row.get(0)))
        .map_err(failed)?;
    Ok(Some((good.group, row::time(sent))))
}

/// Deletes a message that a ticket is good for; `false` if it is not.
pub(crate) fn delete(
    tx: &mut Tx<'_>,
    namespace: &Namespace,
    partition: i64,
    ticket: Ticket,
) -> Result<bool, StorageError> {
    let Some(held) = held(tx, partition, ticket)? else { return Ok(false) };
    remove(tx, namespace, partition, ticket.seq, held.group.as_deref())?;
    Ok(true)
}

/// Takes a message out of its partition; the next of its group is then the first.
pub(crate) fn remove(
    tx: &mut Tx<'_>,
    namespace: &Namespace,
    partition: i64,
    seq: i64,
    group: Option<&str>,
) -> Result<(), StorageError> {
    let weight = row::weight(tx.connection, seq)?;
    count_messages(tx, namespace, (-1, -weight));
    for sql in ["DELETE FROM message WHERE seq = ?1", "DELETE FROM content WHERE seq = ?1"] {
        tx.connection
            .prepare_cached(sql)
            .and_then(|mut delete| delete.execute([seq]))
            .map_err(failed)?;
    }
    match group {
        Some(group) => unblock(tx, partition, group),
        None => Ok(()),
    }
}

/// Makes the first message of a group due at the end of its delay or lease.
fn unblock(tx: &mut Tx<'_>, partition: i64, group: &str) -> Result<(), StorageError> {
    let Some(head) = head_of_group(tx, partition, group)? else { return Ok(()) };
    let sql = "UPDATE message SET due = visible WHERE seq = ?1 AND due IS NULL";
    tx.connection
        .prepare_cached(sql)
        .and_then(|mut update| update.execute([head]))
        .map_err(failed)?;
    wake(tx, partition);
    Ok(())
}

/// Sets when a message that a ticket is good for can be received again, and
/// whether somebody still has it; `uncount` undoes this receipt. `false` if
/// the ticket is not good.
pub(crate) fn return_at(
    tx: &mut Tx<'_>,
    partition: i64,
    ticket: Ticket,
    visible: Timestamp,
    still_leased: bool,
    uncount: bool,
) -> Result<bool, StorageError> {
    let Some(held) = held(tx, partition, ticket)? else { return Ok(false) };
    let sql = "UPDATE message SET visible = ?2, due = CASE WHEN ?3 THEN ?2 ELSE NULL END, \
               leased = ?4, receives = receives - ?5 WHERE seq = ?1";
    let visible = visible.as_millisecond();
    tx.connection
        .prepare_cached(sql)
        .and_then(|mut update| {
            update.execute(params![ticket.seq, visible, held.is_head, still_leased, uncount])
        })
        .map_err(failed)?;
    wake(tx, partition);
    Ok(true)
}

/// Takes a damaged message out of the way without deleting it: it is due never.
/// The messages of its group that follow may come now.
pub(crate) fn set_aside(tx: &mut Tx<'_>, seq: i64) -> Result<(), StorageError> {
    let group: Option<(i64, Option<String>)> = tx
        .connection
        .prepare_cached("SELECT line, grp FROM message WHERE seq = ?1")
        .and_then(|mut select| {
            select.query_row([seq], |row| Ok((row.get(0)?, row.get(1)?))).optional()
        })
        .map_err(failed)?;
    tx.connection
        .prepare_cached("UPDATE message SET due = ?2, visible = ?2, grp = NULL WHERE seq = ?1")
        .and_then(|mut update| update.execute([seq, i64::MAX]))
        .map_err(failed)?;
    match group {
        Some((partition, Some(group))) => unblock(tx, partition, &group),
        _ => Ok(()),
    }
}

/// The most messages that one transaction deletes or moves, so that no large
/// partition holds up other writers for long.
pub(crate) const BATCH_MAX: u64 = 1000;

/// Deletes messages of a partition up to the number `last`, at most [`BATCH_MAX`].
/// How many; fewer than that if none is left. Those of a group go in their
/// order, so that what remains can be received in between.
pub(crate) fn purge(
    tx: &mut Tx<'_>,
    namespace: &Namespace,
    partition: i64,
    last: i64,
) -> Result<u64, StorageError> {
    let sql = "SELECT seq, grp FROM message \
               WHERE line = ?1 AND due IS NOT NULL AND seq <= ?2 LIMIT ?3";
    let mut count = 0;
    while count < BATCH_MAX {
        let heads: Vec<(i64, Option<String>)> = tx
            .connection
            .prepare_cached(sql)
            .and_then(|mut select| {
                let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
                select
                    .query_map(params![partition, last, (BATCH_MAX - count) as i64], read)?
                    .collect()
            })
            .map_err(failed)?;
        if heads.is_empty() {
            break;
        }
        for (seq, group) in heads {
            remove(tx, namespace, partition, seq, group.as_deref())?;
            count += 1;
        }
    }
    Ok(count)
}

/// The number of the newest message of all.
pub(crate) fn newest(connection: &Connection) -> Result<i64, StorageError> {
    connection
        .query_row("SELECT COALESCE(MAX(seq), 0) FROM message", [], |row| row.get(0))
        .map_err(failed)
}

/// Deletes everything that is in a partition now, in as many transactions as it
/// takes. How many messages there were.
pub(crate) async fn purge_all(
    shard: &Shard,
    namespace: &Namespace,
    partition: i64,
) -> Result<u64, StorageError> {
    let last = shard.write(Growth::Frees, |tx| newest(tx.connection)).await?;
    let mut count = 0;
    loop {
        let namespace = namespace.clone();
        let deleted =
            shard.write(Growth::Frees, move |tx| purge(tx, &namespace, partition, last)).await?;
        count += deleted;
        if deleted < BATCH_MAX {
            return Ok(count);
        }
    }
}

/// Deletes a partition with what is in it, as far as one transaction may. Whether it
/// is gone; if not, this is to be done again.
pub(crate) fn delete_partition(
    tx: &mut Tx<'_>,
    namespace: &Namespace,
    partition: i64,
) -> Result<bool, StorageError> {
    let is_empty = purge(tx, namespace, partition, i64::MAX)? < BATCH_MAX;
    if is_empty {
        partition::delete(tx.connection, partition)?;
    }
    Ok(is_empty)
}

/// Ends all leases of a process that is gone. Walks along those alone.
pub(crate) fn end_leases(connection: &Connection, now: i64) -> rusqlite::Result<()> {
    let sql = "UPDATE message SET leased = 0, visible = MIN(visible, ?1), \
               due = CASE WHEN due IS NULL THEN NULL ELSE MIN(due, ?1) END WHERE leased = 2";
    connection.execute(sql, [now]).map(drop)
}
