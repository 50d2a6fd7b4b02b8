//! When records go.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::tail::Tail;
use super::{by_id, forget};
use crate::quota;
use crate::row::integer;
use crate::shard::Tx;
use crate::tables::NOW;
use crate::tables::schema::{execute, failed, one};
use lambent_storage::backend::tables as rules;
use lambent_storage::{Quota, StorageError};

/// Records of so many milliseconds go together.
const MARK_TIME: i64 = 5 * 60 * 1000;
/// Most records that are trimmed, and marks that are set anew, in one transaction.
const ROWS_MAX: i64 = 256;

/// For how many milliseconds a mark's records are kept at least: so that the last of them was
/// for as long as is promised.
fn kept_time() -> i64 {
    integer(rules::STREAM_TIME.as_millis() as u64) + MARK_TIME
}

/// Whether a record that is written now needs a mark of its own: those before it go at another
/// time, or the clock was set back.
pub(super) fn is_wanted(tail: &Tail, now: Timestamp) -> bool {
    let now = now.as_millisecond();
    tail.marked > now || tail.marked.saturating_add(MARK_TIME) <= now
}

/// Marks where records begin that were written from now on.
pub(super) fn set(
    connection: &Connection,
    (stream, sequence): (i64, i64),
    now: Timestamp,
) -> Result<(), StorageError> {
    let sql = "INSERT OR REPLACE INTO stream_mark VALUES (?1, ?2, ?3)";
    execute(connection, sql, params![stream, sequence, now.as_millisecond()]).map(drop)
}

fn number(
    connection: &Connection,
    sql: &str,
    parameters: impl rusqlite::Params,
) -> Result<Option<i64>, StorageError> {
    one(connection, sql, parameters, |row| row.get(0).map_err(failed))
}

/// When the first records are to go, in seconds: at once if the clock was set back, since then
/// marks are of a time to come.
pub(in crate::tables) fn due(
    connection: &Connection,
    now: Timestamp,
) -> Result<Option<i64>, StorageError> {
    let sql = "SELECT since FROM stream_mark WHERE since > ?1 LIMIT 1";
    if number(connection, sql, [now.as_millisecond()])?.is_some() {
        return Ok(Some(NOW));
    }
    let first = number(connection, "SELECT since FROM stream_mark ORDER BY since LIMIT 1", [])?;
    Ok(first.map(|since| since.saturating_add(kept_time()) / 1000 + 1))
}

/// When a mark that is set now is due, in seconds.
pub(in crate::tables) fn due_of_new(now: Timestamp) -> i64 {
    now.as_millisecond().saturating_add(kept_time()) / 1000 + 1
}

/// Deletes some of the records whose time is over, and a stream that ended as long ago. A stream
/// that is damaged is left alone for as long again, and holds nothing up in the others.
pub(in crate::tables) fn trim(tx: &Tx<'_>) -> Result<(), StorageError> {
    let (connection, now) = (tx.connection, tx.now.as_millisecond());
    let sql = "UPDATE stream_mark SET since = ?1 WHERE (stream, sequence) IN \
               (SELECT stream, sequence FROM stream_mark WHERE since > ?1 LIMIT ?2)";
    execute(connection, sql, [now, ROWS_MAX])?;
    let sql = "SELECT stream, sequence FROM stream_mark WHERE since < ?1 ORDER BY since LIMIT 1";
    let over = one(connection, sql, [now.saturating_sub(kept_time())], |row| {
        Ok((row.get::<_, i64>(0).map_err(failed)?, row.get::<_, i64>(1).map_err(failed)?))
    })?;
    let Some((id, mark)) = over else { return Ok(()) };
    match trim_before(tx, id, mark) {
        Err(error @ StorageError::Corrupt { .. }) => {
            tracing::error!(%error, "cannot clear up a stream");
            set(connection, (id, mark), tx.now)
        }
        trimmed => trimmed,
    }
}

/// Deletes some of the records that a mark, or one before it, is of.
fn trim_before(tx: &Tx<'_>, id: i64, mark: i64) -> Result<(), StorageError> {
    let connection = tx.connection;
    let Some(stream) = by_id(connection, id)? else { return forget(connection, id) };
    let (namespace, mut tail) = (stream.namespace()?, Tail::of(connection, id)?);
    let sql = "SELECT sequence FROM stream_mark WHERE stream = ?1 AND sequence > ?2 \
               ORDER BY sequence LIMIT 1";
    // What was written before it is older, whatever the clock said then.
    let end = number(connection, sql, [id, mark])?.unwrap_or(tail.next);
    let to = end.min(tail.oldest.saturating_add(ROWS_MAX)).max(tail.oldest);
    let sql = "SELECT coalesce(sum(weight), 0) FROM stream_record \
               WHERE stream = ?1 AND sequence >= ?2 AND sequence < ?3";
    let bytes = number(connection, sql, [id, tail.oldest, to])?.unwrap_or_default();
    let sql = "DELETE FROM stream_record WHERE stream = ?1 AND sequence >= ?2 AND sequence < ?3";
    execute(connection, sql, [id, tail.oldest, to])?;
    quota::count(tx, &namespace, Quota::TableBytes, -bytes);
    tail.oldest = to;
    tail.bytes -= bytes;
    if to < end {
        return tail.write(connection);
    }
    let sql = "DELETE FROM stream_mark WHERE stream = ?1 AND sequence <= ?2";
    execute(connection, sql, [id, mark])?;
    let sql = "SELECT sequence FROM stream_mark WHERE stream = ?1 LIMIT 1";
    if !stream.enabled && number(connection, sql, [id])?.is_none() {
        return forget(connection, id);
    }
    tail.write(connection)
}
