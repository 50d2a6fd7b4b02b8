use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use lambent_types::{Event, Namespace, Origin, Schedule, ScheduleName, Specification as _};
use rusqlite::{Connection, params};

use crate::event_log;
use crate::resource_rows::{Damaged, find, intact, select, write};
use crate::shard::Tx;
use crate::shards::Shards;
use lambent_storage::{AppendError, Channel, Scheduled, Schedules, StorageError, StoredResource};

/// Schedules in the shards.
pub(crate) struct EmbeddedSchedules {
    shards: Arc<Shards>,
    damaged: Arc<Damaged>,
}

impl EmbeddedSchedules {
    pub(crate) const fn new(shards: Arc<Shards>, damaged: Arc<Damaged>) -> Self {
        Self { shards, damaged }
    }

    /// A schedule that was read. A damaged one is logged and left out.
    fn read(
        &self,
        (namespace, stored): &(String, StoredResource),
    ) -> Option<(Namespace, Scheduled)> {
        let scheduled = stored.read(namespace).inspect_err(|error| self.damaged.log(error)).ok()?;
        Some((namespace.parse().ok()?, scheduled))
    }
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
    let found = find(tx.connection, Schedule::KIND, &namespace, &name.key())?;
    let Some((_, found)) = found.transpose()? else { return Ok(false) };
    let same = found.next.map(Timestamp::as_millisecond) == was.map(Timestamp::as_millisecond);
    if found.revision != revision || !same {
        return Ok(false);
    }
    if !events.is_empty() {
        let channel = Channel::Schedule(name);
        let partition = event_log::ensure(tx, &namespace, &channel)?;
        let quotas = tx.ledger.quotas(&namespace.key());
        for event in events {
            let origin = (None, &Origin::default());
            event_log::append::<AppendError>(tx, &namespace, partition, event, origin, &quotas)?;
        }
    }
    let fired = StoredResource { next, ..found };
    write(tx.connection, Schedule::KIND, &namespace, &fired)?;
    Ok(true)
}

#[async_trait]
impl Schedules for EmbeddedSchedules {
    async fn due(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<(Vec<(Namespace, Scheduled)>, Option<Timestamp>), StorageError> {
        let mut found = Vec::new();
        for shard in self.shards.all() {
            let (damaged, most) = (Arc::clone(&self.damaged), limit.saturating_add(1));
            let due = move |connection: &Connection| {
                let sql = select("kind = ?1 AND next IS NOT NULL ORDER BY next");
                intact(connection, &sql, params![Schedule::KIND.noun], (most, &damaged))
            };
            let rows = shard.readers().read(due).await?;
            found.extend(rows.iter().filter_map(|row| self.read(row)));
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
}
