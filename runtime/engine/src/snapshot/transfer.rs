//! What is on its way between the host and the memory of a guest.

use std::sync::Arc;

use super::image::Snapshot;

/// Memory on its way; nothing, most of the time.
pub(crate) type Transfers = Option<Box<Transfer>>;

/// Memory that is saved or restored.
pub(crate) enum Transfer {
    /// What it is before the instance is initialized is wanted.
    Before,
    /// What it was, to be compared with what it is after that.
    Compared(Vec<u8>),
    /// The snapshot.
    Taken(Snapshot),
    /// A snapshot that is put in place: the run that comes next, and how much of it is done.
    Restored { snapshot: Arc<Snapshot>, run: usize, done: usize },
}

impl Transfer {
    /// A snapshot of which nothing is in place yet.
    pub(crate) const fn of(snapshot: Arc<Snapshot>) -> Self {
        Self::Restored { snapshot, run: 0, done: 0 }
    }

    /// The snapshot, if one was taken.
    pub(crate) fn taken(self) -> Option<Snapshot> {
        match self {
            Self::Taken(snapshot) => Some(snapshot),
            Self::Before | Self::Compared(_) | Self::Restored { .. } => None,
        }
    }

    /// What it becomes when the memory is handed over.
    pub(crate) fn keep(self, memory: &[u8]) -> Self {
        match self {
            Self::Before => Self::Compared(memory.to_vec()),
            Self::Compared(before) => Self::Taken(Snapshot::of(&before, memory)),
            other => other,
        }
    }
}
