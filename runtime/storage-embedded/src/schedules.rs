use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;
use lambent_types::{Event, Namespace, Origin, Schedule, ScheduleName};
use rusqlite::{Connection, OptionalExtension as _, Params, Row, params};

use crate::event_log;
use crate::gradual_delete::delete_gradually;
use crate::messages::row::{failed, time};
use crate::messages::{Kind, partition, send, settle};
use crate::quota::{charge, count};
use crate::row::{Checksum, bytes, checksum};
use crate::shard::Tx;
use crate::shards::Shards;
use lambent_storage::backend::ChangeLog;
use lambent_storage::backend::sync;
use lambent_storage::{
    AppendError, Changes, Channel, Quota, ScheduleError, Scheduled, Schedules, StorageError,
};

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
    changes: Arc<ChangeLog<ScheduleName>>,
    damaged: Arc<Damaged>,
}

impl EmbeddedSchedules {
    pub(crate) fn new(shards: Arc<Shards>) -> Self {
        Self { shards, changes: Arc::default(), damaged: Arc::default() }
    }
}

/// The damaged schedules that were logged, so that each is logged once, although all of them
/// are read again and again.
#[derive(Default)]
struct Damaged(Mutex<HashSet<String>>);

impl Damaged {
    fn log(&self, error: &StorageError) {
        let text = error.to_string();
        if sync::lock(&self.0).insert(text) {
            tracing::error!(%error, cause = error.cause(), "leaving a schedule out");
        }
    }
}

fn sum(namespace: &str, key: &str, revision: i64, body: &str) -> Checksum {
    let revision = revision.to_le_bytes();
    checksum([b"schedule", namespace.as_bytes(), key.as_bytes(), &revision, body.as_bytes()])
}

/// A row with its namespace, which is an error of its own if it is damaged.
type Found = Result<(String, Scheduled), StorageError>;

fn found(row: &Row<'_>) -> rusqlite::Result<Found> {
    // What is no text differs from what was written, and so does its checksum.
    let text = |column| bytes(row, column).map(|text| String::from_utf8_lossy(text).into_owned());
    let (namespace, key, body) = (text(0)?, text(1)?, text(4)?);
    let (next, revision): (Option<i64>, i64) = (row.get(2)?, row.get(3)?);
    let what = || format!("schedule {key:?} of namespace {namespace:?}");
    if sum(&namespace, &key, revision, &body) != bytes(row, 5)? {
        return Ok(Err(StorageError::corrupt(what(), "its checksum differs")));
    }
    let schedule = serde_json::from_str::<Schedule>(&body)
        .map_err(|error| StorageError::corrupt(what(), error.to_string()));
    let (next, revision) = (next.map(time), revision.unsigned_abs());
    Ok(schedule.map(|schedule| (namespace, Scheduled { schedule, next, revision })))
}

/// The first `limit` intact schedules of a query. A damaged one is logged and left out: no
/// other schedule waits for its repair.
fn intact(
    connection: &Connection,
    sql: &str,
    values: impl Params,
    (limit, damaged): (usize, &Damaged),
) -> Result<Vec<(String, Scheduled)>, StorageError> {
    let mut select = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = select.query_map(values, found).map_err(failed)?;
    let mut intact = Vec::new();
    while intact.len() < limit
        && let Some(row) = rows.next()
    {
        match row.map_err(failed)? {
            Ok(one) => intact.push(one),
            Err(error) => damaged.log(&error),
        }
    }
    Ok(intact)
}

