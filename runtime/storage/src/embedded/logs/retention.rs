use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _};

/// Most blocks deleted in one transaction for their age.
const AGED_MAX: i64 = 1000;
/// Most blocks deleted between two looks at the size: they may be large. Nor more
/// than a sixteenth of all, or few large ones would take the newest along.
const TRIM_MAX: i64 = 16;

/// Deletes what is older than `age_max`. Returns how long what is then the oldest
/// has left; `None` if nothing is there.
pub(super) fn by_age(
    connection: &Connection,
    age_max: Duration,
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
                    ORDER BY cursor LIMIT ?2)";
    let mut statement = connection.prepare_cached(delete)?;
    while statement.execute([oldest.as_microsecond(), AGED_MAX])? > 0 {}
    let first = "SELECT started_us FROM block ORDER BY cursor LIMIT 1";
    let first = connection.prepare_cached(first)?.query_row([], |row| row.get(0)).optional()?;
    Ok(first.map(|started_us: i64| {
        let left = started_us.saturating_sub(oldest.as_microsecond());
        Duration::from_micros(u64::try_from(left).unwrap_or(0))
    }))
}

/// Deletes the oldest if there is more than `bytes_max`.
pub(super) fn by_size(connection: &mut Connection, bytes_max: u64) -> rusqlite::Result<()> {
    if used_bytes(connection)? <= bytes_max {
        return Ok(());
    }
    let delete = "DELETE FROM block WHERE cursor IN (\
                    SELECT cursor FROM block WHERE cursor <= \
                      (SELECT min(cursor) FROM block) + \
                      ((SELECT max(cursor) FROM block) - \
                       (SELECT min(cursor) FROM block)) / 16 \
                    ORDER BY cursor LIMIT ?1)";
    let transaction = connection.transaction()?;
    let mut statement = transaction.prepare_cached(delete)?;
    // Some more than needed, so that not every batch has to.
    while used_bytes(&transaction)? > bytes_max / 10 * 9 && statement.execute([TRIM_MAX])? > 0 {}
    drop(statement);
    transaction.commit()
}

/// Bytes of the database that hold something.
fn used_bytes(connection: &Connection) -> rusqlite::Result<u64> {
    let sql = "SELECT (page_count - freelist_count) * page_size \
               FROM pragma_page_count, pragma_freelist_count, pragma_page_size";
    connection.prepare_cached(sql)?.query_row([], |row| row.get(0)).map(i64::unsigned_abs)
}
