use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use jiff::Timestamp;
use lambent_types::{Clock, Namespace};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::row::{Checksum, bytes, checksum, intact};
use crate::shard::{Growth, Tx};
use crate::shards::Shards;
use lambent_storage::backend::Sweep;
use lambent_storage::{StorageError, Usage, UsageRecord};

/// `hour` is in seconds since 1970; `function` is the key of the record, which tells versions and
/// aliases of a function apart, and `body` has its name as given.
pub(crate) const SCHEMA: &str = "
CREATE TABLE usage (
    namespace TEXT NOT NULL,
    hour INTEGER NOT NULL,
    function TEXT NOT NULL,
    body TEXT NOT NULL,
    checksum BLOB NOT NULL,
    PRIMARY KEY (namespace, hour, function)
) STRICT, WITHOUT ROWID;
";

const COLUMNS: &str = "SELECT namespace, hour, function, body, checksum FROM usage";

/// Hours that are kept: enough to compare a month with that of the year before.
const HOURS_KEPT: i64 = 400 * 24;
/// Milliseconds between two looks for older ones.
const PAUSE_MS: i64 = 3_600_000;
/// Sums deleted in one transaction.
const PRUNE_MAX: i64 = 512;

/// Usage, in the shard of its namespace.
pub(crate) struct EmbeddedUsage {
    shards: Arc<Shards>,
    clock: Arc<dyn Clock>,
    /// When to look for old sums again, in milliseconds.
    next: AtomicI64,
}

impl EmbeddedUsage {
    pub(crate) fn open((shards, clock): (Arc<Shards>, Arc<dyn Clock>)) -> Self {
        Self { shards, clock, next: AtomicI64::new(i64::MIN) }
    }
}

#[async_trait]
impl Sweep for EmbeddedUsage {
    async fn sweep(&self) -> Result<(), StorageError> {
        let now = self.clock.now();
        // Further ahead than a pause it is only where the clock was set back.
        let ahead = self.next.load(Ordering::Acquire).saturating_sub(now.as_millisecond());
        if (1..=PAUSE_MS).contains(&ahead) {
            return Ok(());
        }
        let before = now.as_second() - HOURS_KEPT * 3600;
        for shard in self.shards.all() {
            while shard.write(Growth::Frees, move |tx| prune(tx, before)).await? {}
        }
        self.next.store(now.as_millisecond() + PAUSE_MS, Ordering::Release);
        Ok(())
    }
}

/// Deletes some sums of hours before a time, namespace by namespace, since the
/// table is ordered so. Whether there may be more.
fn prune(tx: &Tx<'_>, before: i64) -> Result<bool, StorageError> {
    let mut owner = String::new();
    let mut left = PRUNE_MAX;
    let next = "SELECT namespace FROM usage WHERE namespace > ?1 ORDER BY namespace LIMIT 1";
    let delete = "DELETE FROM usage WHERE (namespace, hour, function) IN \
                  (SELECT namespace, hour, function FROM usage \
                   WHERE namespace = ?1 AND hour < ?2 LIMIT ?3)";
    let mut next = tx.connection.prepare_cached(next).map_err(failed)?;
    let mut delete = tx.connection.prepare_cached(delete).map_err(failed)?;
    while left > 0 {
        let found = next.query_row([&owner], |row| row.get(0)).optional().map_err(failed)?;
        let Some(found) = found else { return Ok(false) };
        owner = found;
        left -= delete.execute(params![owner, before, left]).map_err(failed)? as i64;
    }
    Ok(true)
}

fn failed(error: rusqlite::Error) -> StorageError {
    StorageError::unavailable("use the usage records", error)
}

fn sum_checksum(hour: i64, [namespace, function, body]: [&[u8]; 3]) -> Checksum {
    checksum([b"usage", &hour.to_le_bytes(), namespace, function, body])
}

fn sum_of(row: &Row<'_>) -> rusqlite::Result<Result<UsageRecord, StorageError>> {
    let fields = [bytes(row, 0)?, bytes(row, 2)?, bytes(row, 3)?];
    let same = sum_checksum(row.get(1)?, fields) == bytes(row, 4)?;
    let what = || format!("usage of function {:?}", String::from_utf8_lossy(fields[1]));
    let parsed = intact(same, what).and_then(|()| {
        serde_json::from_slice(fields[2])
            .map_err(|error| StorageError::corrupt(what(), error.to_string()))
    });
    Ok(parsed)
}

fn sum(
    connection: &Connection,
    namespace: &str,
    hour: i64,
    function: &str,
) -> Result<Option<UsageRecord>, StorageError> {
    let sql = format!("{COLUMNS} WHERE namespace = ?1 AND hour = ?2 AND function = ?3");
    let mut select = connection.prepare_cached(&sql).map_err(failed)?;
    let found = select.query_row(params![namespace, hour, function], sum_of).optional();
    found.map_err(failed)?.transpose()
}

fn add(tx: &Tx<'_>, namespace: &str, mut record: UsageRecord) -> Result<(), StorageError> {
    let (hour, function) = (record.hour.as_second(), record.key());
    if let Some(before) = sum(tx.connection, namespace, hour, &function)? {
        (record.function, record.alias) = (before.function, before.alias);
        record.used.add(&before.used);
    }
    let body = serde_json::to_string(&record)
        .map_err(|error| StorageError::unavailable("encode usage", error))?;
    let fields = [namespace.as_bytes(), function.as_bytes(), body.as_bytes()];
    let checksum = sum_checksum(hour, fields);
    let sql = "INSERT OR REPLACE INTO usage VALUES (?1, ?2, ?3, ?4, ?5)";
    let mut write = tx.connection.prepare_cached(sql).map_err(failed)?;
    write.execute(params![namespace, hour, function, body, checksum]).map_err(failed)?;
    Ok(())
}

#[async_trait]
impl Usage for EmbeddedUsage {
    async fn record(&self, records: Vec<(Namespace, UsageRecord)>) -> Result<(), StorageError> {
        let mut owners: BTreeMap<String, (Namespace, Vec<UsageRecord>)> = BTreeMap::new();
        for (namespace, record) in records {
            let owner = owners.entry(namespace.key()).or_insert((namespace, Vec::new()));
            owner.1.push(record);
        }
        for (owner, (namespace, records)) in owners {
            let shard = self.shards.of(&namespace).await?;
            let work = move |tx: &mut Tx<'_>| {
                tx.atomically(|tx| {
                    records.into_iter().try_for_each(|record| add(tx, &owner, record))
                })
            };
            shard.write(Growth::Frees, work).await?;
        }
        Ok(())
    }

    async fn query(
        &self,
        namespace: &Namespace,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<UsageRecord>, StorageError> {
        let shard = self.shards.of(namespace).await?;
        let namespace = namespace.key();
        let read = shard.readers().read(move |connection| {
            let sql = format!(
                "{COLUMNS} WHERE namespace = ?1 AND hour >= ?2 AND hour < ?3 ORDER BY hour, function"
            );
            let mut select = connection.prepare_cached(&sql).map_err(failed)?;
            let range = params![namespace, since.as_second(), until.as_second()];
            let sums = select.query_map(range, sum_of).map_err(failed)?;
            sums.map(|sum| sum.map_err(failed).flatten()).collect()
        });
        read.await
    }
}
