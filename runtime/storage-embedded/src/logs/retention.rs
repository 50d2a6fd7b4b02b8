use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::logs::shares::{Gone, Shares};

/// Most blocks deleted in one transaction for their age.
const AGED_MAX: i64 = 1000;
/// Most blocks deleted between two looks at the size: they may be large. Nor more
/// than a sixteenth of their namespace's, or few large ones would take the newest along.
const TRIM_MAX: u64 = 16;

/// Deletes what is older than `age_max`. Returns how long what is then the oldest
/// has left; `None` if nothing is there.
pub(super) fn by_age(
    connection: &Connection,
    age_max: Duration,
    shares: &mut Shares,
) -> rusqlite::Result<Option<Duration>> {
    let age = SignedDuration::try_from(age_max).unwrap_or(SignedDuration::MAX);
    let now = Timestamp::now();
    let oldest = now.checked_sub(age).unwrap_or(Timestamp::MIN);
    // Cursors follow the ends of invocations, nearly in the order of their
    // starts: everything before the first that is young enough goes.
    let delete = "DELETE FROM block WHERE cursor IN (\
                    SELECT cursor FROM block WHERE cursor < coalesce(\
                      (SELECT cursor FROM block WHERE started_us >= ?1 \
                       ORDER BY cursor LIMIT 1), 9223372036854775807) \
                    ORDER BY cursor LIMIT ?2) \
                  RETURNING namespace, length(body)";
    let mut statement = connection.prepare_cached(delete)?;
    loop {
        let parameters = [oldest.as_microsecond(), AGED_MAX];
        let gone = statement.query_map(parameters, gone)?.collect::<rusqlite::Result<Vec<_>>>()?;
        gone.iter().for_each(|gone| shares.remove(gone));
        if gone.is_empty() {
            break;
        }
    }
    let first = "SELECT started_us FROM block ORDER BY cursor LIMIT 1";
    let first = connection.prepare_cached(first)?.query_row([], |row| row.get(0)).optional()?;
    Ok(first.map(|started_us: i64| {
        let left = started_us.saturating_sub(oldest.as_microsecond());
        Duration::from_micros(u64::try_from(left).unwrap_or(0))
    }))
}

fn gone(row: &rusqlite::Row<'_>) -> rusqlite::Result<Gone> {
    Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()))
}

/// Deletes the oldest if there is more than `bytes_max`: of the namespace that
/// has most, time and again, so that none loses anything to another's flood
/// while it has no more than its equal part.
pub(super) fn by_size(
    connection: &mut Connection,
    bytes_max: u64,
    shares: &mut Shares,
) -> rusqlite::Result<()> {
    if used_bytes(connection)? <= bytes_max {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    // Some more than needed, so that not every batch has to.
    while used_bytes(&transaction)? > bytes_max / 10 * 9 && trim(&transaction, shares)? {}
    transaction.commit()
}

/// Deletes some of the oldest blocks of the namespace that has most. Whether
/// there were any.
fn trim(connection: &Connection, shares: &mut Shares) -> rusqlite::Result<bool> {
    let Some(largest) = shares.largest() else { return Ok(false) };
    let count = (largest.blocks / 16).clamp(1, TRIM_MAX);
    // In the order of cursors from where they begin, not by an index of names.
    let select = "SELECT cursor, length(body) FROM block \
                  WHERE cursor >= ?1 AND +namespace = ?2 ORDER BY cursor LIMIT ?3";
    let mut select = connection.prepare_cached(select)?;
    let found = select
        .query_map(params![largest.from, largest.namespace, count.cast_signed()], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?.unsigned_abs()))
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let mut delete = connection.prepare_cached("DELETE FROM block WHERE cursor = ?1")?;
    for (cursor, bytes) in &found {
        delete.execute([cursor])?;
        shares.passed(&largest.namespace, *cursor);
        shares.remove(&(largest.namespace.clone(), *bytes));
    }
    Ok(!found.is_empty())
}

/// Bytes of the database that hold something.
fn used_bytes(connection: &Connection) -> rusqlite::Result<u64> {
    let sql = "SELECT (page_count - freelist_count) * page_size \
               FROM pragma_page_count, pragma_freelist_count, pragma_page_size";
    connection.prepare_cached(sql)?.query_row([], |row| row.get(0)).map(i64::unsigned_abs)
}
