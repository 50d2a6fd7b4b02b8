use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::messages::row::{self, Taken, failed, time};
use lambent_storage::backend::queues as rules;
use lambent_storage::{MessageState, StorageError};

/// Reads messages of a partition whose number is after `after`, and takes none: as many as
/// are asked for, unless there are no more. What is damaged is passed over; whoever receives it
/// next sets it aside.
pub(crate) fn peek(
    connection: &Connection,
    partition: i64,
    mut after: i64,
    limit: usize,
    now: Timestamp,
) -> Result<Vec<(Taken, MessageState)>, StorageError> {
    // What is deleted meanwhile is seen whole or not at all.
    let snapshot = connection.unchecked_transaction().map_err(failed)?;
    let mut found = Vec::new();
    while found.len() < limit {
        let rows = rows(&snapshot, partition, after, limit - found.len())?;
        let Some(last) = rows.last() else { break };
        after = last.seq;
        for Row { seq, receives, group, sent, first, visible, leased } in rows {
            let (head, body) = match row::read_content(&snapshot, seq) {
                Ok(content) => content,
                Err(StorageError::Corrupt { .. }) => continue,
                Err(error) => return Err(error),
            };
            let state = rules::state(time(visible), leased, now);
            let sent = time(sent);
            let first = first.map(time);
            found.push((Taken { seq, lease: 0, receives, group, sent, first, head, body }, state));
        }
    }
    Ok(found)
}

struct Row {
    seq: i64,
    receives: u32,
    group: Option<String>,
    sent: i64,
    first: Option<i64>,
    visible: i64,
    leased: bool,
}

/// By the indexes of what is due and of groups, since the table has the messages of all
/// partitions of the shard in the order of their numbers.
fn rows(
    connection: &Connection,
    partition: i64,
    after: i64,
    limit: usize,
) -> Result<Vec<Row>, StorageError> {
    let sql = "WITH own (seq) AS ( \
                 SELECT seq FROM message WHERE line = ?1 AND due IS NOT NULL AND seq > ?2 \
                 UNION ALL \
                 SELECT seq FROM message \
                   WHERE line = ?1 AND grp IS NOT NULL AND due IS NULL AND seq > ?2 \
                 ORDER BY seq LIMIT ?3) \
               SELECT seq, receives, grp, sent, visible, leased, first FROM own JOIN message USING (seq) \
               ORDER BY seq";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Row {
            seq: row.get(0)?,
            receives: row.get(1)?,
            group: row.get(2)?,
            sent: row.get(3)?,
            visible: row.get(4)?,
            leased: row.get::<_, i64>(5)? != 0,
            first: row.get(6)?,
        })
    };
    connection
        .prepare_cached(sql)
        .and_then(|mut select| select.query_map(params![partition, after, limit], read)?.collect())
        .map_err(failed)
}
