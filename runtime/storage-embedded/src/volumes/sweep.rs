use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use lambent_types::{Specification as _, Volume};
use rusqlite::{Connection, params};

use crate::messages::row::failed as unreadable;
use crate::volumes::{EmbeddedVolumes, Inner, Slot, SlotState, failed};
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
        slots.iter().for_each(|slot| slot.tidy());
        drop(slots);
        // Nobody else has those, nor gets them meanwhile.
        sync::lock(&self.slots).retain(|_, slot| Arc::strong_count(slot) > 1 || !slot.is_over());
    }
}

impl Slot {
    fn tidy(&self) {
        // Whoever opens it has just begun to use it.
        let Ok(mut state) = self.state.try_lock() else { return };
        let mut is_used = false;
        if let SlotState::Open(volume) = &*state {
            if let Err(error) = volume.collect() {
                tracing::error!(%error, "cannot clear up a volume");
            }
            is_used = Arc::strong_count(volume) > 1;
        }
        if is_used {
            self.idle.store(0, Ordering::Relaxed);
        } else if self.idle.fetch_add(1, Ordering::Relaxed) >= IDLE_SWEEPS
            && matches!(&*state, SlotState::Open(_))
        {
            *state = SlotState::Closed;
        }
    }

    /// Whether it was not used for so long that it need not be known any more. Of a volume that
    /// was removed that is long after the last who asked for it before has opened it.
    fn is_over(&self) -> bool {
        let is_open =
            self.state.try_lock().is_ok_and(|state| matches!(&*state, SlotState::Open(_)));
        !is_open && self.idle.load(Ordering::Relaxed) >= IDLE_SWEEPS
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
