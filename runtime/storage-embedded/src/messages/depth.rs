use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::messages::row::{failed, time};
use lambent_storage::{Depth, StorageError};

/// Due never: set aside.
const NEVER: i64 = i64::MAX;

/// How much a partition holds. Counts along the index, which takes some tens of
/// milliseconds for a million messages. The oldest is exact but for messages
/// that came back after a lease.
pub(crate) fn depth(
    connection: &Connection,
    partition: i64,
    now: Timestamp,
) -> Result<Depth, StorageError> {
    let now = now.as_millisecond();
    let ready: i64 = connection
        .prepare_cached("SELECT COUNT(*) FROM message WHERE line = ?1 AND due <= ?2")
        .and_then(|mut select| select.query_row(params![partition, now], |row| row.get(0)))
        .map_err(failed)?;
    let first: Option<i64> = connection
        .prepare_cached(
            "SELECT sent FROM message WHERE line = ?1 AND due <= ?2 ORDER BY due, seq LIMIT 1",
        )
        .and_then(|mut select| {
            select.query_row(params![partition, now], |row| row.get(0)).optional()
        })
        .map_err(failed)?;
    let counts = |sql: &str| {
        let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
        let mut select = connection.prepare_cached(sql)?;
        select.query_row(params![partition, now, NEVER], read)
    };
    type Counts = (i64, i64, i64, Option<i64>);
    const COLUMNS: &str = "COUNT(*) FILTER (WHERE visible <= ?2), \
                           COUNT(*) FILTER (WHERE visible > ?2 AND leased <> 0), \
                           COUNT(*) FILTER (WHERE visible > ?2 AND leased = 0), MIN(sent)";
    let later: Counts =
        counts(&format!("SELECT {COLUMNS} FROM message WHERE line = ?1 AND due > ?2 AND due < ?3"))
            .map_err(failed)?;
    let blocked: Counts = counts(&format!(
        "SELECT {COLUMNS} FROM message INDEXED BY message_group \
         WHERE line = ?1 AND grp IS NOT NULL AND due IS NULL AND visible < ?3"
    ))
    .map_err(failed)?;
    Ok(Depth {
        ready: (ready + later.0 + blocked.0).unsigned_abs(),
        in_flight: (later.1 + blocked.1).unsigned_abs(),
        delayed: (later.2 + blocked.2).unsigned_abs(),
        oldest: [first, later.3, blocked.3].into_iter().flatten().min().map(time),
    })
}
