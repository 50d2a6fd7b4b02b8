use jiff::Timestamp;
use lambent_types::Namespace;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::embedded::messages::line::Kind;
use crate::embedded::messages::row::{self, failed};
use crate::embedded::messages::send::{head_of_group, wake};
use crate::embedded::quota::{Held, count};
use crate::embedded::shard::Tx;
use crate::error::StorageError;
use crate::queues::Receipt;

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

fn held(tx: &Tx<'_>, line: i64, ticket: Ticket) -> Result<Option<Good>, StorageError> {
    let sql = "SELECT grp, due IS NOT NULL FROM message \
               WHERE seq = ?1 AND line = ?2 AND lease = ?3 AND leased = 1";
    tx.connection
        .prepare_cached(sql)
        .and_then(|mut select| {
            let read =
                |row: &rusqlite::Row<'_>| Ok(Good { group: row.get(0)?, is_head: row.get(1)? });
            select.query_row(params![ticket.seq, line, ticket.lease], read).optional()
        })
        .map_err(failed)
}

/// Deletes a message that a ticket is good for; `false` if it is not.
pub(crate) fn delete(
    tx: &mut Tx<'_>,
    namespace: &Namespace,
    line: i64,
    ticket: Ticket,
) -> Result<bool, StorageError> {
    let Some(held) = held(tx, line, ticket)? else { return Ok(false) };
    remove(tx, namespace, line, ticket.seq, held.group.as_deref())?;
    Ok(true)
}

/// Takes a message out of its line; the next of its group is then the first.
pub(crate) fn remove(
    tx: &mut Tx<'_>,
    namespace: &Namespace,
    line: i64,
    seq: i64,
    group: Option<&str>,
) -> Result<(), StorageError> {
    let weight = row::weight(tx.connection, seq)?;
    count(tx, namespace, Held::MessageBytes, -weight)?;
    for sql in ["DELETE FROM message WHERE seq = ?1", "DELETE FROM content WHERE seq = ?1"] {
        tx.connection
            .prepare_cached(sql)
            .and_then(|mut delete| delete.execute([seq]))
            .map_err(failed)?;
    }
    match group {
        Some(group) => unblock(tx, line, group),
        None => Ok(()),
    }
}

/// Makes the first message of a group due at the end of its delay or lease.
fn unblock(tx: &mut Tx<'_>, line: i64, group: &str) -> Result<(), StorageError> {
    let Some(head) = head_of_group(tx, line, group)? else { return Ok(()) };
    let sql = "UPDATE message SET due = visible WHERE seq = ?1 AND due IS NULL";
    tx.connection
        .prepare_cached(sql)
        .and_then(|mut update| update.execute([head]))
        .map_err(failed)?;
    wake(tx, line);
    Ok(())
}

/// Sets when a message that a ticket is good for can be received again, and
/// whether somebody still has it; `uncount` undoes this receipt. `false` if
/// the ticket is not good.
pub(crate) fn return_at(
    tx: &mut Tx<'_>,
    line: i64,
    ticket: Ticket,
    visible: Timestamp,
    still_leased: bool,
    uncount: bool,
) -> Result<bool, StorageError> {
    let Some(held) = held(tx, line, ticket)? else { return Ok(false) };
    let sql = "UPDATE message SET visible = ?2, due = CASE WHEN ?3 THEN ?2 ELSE NULL END, \
               leased = ?4, receives = receives - ?5 WHERE seq = ?1";
    let visible = visible.as_millisecond();
    tx.connection
        .prepare_cached(sql)
        .and_then(|mut update| {
            update.execute(params![ticket.seq, visible, held.is_head, still_leased, uncount])
        })
        .map_err(failed)?;
    wake(tx, line);
    Ok(true)
}

/// Takes a damaged message out of the way without deleting it: it is due never.
/// Those of its group that follow are no longer held up by it.
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
        Some((line, Some(group))) => unblock(tx, line, &group),
        _ => Ok(()),
    }
}

/// Deletes everything in a line. How many messages there were.
pub(crate) fn purge(
    tx: &mut Tx<'_>,
    namespace: &Namespace,
    line: i64,
) -> Result<u64, StorageError> {
    let mut count = 0;
    for column in ["due IS NOT NULL", "grp IS NOT NULL"] {
        let sql = format!("SELECT seq FROM message WHERE line = ?1 AND {column}");
        let found: Vec<i64> = tx
            .connection
            .prepare_cached(&sql)
            .and_then(|mut select| select.query_map([line], |row| row.get(0))?.collect())
            .map_err(failed)?;
        for seq in found {
            remove(tx, namespace, line, seq, None)?;
            count += 1;
        }
    }
    Ok(count)
}

/// Ends all leases of a process that is gone, in every channel. Walks along
/// what is not due, which are leases and retries, never along a backlog.
pub(crate) fn end_leases(connection: &Connection, now: i64) -> rusqlite::Result<()> {
    let sql = "SELECT message.seq, message.line, message.grp FROM line JOIN message \
               ON message.line = line.id WHERE line.kind <> ?2 AND message.due > ?1 \
               AND message.leased = 1";
    let leased: Vec<(i64, i64, Option<String>)> = connection
        .prepare(sql)?
        .query_map(params![now, Kind::Queue as i64], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?
        .collect::<Result<_, _>>()?;
    for (seq, line, group) in leased {
        connection
            .prepare_cached("UPDATE message SET leased = 0, visible = ?2, due = ?2 WHERE seq = ?1")?
            .execute([seq, now])?;
        if let Some(group) = group {
            let followers = "UPDATE message SET leased = 0, visible = ?3 \
                             WHERE line = ?1 AND grp = ?2 AND leased = 1 AND due IS NULL";
            connection.prepare_cached(followers)?.execute(params![line, group, now])?;
        }
    }
    Ok(())
}
