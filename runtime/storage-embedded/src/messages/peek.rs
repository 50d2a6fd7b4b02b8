use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::messages::row::{self, Taken, failed, time};
use lambent_storage::{MessageState, StorageError};

/// Reads messages of a partition whose number is after `after`, and takes none.
pub(crate) fn peek(
    connection: &Connection,
    partition: i64,
    after: i64,
    limit: usize,
    now: Timestamp,
) -> Result<Vec<(Taken, MessageState)>, StorageError> {
    let sql = "SELECT seq, receives, grp, sent, visible, leased FROM message \
               WHERE line = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    type Row = (i64, u32, Option<String>, i64, i64, i64);
    let rows: Vec<Row> = connection
        .prepare_cached(sql)
        .and_then(|mut select| {
            let read = |row: &rusqlite::Row<'_>| {
                let (seq, receives, group) = (row.get(0)?, row.get(1)?, row.get(2)?);
                Ok((seq, receives, group, row.get(3)?, row.get(4)?, row.get(5)?))
            };
            select.query_map(params![partition, after, limit], read)?.collect()
        })
        .map_err(failed)?;
    let mut found = Vec::with_capacity(rows.len());
    for (seq, receives, group, sent, visible, leased) in rows {
        let (head, body) = match row::read_content(connection, seq) {
            Ok(content) => content,
            // Whoever receives it next sets it aside.
            Err(StorageError::Corrupt { .. }) => continue,
            Err(error) => return Err(error),
        };
        let state = match visible > now.as_millisecond() {
            false => MessageState::Ready,
            true if leased != 0 => MessageState::InFlight,
            true => MessageState::Delayed,
        };
        let sent = time(sent);
        found.push((Taken { seq, lease: 0, receives, group, sent, head, body }, state));
    }
    Ok(found)
}
