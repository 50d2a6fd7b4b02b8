use std::sync::Arc;

use async_trait::async_trait;
use lambent_types::{Namespace, Source, Trigger, TriggerName};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::event_log;
use crate::gradual_delete::delete_gradually;
use crate::messages::row::failed;
use crate::messages::{Kind, partition, settle};
use crate::quota::{charge, count};
use crate::shard::Tx;
use crate::shards::Shards;
use crate::trigger_index;
use lambent_storage::backend::ChangeLog;
use lambent_storage::backend::triggers::same_source;
use lambent_storage::{Changes, Channel, Quota, StorageError, TriggerError, Triggers};

/// Triggers in the shards.
pub(crate) struct EmbeddedTriggers {
    shards: Arc<Shards>,
    changes: Arc<ChangeLog<TriggerName>>,
}

impl EmbeddedTriggers {
    pub(crate) fn new(shards: Arc<Shards>) -> Self {
        Self { shards, changes: Arc::default() }
    }

    async fn read(&self, namespace: &Namespace) -> Result<Vec<Trigger>, StorageError> {
        let shard = self.shards.of(namespace).await?;
        let found = shard.readers().read(trigger_index::read).await?;
        let key = namespace.key();
        let own = found.into_iter().filter(|one| one.namespace == key);
        Ok(own.map(|one| one.trigger).collect())
    }
}

/// Whether what the trigger listens to is there.
fn has_source(
    connection: &Connection,
    namespace: &Namespace,
    source: &Source,
) -> Result<bool, StorageError> {
    let (sql, name) = match source {
        Source::Queue { queue, .. } => {
            return Ok(partition::find(connection, namespace, Kind::Queue, &queue.key())?.is_some());
        }
        Source::Object { bucket, .. } => {
            ("SELECT 1 FROM bucket WHERE namespace = ?1 AND name = ?2", bucket.as_str().to_owned())
        }
        Source::KeyValue { keyspace, .. } => {
            ("SELECT 1 FROM keyspace WHERE namespace = ?1 AND name = ?2", keyspace.key())
        }
    };
    let found = connection.prepare_cached(sql).and_then(|mut select| {
        select.query_row(params![namespace.key(), name], |_| Ok(())).optional()
    });
    Ok(found.map_err(failed)?.is_some())
}

fn put(tx: &mut Tx<'_>, namespace: &Namespace, trigger: &Trigger) -> Result<(), TriggerError> {
    if !has_source(tx.connection, namespace, &trigger.source)? {
        return Err(TriggerError::NoSource);
    }
    match trigger_index::find(tx.connection, namespace, &trigger.name.key())? {
        Some(Ok(old)) if !same_source(&old.trigger.source, &trigger.source) => {
            return Err(TriggerError::OtherSource);
        }
        // Whoever puts a damaged one repairs it.
        Some(_) => {}
        None => charge::<TriggerError>(tx, namespace, Quota::Triggers, 1)?,
    }
    let partition = match &trigger.source {
        Source::Queue { .. } => None,
        _ => Some(event_log::ensure(tx, namespace, &Channel::Trigger(trigger.name.clone()))?),
    };
    let body = serde_json::to_string(trigger)
        .map_err(|error| StorageError::unavailable("write a trigger", error))?;
    let (owner, key) = (namespace.key(), trigger.name.key());
    let check = trigger_index::sum(&owner, &key, partition, &body);
    tx.connection
        .prepare_cached("INSERT OR REPLACE INTO trigger_ VALUES (?1, ?2, ?3, ?4, ?5)")
        .and_then(|mut insert| insert.execute(params![owner, key, partition, body, check]))
        .map_err(failed)?;
    trigger_index::changed(tx);
    Ok(())
}

/// Deletes it, as far as one transaction may. Whether it is gone.
fn delete(
    tx: &mut Tx<'_>,
    namespace: &Namespace,
    name: &TriggerName,
) -> Result<bool, TriggerError> {
    if trigger_index::find(tx.connection, namespace, &name.key())?.is_none() {
        return Err(TriggerError::NotFound);
    }
    // By its name: a damaged row may not say which partition it is.
    if let Some(partition) = partition::find(tx.connection, namespace, Kind::Trigger, &name.key())?
        && !settle::delete_partition(tx, namespace, partition.id)?
    {
        return Ok(false);
    }
    tx.connection
        .prepare_cached("DELETE FROM trigger_ WHERE namespace = ?1 AND key = ?2")
        .and_then(|mut delete| delete.execute(params![namespace.key(), name.key()]))
        .map_err(failed)?;
    trigger_index::changed(tx);
    count(tx, namespace, Quota::Triggers, -1);
    Ok(true)
}

#[async_trait]
impl Triggers for EmbeddedTriggers {
    async fn put(&self, namespace: &Namespace, trigger: Trigger) -> Result<(), TriggerError> {
        let shard = self.shards.of(namespace).await?;
        let (namespace, changes) = (namespace.clone(), Arc::clone(&self.changes));
        let write = move |tx: &mut Tx<'_>| {
            put(tx, &namespace, &trigger)?;
            tx.after_commit(move || changes.record(namespace, trigger.name));
            Ok(())
        };
        shard.write(0, write).await
    }

    async fn delete(&self, namespace: &Namespace, name: &TriggerName) -> Result<(), TriggerError> {
        let shard = self.shards.of(namespace).await?;
        delete_gradually(&shard, (namespace, name), &self.changes, delete).await
    }

    async fn get(
        &self,
        namespace: &Namespace,
        name: &TriggerName,
    ) -> Result<Option<Trigger>, StorageError> {
        let shard = self.shards.of(namespace).await?;
        let (namespace, key) = (namespace.clone(), name.key());
        let find = move |connection: &Connection| trigger_index::find(connection, &namespace, &key);
        let found = shard.readers().read(find).await?.transpose()?;
        Ok(found.map(|one| one.trigger))
    }

    async fn list(&self, namespace: &Namespace) -> Result<Vec<Trigger>, StorageError> {
        self.read(namespace).await
    }

    async fn all(&self) -> Result<Vec<(Namespace, Trigger)>, StorageError> {
        let mut found = Vec::new();
        for shard in self.shards.all() {
            for one in shard.readers().read(trigger_index::read).await? {
                let namespace = one.namespace.parse().ok();
                found.extend(namespace.map(|namespace| (namespace, one.trigger)));
            }
        }
        Ok(found)
    }

    fn changes(&self) -> &dyn Changes<TriggerName> {
        &*self.changes
    }
}
