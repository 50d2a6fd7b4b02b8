//! The files of volumes: names in a database of each, and bytes in a file of each file.

mod contents;
mod descriptors;
mod handle;
mod held;
mod names;
mod node;
mod room;
mod sweep;
mod volume;

use std::collections::HashMap;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use cap_std::fs::Dir;
use lambent_files::Volume;

use crate::data_dir::{DataDir, ensure_dir, sync_dir};
use crate::error::OpenError;
use crate::layout;
use crate::shards::Shards;
use crate::volumes::descriptors::Descriptors;
use crate::volumes::handle::Handle;
use crate::volumes::volume::EmbeddedVolume;
use lambent_storage::backend::sync;
use lambent_storage::{Space, StorageError, VolumeError, VolumeUsage, Volumes};

/// The files of all volumes of a data directory.
pub(crate) struct EmbeddedVolumes {
    inner: Arc<Inner>,
    shards: Arc<Shards>,
    /// Whether what former processes left was looked at.
    swept: AtomicBool,
}

struct Inner {
    data: DataDir,
    dir: Dir,
    space: Arc<Space>,
    descriptors: Arc<Descriptors>,
    slots: Mutex<HashMap<String, Arc<Slot>>>,
}

/// The place of a volume, which is opened by one at a time.
#[derive(Default)]
struct Slot {
    state: Mutex<SlotState>,
    /// How many sweeps have found that nobody uses it.
    idle: AtomicU32,
}

#[derive(Default)]
enum SlotState {
    #[default]
    Closed,
    Open(Arc<EmbeddedVolume>),
    Removed,
}

impl EmbeddedVolumes {
    pub(crate) fn open(data: &DataDir, shards: Arc<Shards>) -> Result<Self, OpenError> {
        let inner = Inner {
            data: data.clone(),
            dir: data.subdir(layout::VOLUMES_DIR)?,
            space: Arc::clone(shards.space()),
            descriptors: Arc::default(),
            slots: Mutex::default(),
        };
        Ok(Self { inner: Arc::new(inner), shards, swept: AtomicBool::new(false) })
    }

    async fn blocking<R: Send + 'static, E: From<StorageError> + Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<R, E> + Send + 'static,
    ) -> Result<R, E> {
        let inner = Arc::clone(&self.inner);
        let done = tokio::task::spawn_blocking(move || work(&inner)).await;
        done.unwrap_or_else(|error| Err(failed(error).into()))
    }
}

fn failed(error: impl Into<lambent_storage::backend::Source>) -> StorageError {
    StorageError::unavailable("use a volume", error)
}

/// An id as a name of a directory, which it must be.
fn directory(id: &str) -> Result<&str, StorageError> {
    let is_name = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_name.then_some(id).ok_or_else(|| StorageError::corrupt("volume", "its id is none"))
}

impl Inner {
    fn slot(&self, id: &str) -> Arc<Slot> {
        Arc::clone(sync::lock(&self.slots).entry(id.to_owned()).or_default())
    }

    /// The volume, opened; it is made if there is none and `make` says so.
    fn opened(
        &self,
        id: &str,
        (max_bytes, make): (u64, bool),
    ) -> Result<Option<Arc<EmbeddedVolume>>, VolumeError> {
        let slot = self.slot(directory(id)?);
        let mut state = sync::lock(&slot.state);
        slot.idle.store(0, Ordering::Relaxed);
        match &*state {
            SlotState::Removed => return Err(VolumeError::Gone),
            SlotState::Open(volume) => return Ok(Some(Arc::clone(volume))),
            SlotState::Closed => {}
        }
        if make {
            ensure_dir(&self.dir, id).map_err(failed)?;
        } else if matches!(self.dir.metadata(id), Err(error) if error.kind() == ErrorKind::NotFound)
        {
            return Ok(None);
        }
        let path = format!("{}/{id}", layout::VOLUMES_DIR);
        let limits = (max_bytes, Arc::clone(&self.space));
        let descriptors = Arc::clone(&self.descriptors);
        let volume = EmbeddedVolume::open(&self.data, &path, limits, descriptors);
        let volume = volume.map_err(failed)?;
        *state = SlotState::Open(Arc::clone(&volume));
        Ok(Some(volume))
    }

    fn remove(&self, id: &str) -> Result<(), StorageError> {
        let slot = self.slot(directory(id)?);
        let mut state = sync::lock(&slot.state);
        if let SlotState::Open(volume) = std::mem::replace(&mut *state, SlotState::Removed) {
            volume.end();
        }
        match self.dir.remove_dir_all(id) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed.and_then(|()| sync_dir(&self.dir)).map_err(failed),
        }
    }
}

#[async_trait]
impl Volumes for EmbeddedVolumes {
    async fn open(&self, id: &str, max_bytes: u64) -> Result<Arc<dyn Volume>, VolumeError> {
        let id = id.to_owned();
        self.blocking(move |inner| {
            let volume = inner.opened(&id, (max_bytes, true))?.ok_or(VolumeError::Gone)?;
            volume.room.resize(max_bytes);
            Ok(Arc::new(Handle(volume)) as Arc<dyn Volume>)
        })
        .await
    }

    async fn resize(&self, id: &str, max_bytes: u64) {
        let slot = self.inner.slot(id);
        let resize = move || {
            if let SlotState::Open(volume) = &*sync::lock(&slot.state) {
                volume.room.resize(max_bytes);
            }
        };
        // Nothing is lost where it fails: whoever opens the volume says it again.
        if let Err(error) = tokio::task::spawn_blocking(resize).await {
            tracing::error!(%error, "cannot resize a volume that is open");
        }
    }

    async fn usage(&self, id: &str) -> Result<VolumeUsage, VolumeError> {
        let id = id.to_owned();
        self.blocking(move |inner| {
            // Whoever opens it to use it says how much it may hold.
            let Some(volume) = inner.opened(&id, (0, false))? else {
                return Ok(VolumeUsage::default());
            };
            volume.usage().map_err(|error| match error {
                lambent_files::ErrorCode::Gone => VolumeError::Gone,
                error => failed(error).into(),
            })
        })
        .await
    }

    async fn remove(&self, id: &str) -> Result<(), StorageError> {
        let id = id.to_owned();
        self.blocking(move |inner| inner.remove(&id)).await
    }
}
