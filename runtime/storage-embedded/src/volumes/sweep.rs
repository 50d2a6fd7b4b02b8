use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use lambent_types::{Specification as _, Volume};
use rusqlite::{Connection, params};

use crate::messages::row::failed as unreadable;
use crate::volumes::{EmbeddedVolumes, Inner, SlotState, failed};
use lambent_storage::StorageError;
use lambent_storage::backend::{Sweep, sync};

/// Sweeps, which are about a second apart, that find a volume unused before it is closed.
const IDLE_SWEEPS: u32 = 60;

#[async_trait]
impl Sweep for EmbeddedVolumes {
    /// Removes what was removed from volumes, closes those that nobody uses, and at first removes
    /// those that a crash has left and nobody knows.
    async fn sweep(&self) -> Result<(), StorageError> {
        if !self.swept.load(Ordering::Relaxed) {
            for id in self.unknown().await? {
                tracing::info!(id, "removing the files of a volume that was deleted");
                self.blocking(move |inner| inner.remove(&id)).await?;
            }
            self.swept.store(true, Ordering::Relaxed);
        }
        if sync::lock(&self.inner.slots).is_empty() {
            return Ok(());
        }
        self.blocking(|inner| {
            inner.tidy();
            Ok(())
        })
        .await
    }
}

impl Inner {
    fn tidy(&self) {
        let slots: Vec<_> = sync::lock(&self.slots).values().cloned().collect();
        for slot in slots {
            // Whoever opens it has just begun to use it.
            let Ok(mut state) = slot.state.try_lock() else { continue };
            let SlotState::Open(volume) = &*state else { continue };
            if let Err(error) = volume.collect() {
                tracing::error!(%error, "cannot clear up a volume");
            }
            if Arc::strong_count(volume) > 1 {
                slot.idle.store(0, Ordering::Relaxed);
            } else if slot.idle.fetch_add(1, Ordering::Relaxed) >= IDLE_SWEEPS {
                *state = SlotState::Closed;
            }
        }
    }
}

impl EmbeddedVolumes {
    /// The ids of files that are of no volume. That a volume is there is durable before it has
    /// files, so those that are looked at first are not of one that comes.
    async fn unknown(&self) -> Result<HashSet<String>, StorageError> {
        let mut ids: HashSet<String> = self.blocking(Inner::ids).await?;
        for shard in self.shards.all() {
            if ids.is_empty() {
                break;
            }
            ids = shard.readers().read(move |connection| without_known(connection, ids)).await?;
        }
        Ok(ids)
    }
}

impl Inner {
    fn ids(&self) -> Result<HashSet<String>, StorageError> {
        let entries = self.dir.entries().map_err(failed)?;
        let names = entries.map(|entry| Ok(entry.map_err(failed)?.file_name()));
        let names = names.collect::<Result<Vec<_>, StorageError>>()?;
        Ok(names.into_iter().filter_map(|name| name.into_string().ok()).collect())
    }
}

/// Those of ids that are in no volume's row, be it damaged or not: what belongs to somebody is
/// not removed.
fn without_known(
    connection: &Connection,
    ids: HashSet<String>,
) -> Result<HashSet<String>, StorageError> {
    let sql = "SELECT 1 FROM resource WHERE kind = ?1 AND instr(body, ?2) > 0";
    let mut select = connection.prepare_cached(sql).map_err(unreadable)?;
    let mut unknown = HashSet::new();
    for id in ids {
        if !select.exists(params![Volume::KIND.noun, id]).map_err(unreadable)? {
            unknown.insert(id);
        }
    }
    Ok(unknown)
}
