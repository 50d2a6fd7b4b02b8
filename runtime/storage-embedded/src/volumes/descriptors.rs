use std::collections::HashMap;
use std::fs::File;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use lambent_storage::backend::sync;

/// Files of volumes that are open at the most, of whatever guests have open: another is opened
/// again when it is used.
const OPEN_MAX: usize = 512;
/// How many are closed at a time when there are too many.
const CLOSED_AT_ONCE: usize = OPEN_MAX / 4;

/// A file by the serial number of its volume, and its own.
type Key = (u64, u64);

/// The open files of all volumes.
#[derive(Default)]
pub(crate) struct Descriptors {
    open: Mutex<HashMap<Key, (Arc<File>, u64)>>,
    /// Counts uses.
    clock: AtomicU64,
    volumes: AtomicU64,
}

impl Descriptors {
    /// A serial number for a volume that is opened.
    pub(crate) fn serial(&self) -> u64 {
        self.volumes.fetch_add(1, Ordering::Relaxed)
    }

    fn now(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn get(&self, key: Key) -> Option<Arc<File>> {
        let mut open = sync::lock(&self.open);
        let (file, used) = open.get_mut(&key)?;
        *used = self.now();
        Some(Arc::clone(file))
    }

    pub(crate) fn insert(&self, key: Key, file: Arc<File>) {
        let mut open = sync::lock(&self.open);
        let mut closed = Vec::new();
        if open.len() >= OPEN_MAX {
            let mut uses: Vec<_> = open.values().map(|(_, used)| *used).collect();
            let (_, oldest, _) = uses.select_nth_unstable(CLOSED_AT_ONCE);
            let oldest = *oldest;
            closed.extend(open.extract_if(|_, (_, used)| *used < oldest));
        }
        open.insert(key, (file, self.now()));
        drop(open);
        drop(closed);
    }

    pub(crate) fn remove(&self, key: Key) {
        let closed = sync::lock(&self.open).remove(&key);
        drop(closed);
    }

    /// Closes all of a volume.
    pub(crate) fn remove_all(&self, serial: u64) {
        let closed: Vec<_> =
            sync::lock(&self.open).extract_if(|(volume, _), _| *volume == serial).collect();
        drop(closed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_are_closed() {
        let descriptors = Descriptors::default();
        let file = Arc::new(tempfile::tempfile().unwrap());
        for number in 0..OPEN_MAX as u64 {
            descriptors.insert((1, number), Arc::clone(&file));
        }
        assert!(descriptors.get((1, 0)).is_some());
        for number in 0..40 {
            descriptors.insert((2, number), Arc::clone(&file));
        }
        assert!(descriptors.get((1, 0)).is_some() && descriptors.get((1, 1)).is_none());
        assert!(Arc::strong_count(&file) <= OPEN_MAX + 1);
        descriptors.remove_all(1);
        descriptors.remove((2, 0));
        assert_eq!(Arc::strong_count(&file), 40);
    }
}
