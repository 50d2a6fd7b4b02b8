use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use lambent_types::Namespace;

use crate::keyvalue::changes::{Changes, Derived};
use crate::keyvalue::{EXPIRE_MAX, EmbeddedKeyValue, tables};
use crate::shard::{Growth, Shard, Tx};
use lambent_storage::backend::Sweep;
use lambent_storage::{KeyValueError, StorageError};

/// How long to leave alone what could not be deleted, in milliseconds.
const RETRY_MS: i64 = 60_000;

#[async_trait]
impl Sweep for EmbeddedKeyValue {
    /// Deletes keys that have expired, some of every shard.
    async fn sweep(&self) -> Result<(), StorageError> {
        let now = self.clock.now().as_millisecond();
        if now < self.derived.due.load(Ordering::SeqCst) {
            return Ok(());
        }
        // Whatever is committed from here on lowers it again.
        self.derived.due.store(i64::MAX, Ordering::SeqCst);
        for shard in self.shards.all() {
            let next = match self.sweep_shard(&shard, now).await {
                Ok(next) => next,
                Err(error) => {
                    self.derived.due.fetch_min(now, Ordering::SeqCst);
                    return Err(error);
                }
            };
            self.derived.due.fetch_min(next, Ordering::SeqCst);
        }
        Ok(())
    }
}

impl EmbeddedKeyValue {
    /// Returns when to look again, in milliseconds.
    async fn sweep_shard(&self, shard: &Arc<Shard>, now: i64) -> Result<i64, StorageError> {
        let next = async || {
            let next = shard.readers().read(tables::next_expiry).await;
            Ok(next?.unwrap_or(i64::MAX))
        };
        if next().await? > now {
            return next().await;
        }
        let derived = self.derived.clone();
        let kept = shard.write(Growth::Frees, move |tx| sweep(tx, &derived)).await?;
        let next = next().await?;
        Ok(if kept && next <= now { now.saturating_add(RETRY_MS) } else { next })
    }
}

/// Deletes some of what has expired. Returns whether any of it had to be kept.
fn sweep(tx: &mut Tx<'_>, derived: &Derived) -> Result<bool, StorageError> {
    let mut kept = false;
    for due in tables::due(tx.connection, None, tx.now, EXPIRE_MAX)? {
        let deleted = tx.atomically(|tx| -> Result<(), KeyValueError> {
            let found = tables::keyspace_by_id(tx.connection, due.keyspace)?;
            let row = found.ok_or_else(|| {
                StorageError::corrupt("key", "it is of a keyspace that is not there")
            })?;
            let namespace: Namespace = row.namespace.parse().map_err(|error| {
                StorageError::corrupt("keyspace", format!("its namespace: {error}"))
            })?;
            let mut changes = Changes::new(tx, &namespace, derived, row);
            changes.expire(&due.key)?;
            changes.end().map(drop)
        });
        match deleted {
            Ok(()) => {}
            Err(KeyValueError::Storage(error @ StorageError::Unavailable { .. })) => {
                return Err(error);
            }
            Err(error) => {
                kept = true;
                tracing::error!(%error, "cannot delete a key that has expired");
            }
        }
    }
    Ok(kept)
}
