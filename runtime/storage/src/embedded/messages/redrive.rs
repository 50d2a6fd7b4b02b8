use lambent_types::Namespace;
use rusqlite::params;

use crate::embedded::messages::line::{self, Kind};
use crate::embedded::messages::row::{self, Taken, failed};
use crate::embedded::messages::send::{self, New};
use crate::embedded::messages::settle;
use crate::embedded::quota::{Held, count};
use crate::embedded::shard::Tx;
use crate::error::StorageError;

/// Moves a message that was received too often to the dead-letter queue, and
/// notes where it came from.
pub(crate) fn set_dead(
    tx: &mut Tx<'_>,
    namespace: &Namespace,
    line: i64,
    dead: i64,
    taken: &Taken,
) -> Result<(), StorageError> {
    let mut head = taken.head.clone();
    head.from = Some(line);
    let group = taken.group.as_deref();
    settle::remove(tx, namespace, line, taken.seq, group)?;
    let head = head.encode()?;
    let new = New { head: &head, body: &taken.body, group, sent: taken.sent, visible: tx.now };
    count(tx, namespace, Held::MessageBytes, new.weight())?;
    send::send(tx, dead, &new)?;
    Ok(())
}

/// Moves at most `limit` messages back to where they came from, if that is
/// still there and they are with nobody. How many.
pub(crate) fn send_back(
    tx: &mut Tx<'_>,
    namespace: &Namespace,
    dead: i64,
    limit: usize,
) -> Result<u64, StorageError> {
    let sql =
        "SELECT seq, grp FROM message WHERE line = ?1 AND due <= ?2 ORDER BY due, seq LIMIT ?3";
    let now = tx.now.as_millisecond();
    let mut moved = 0;
    while moved < limit {
        let left = i64::try_from(limit - moved).unwrap_or(i64::MAX).min(1000);
        let found: Vec<(i64, Option<String>)> = tx
            .connection
            .prepare_cached(sql)
            .and_then(|mut select| {
                let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
                select.query_map(params![dead, now, left], read)?.collect()
            })
            .map_err(failed)?;
        let before = moved;
        for (seq, group) in found {
            moved += usize::from(send_one(tx, namespace, dead, seq, group.as_deref())?);
        }
        if moved == before {
            break;
        }
    }
    Ok(moved as u64)
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
        Some(id) => line::get(tx.connection, id)?,
        None => None,
    };
    let Some(source) = source.filter(|line| line.kind == Kind::Queue as i64) else {
        return Ok(false);
    };
    settle::remove(tx, namespace, dead, seq, group)?;
    let head = head.encode()?;
    let new = New { head: &head, body: &body, group, sent: tx.now, visible: tx.now };
    count(tx, namespace, Held::MessageBytes, new.weight())?;
    send::send(tx, source.id, &new)?;
    Ok(true)
}
