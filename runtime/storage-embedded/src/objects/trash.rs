use lambent_storage::backend::sync;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::objects::blobs::{Blob, Blobs};

/// Blobs that no row names any more, and those that wait until nobody reads them.
///
/// An object's blobs are known by the id of the first of them.
pub(crate) struct Trash {
    blobs: Arc<dyn Blobs>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: Vec<Vec<Blob>>,
    /// By first id: how many read it, and what to delete when they are done.
    pinned: HashMap<String, (usize, Option<Vec<Blob>>)>,
    /// First ids of what is being deleted.
    doomed: HashSet<String>,
}

/// Keeps an object's blobs from being deleted.
pub(crate) struct Pin {
    trash: Arc<Trash>,
    first: String,
}

/// A blob that no row names yet. Dropped, it is deleted.
pub(crate) struct Fresh {
    trash: Arc<Trash>,
    blob: Option<Blob>,
}

impl Trash {
    pub(crate) fn new(blobs: Arc<dyn Blobs>) -> Arc<Self> {
        Arc::new(Self { blobs, state: Mutex::default() })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        sync::lock(&self.state)
    }

    /// Takes blobs of one object, in their order, that no row names any more.
    pub(crate) fn discard(&self, blobs: Vec<Blob>) {
        if !blobs.is_empty() {
            self.lock().waiting.push(blobs);
        }
    }

    /// Keeps the blobs of an object of which this is the first. `None` if they
    /// are being deleted.
    pub(crate) fn pin(self: &Arc<Self>, first: &Blob) -> Option<Pin> {
        let mut state = self.lock();
        if state.doomed.contains(&first.id) {
            return None;
        }
        state.pinned.entry(first.id.clone()).or_default().0 += 1;
        Some(Pin { trash: Arc::clone(self), first: first.id.clone() })
    }

    /// What can be deleted now, marked as doomed.
    fn take(&self) -> Vec<Vec<Blob>> {
        let mut state = self.lock();
        let mut free = Vec::new();
        for blobs in std::mem::take(&mut state.waiting) {
            let Some(first) = blobs.first().map(|blob| blob.id.clone()) else { continue };
            if let Some((_, later)) = state.pinned.get_mut(&first) {
                *later = Some(blobs);
            } else {
                state.doomed.insert(first);
                free.push(blobs);
            }
        }
        free
    }

    /// Deletes what can be. What cannot is found after the next start.
    pub(crate) async fn empty(&self) {
        self.blobs.tidy().await;
        if self.lock().waiting.is_empty() || !self.blobs.may_delete().await {
            return;
        }
        for blobs in self.take() {
            let first = blobs.first().map(|blob| blob.id.clone());
            if let Err(error) = self.blobs.delete(blobs).await {
                tracing::warn!(%error, "cannot delete bytes of deleted objects");
            }
            if let Some(first) = first {
                self.lock().doomed.remove(&first);
            }
        }
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut state = self.trash.lock();
        let Some((readers, _)) = state.pinned.get_mut(&self.first) else { return };
        *readers -= 1;
        if *readers == 0
            && let Some((_, later)) = state.pinned.remove(&self.first)
        {
            state.waiting.extend(later);
        }
    }
}

impl Fresh {
    pub(crate) fn new(trash: &Arc<Trash>, blob: Blob) -> Self {
        Self { trash: Arc::clone(trash), blob: Some(blob) }
    }

    /// Leaves it where it is, to the row that names it.
    pub(crate) fn keep(mut self) {
        self.blob = None;
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        self.trash.discard(self.blob.take().into_iter().collect());
    }
}