/// One schedule, if it is there.
fn find(
    connection: &Connection,
    namespace: &Namespace,
    name: &ScheduleName,
) -> Result<Option<Found>, StorageError> {
    let sql = format!("SELECT {COLUMNS} FROM schedule WHERE namespace = ?1 AND key = ?2");
    let one = connection.prepare_cached(&sql).and_then(|mut select| {
        select.query_row(params![namespace.key(), name.key()], found).optional()
    });
    one.map_err(failed)
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
    // A damaged one is replaced.
    if find(tx.connection, namespace, &schedule.name)?.is_none() {
        charge::<ScheduleError>(tx, namespace, Quota::Schedules, 1)?;
    }
    // The revision of a deleted schedule does not come again.
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
    if let Some(partition) = partition::find(tx.connection, namespace, Kind::Schedule, &name.key())?
        && !settle::delete_partition(tx, namespace, partition.id)?
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
    let Some((_, found)) = find(tx.connection, &namespace, &name)?.transpose()? else {
        return Ok(false);
    };
    let same = found.next.map(Timestamp::as_millisecond) == was.map(Timestamp::as_millisecond);
    if found.revision != revision || !same {
        return Ok(false);
    }
    if !events.is_empty() {
        let channel = Channel::Schedule(found.schedule.name.clone());
        let partition = event_log::ensure(tx, &namespace, &channel)?;
        let quotas = tx.ledger.quotas(&namespace.key());
        for event in events {
            let origin = (None, &Origin::default());
            event_log::append::<AppendError>(tx, &namespace, partition, event, origin, &quotas)?;
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
        let (namespace, changes) = (namespace.clone(), Arc::clone(&self.changes));
        let write = move |tx: &mut Tx<'_>| {
            put(tx, &namespace, &schedule, next)?;
            tx.after_commit(move || changes.record(namespace, schedule.name));
            Ok(())
        };
        shard.write(0, write).await
    }

    async fn delete(
        &self,
        namespace: &Namespace,
        name: &ScheduleName,
    ) -> Result<(), ScheduleError> {
        let shard = self.shards.of(namespace).await?;
        delete_gradually(&shard, (namespace, name), &self.changes, delete).await
    }

    async fn get(
        &self,
        namespace: &Namespace,
        name: &ScheduleName,
    ) -> Result<Option<Scheduled>, StorageError> {
        let shard = self.shards.of(namespace).await?;
        let (namespace, name) = (namespace.clone(), name.clone());
        let find = move |connection: &Connection| find(connection, &namespace, &name);
        let one = shard.readers().read(find).await?.transpose()?;
        Ok(one.map(|(_, scheduled)| scheduled))
    }

    async fn list(&self, namespace: &Namespace) -> Result<Vec<Scheduled>, StorageError> {
        let shard = self.shards.of(namespace).await?;
        let key = namespace.key();
        let sql = format!("SELECT {COLUMNS} FROM schedule WHERE namespace = ?1 ORDER BY key");
        let damaged = Arc::clone(&self.damaged);
        let found = shard
            .readers()
            .read(move |connection| intact(connection, &sql, [key], (usize::MAX, &damaged)));
        Ok(found.await?.into_iter().map(|(_, scheduled)| scheduled).collect())
    }

    async fn page(
        &self,
        after: Option<(Namespace, ScheduleName)>,
        limit: usize,
    ) -> Result<Vec<(Namespace, Scheduled)>, StorageError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM schedule WHERE (namespace, key) > (?1, ?2)
             ORDER BY namespace, key"
        );
        // No namespace and no name is empty.
        let after = after.map(|(namespace, name)| (namespace.key(), name.key()));
        let (namespace, key) = after.unwrap_or_default();
        let mut found = Vec::new();
        for shard in self.shards.all() {
            let (sql, namespace, key) = (sql.clone(), namespace.clone(), key.clone());
            let damaged = Arc::clone(&self.damaged);
            let rows = shard.readers().read(move |connection| {
                intact(connection, &sql, params![namespace, key], (limit, &damaged))
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
        let sql = format!("SELECT {COLUMNS} FROM schedule WHERE next IS NOT NULL ORDER BY next");
        let mut found = Vec::new();
        for shard in self.shards.all() {
            let (sql, damaged) = (sql.clone(), Arc::clone(&self.damaged));
            let most = limit.saturating_add(1);
            let rows = shard
                .readers()
                .read(move |connection| intact(connection, &sql, [], (most, &damaged)));
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

    fn changes(&self) -> &dyn Changes<ScheduleName> {
        &*self.changes
    }
}
