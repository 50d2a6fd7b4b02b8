use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use lambent_types::{Event, Namespace, Origin, Schedule, ScheduleName};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use tokio::sync::Notify;

use crate::embedded::event_log;
use crate::embedded::messages::row::{failed, time};
use crate::embedded::messages::{Kind, line, send, settle};
use crate::embedded::quota::{charge, count};
use crate::embedded::row::{Checksum, checksum};
use crate::embedded::shard::{Growth, Tx};
use crate::embedded::shards::Shards;
use crate::error::StorageError;
use crate::event_log::{AppendError, Channel};
use crate::quota::Quota;
use crate::schedules::{ScheduleError, Scheduled, Schedules};

/// The table. `next` is null where it never fires again.
pub(crate) const SCHEMA: &str = "
CREATE TABLE schedule (
    namespace TEXT NOT NULL,
    key TEXT NOT NULL,
    next INTEGER,
    revision INTEGER NOT NULL,
    body TEXT NOT NULL,
    checksum BLOB NOT NULL,
    PRIMARY KEY (namespace, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX schedule_next ON schedule (next) WHERE next IS NOT NULL;
";

const COLUMNS: &str = "namespace, key, next, revision, body, checksum";

/// Schedules in the shards.
pub(crate) struct EmbeddedSchedules {
    shards: Arc<Shards>,
    changed: Arc<Notify>,
}

impl EmbeddedSchedules {
    pub(crate) fn new(shards: Arc<Shards>) -> Self {
        Self { shards, changed: Arc::new(Notify::new()) }
    }
}

type Stored = (String, String, Option<i64>, i64, String, Checksum);

fn read(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
}

fn sum(namespace: &str, key: &str, revision: i64, body: &str) -> Checksum {
    let revision = revision.to_le_bytes();
    checksum([b"schedule", namespace.as_bytes(), key.as_bytes(), &revision, body.as_bytes()])
}

fn scheduled(stored: Stored) -> Result<(String, Scheduled), StorageError> {
    let (namespace, key, next, revision, body, found) = stored;
    let what = || format!("schedule {key:?} of namespace {namespace:?}");
    if sum(&namespace, &key, revision, &body) != found {
        return Err(StorageError::corrupt(what(), "its checksum differs"));
    }
    let schedule: Schedule = serde_json::from_str(&body)
        .map_err(|error| StorageError::corrupt(what(), error.to_string()))?;
    let revision = revision.unsigned_abs();
    Ok((namespace, Scheduled { schedule, next: next.map(time), revision }))
}

fn find(
    connection: &Connection,
    namespace: &Namespace,
    name: &ScheduleName,
) -> Result<Option<Scheduled>, StorageError> {
    let sql = format!("SELECT {COLUMNS} FROM schedule WHERE namespace = ?1 AND key = ?2");
    let found = connection.prepare_cached(&sql).and_then(|mut select| {
        select.query_row(params![namespace.key(), name.key()], read).optional()
    });
    Ok(found.map_err(failed)?.map(scheduled).transpose()?.map(|(_, scheduled)| scheduled))
}

fn write(
    connection: &Connection,
    namespace: &Namespace,
    schedule: &Schedule,
    next: Option<Timestamp>,
    revision: i64,
) -> Result<(), StorageError> {
    let body = serde_json::to_string(schedule)
        .map_err(|error| StorageError::unavailable("write a schedule", error))?;
    let (owner, key) = (namespace.key(), schedule.name.key());
    let check = sum(&owner, &key, revision, &body);
    let next = next.map(Timestamp::as_millisecond);
    connection
        .prepare_cached("INSERT OR REPLACE INTO schedule VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
        .and_then(|mut insert| insert.execute(params![owner, key, next, revision, body, check]))
        .map_err(failed)?;
    Ok(())
}

fn put(
    tx: &mut Tx<'_>,
    namespace: &Namespace,
    schedule: &Schedule,
    next: Option<Timestamp>,
) -> Result<(), ScheduleError> {
    if find(tx.connection, namespace, &schedule.name)?.is_none() {
        charge::<ScheduleError>(tx, namespace, Quota::Schedules, 1)?;
    }
    // That of a deleted schedule does not come again.
    let revision = send::next_seq(tx)?;
    Ok(write(tx.connection, namespace, schedule, next, revision)?)
}

/// Deletes it, as far as one transaction may. Whether it is gone.
fn delete(
    tx: &mut Tx<'_>,
    namespace: &Namespace,
    name: &ScheduleName,
) -> Result<bool, ScheduleError> {
    if find(tx.connection, namespace, name)?.is_none() {
        return Err(ScheduleError::NotFound);
    }
    if let Some(line) = line::find(tx.connection, namespace, Kind::Schedule, &name.key())?
        && !settle::delete_line(tx, namespace, line.id)?
    {
        return Ok(false);
    }
    tx.connection
        .prepare_cached("DELETE FROM schedule WHERE namespace = ?1 AND key = ?2")
        .and_then(|mut delete| delete.execute(params![namespace.key(), name.key()]))
        .map_err(failed)?;
    count(tx, namespace, Quota::Schedules, -1);
    Ok(true)
}

/// One firing: which schedule, as of which revision and next time.
struct Firing {
    namespace: Namespace,
    name: ScheduleName,
    revision: u64,
    was: Option<Timestamp>,
    events: Vec<Event>,
    next: Option<Timestamp>,
}

fn fire(tx: &mut Tx<'_>, firing: Firing) -> Result<bool, AppendError> {
    let Firing { namespace, name, revision, was, events, next } = firing;
    let Some(found) = find(tx.connection, &namespace, &name)? else { return Ok(false) };
    let same = found.next.map(Timestamp::as_millisecond) == was.map(Timestamp::as_millisecond);
    if found.revision != revision || !same {
        return Ok(false);
    }
    if !events.is_empty() {
        let channel = Channel::Schedule(found.schedule.name.clone());
        let line = event_log::ensure(tx, &namespace, &channel)?;
        let quotas = *tx.ledger.quotas();
        for event in events {
            let origin = (None, &Origin::default());
            event_log::append::<AppendError>(tx, &namespace, line, event, origin, &quotas)?;
        }
    }
    write(tx.connection, &namespace, &found.schedule, next, revision as i64)?;
    Ok(true)
}

#[async_trait]
impl Schedules for EmbeddedSchedules {
    async fn put(
        &self,
        namespace: &Namespace,
        schedule: Schedule,
        next: Option<Timestamp>,
    ) -> Result<(), ScheduleError> {
        let shard = self.shards.of(namespace).await?;
        let namespace = namespace.clone();
        shard.write(0, move |tx| put(tx, &namespace, &schedule, next)).await?;
        self.changed.notify_one();
        Ok(())
    }

    async fn delete(
        &self,
        namespace: &Namespace,
        name: &ScheduleName,
    ) -> Result<(), ScheduleError> {
        let shard = self.shards.of(namespace).await?;
        let mut is_gone = false;
        while !is_gone {
            let (namespace, name) = (namespace.clone(), name.clone());
            is_gone = shard.write(Growth::Frees, move |tx| delete(tx, &namespace, &name)).await?;
        }
        self.changed.notify_one();
        Ok(())
    }

    async fn get(
        &self,
        namespace: &Namespace,
        name: &ScheduleName,
    ) -> Result<Option<Scheduled>, StorageError> {
        let shard = self.shards.of(namespace).await?;
        let (namespace, name) = (namespace.clone(), name.clone());
        shard.readers().read(move |connection| find(connection, &namespace, &name)).await
    }

    async fn list(&self, namespace: &Namespace) -> Result<Vec<Scheduled>, StorageError> {
        let shard = self.shards.of(namespace).await?;
        let key = namespace.key();
        let sql = format!("SELECT {COLUMNS} FROM schedule WHERE namespace = ?1 ORDER BY key");
        let found = shard.readers().read(move |connection| {
            let rows = connection.prepare_cached(&sql).and_then(|mut select| {
                select.query_map([key], read)?.collect::<rusqlite::Result<Vec<_>>>()
            });
            rows.map_err(failed)?.into_iter().map(scheduled).collect::<Result<Vec<_>, _>>()
        });
        Ok(found.await?.into_iter().map(|(_, scheduled)| scheduled).collect())
    }

    async fn page(
        &self,
        after: Option<(Namespace, ScheduleName)>,
        limit: usize,
    ) -> Result<Vec<(Namespace, Scheduled)>, StorageError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM schedule WHERE (namespace, key) > (?1, ?2)
             ORDER BY namespace, key LIMIT ?3"
        );
        // No namespace and no name is empty.
        let after = after.map(|(namespace, name)| (namespace.key(), name.key()));
        let (namespace, key) = after.unwrap_or_default();
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut found = Vec::new();
        for shard in self.shards.all() {
            let (sql, namespace, key) = (sql.clone(), namespace.clone(), key.clone());
            let rows = shard.readers().read(move |connection| {
                let rows = connection.prepare_cached(&sql).and_then(|mut select| {
                    let rows = select.query_map(params![namespace, key, most], read)?;
                    rows.collect::<rusqlite::Result<Vec<_>>>()
                });
                rows.map_err(failed)?.into_iter().map(scheduled).collect::<Result<Vec<_>, _>>()
            });
            for (namespace, scheduled) in rows.await? {
                found.extend(namespace.parse::<Namespace>().ok().map(|owner| (owner, scheduled)));
            }
        }
        found.sort_by_key(|(owner, one)| (owner.key(), one.schedule.name.key()));
        found.truncate(limit);
        Ok(found)
    }

    async fn due(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<(Vec<(Namespace, Scheduled)>, Option<Timestamp>), StorageError> {
        let sql =
            format!("SELECT {COLUMNS} FROM schedule WHERE next IS NOT NULL ORDER BY next LIMIT ?1");
        let mut found = Vec::new();
        for shard in self.shards.all() {
            let sql = sql.clone();
            let rows = shard.readers().read(move |connection| {
                let limit = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
                let rows = connection.prepare_cached(&sql).and_then(|mut select| {
                    select.query_map([limit], read)?.collect::<rusqlite::Result<Vec<_>>>()
                });
                rows.map_err(failed)?.into_iter().map(scheduled).collect::<Result<Vec<_>, _>>()
            });
            for (namespace, scheduled) in rows.await? {
                found.extend(namespace.parse().ok().map(|namespace| (namespace, scheduled)));
            }
        }
        found.sort_by_key(|(_, scheduled)| scheduled.next);
        let due = found.iter().take_while(|(_, one)| one.next.is_some_and(|next| next <= now));
        let count = due.count().min(limit);
        let after = found.get(count).and_then(|(_, scheduled)| scheduled.next);
        found.truncate(count);
        Ok((found, after))
    }

    async fn fire(
        &self,
        namespace: &Namespace,
        name: &ScheduleName,
        revision: u64,
        was: Option<Timestamp>,
        events: Vec<Event>,
        next: Option<Timestamp>,
    ) -> Result<bool, StorageError> {
        let shard = self.shards.of(namespace).await?;
        let (namespace, name) = (namespace.clone(), name.clone());
        let firing = Firing { namespace, name, revision, was, events, next };
        match shard.write(0, move |tx| tx.atomically(|tx| fire(tx, firing))).await {
            Ok(fired) => Ok(fired),
            Err(AppendError::Storage(error)) => Err(error),
            Err(AppendError::Quota(error)) => Err(StorageError::unavailable("fire", error)),
        }
    }

    async fn changed(&self, timeout: Duration) -> bool {
        tokio::time::timeout(timeout, self.changed.notified()).await.is_ok()
    }
}
