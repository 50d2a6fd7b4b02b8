use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use lambent_files::ErrorCode;
use lambent_storage::backend::sync;
use lambent_storage::{Space, VOLUME_BLOCK_BYTES, VolumeUsage, volume_weight};
use lambent_types::bounds;

/// What a volume holds and may hold, counted before it is written.
pub(crate) struct Room {
    max_bytes: AtomicU64,
    /// What waits to be removed included.
    used: Mutex<VolumeUsage>,
    space: Arc<Space>,
}

impl Room {
    pub(crate) const fn new(used: VolumeUsage, max_bytes: u64, space: Arc<Space>) -> Self {
        Self { max_bytes: AtomicU64::new(max_bytes), used: Mutex::new(used), space }
    }

    pub(crate) fn resize(&self, max_bytes: u64) {
        self.max_bytes.store(max_bytes, Ordering::Relaxed);
    }

    pub(crate) fn used(&self) -> VolumeUsage {
        *sync::lock(&self.used)
    }

    /// Takes room for one more file or directory.
    pub(crate) fn take_file(&self) -> Result<(), ErrorCode> {
        if self.space.look().low {
            return Err(ErrorCode::InsufficientSpace);
        }
        let mut used = sync::lock(&self.used);
        let bytes = used.bytes.saturating_add(volume_weight(0));
        let fits = bytes <= self.max_bytes.load(Ordering::Relaxed);
        if !fits || used.files >= bounds::VOLUME_FILES_MAX {
            return Err(ErrorCode::InsufficientSpace);
        }
        *used = VolumeUsage { bytes, files: used.files + 1 };
        Ok(())
    }

    /// Takes as much as there is of so many bytes, in blocks. Returns how many it took.
    pub(crate) fn take(&self, bytes: u64) -> u64 {
        if bytes == 0 || self.space.look().low {
            return 0;
        }
        let mut used = sync::lock(&self.used);
        let left = self.max_bytes.load(Ordering::Relaxed).saturating_sub(used.bytes);
        let taken = bytes.min(left / VOLUME_BLOCK_BYTES * VOLUME_BLOCK_BYTES);
        used.bytes += taken;
        taken
    }

    pub(crate) fn give_back(&self, bytes: u64) {
        let mut used = sync::lock(&self.used);
        used.bytes = used.bytes.saturating_sub(bytes);
    }

    /// Gives back a file of this size, or a directory.
    pub(crate) fn give_back_file(&self, size: u64) {
        let mut used = sync::lock(&self.used);
        used.bytes = used.bytes.saturating_sub(volume_weight(size));
        used.files = used.files.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_never_exceeds_what_may_be_held() {
        let room = Room::new(VolumeUsage::default(), 10 * 4096 + 5, Space::unlimited());
        room.take_file().unwrap();
        assert_eq!(room.take(8 * 4096), 8 * 4096);
        assert_eq!(room.take(3 * 4096), 4096);
        assert_eq!((room.take(4096), room.take_file()), (0, Err(ErrorCode::InsufficientSpace)));
        room.resize(0);
        room.give_back(4096);
        assert_eq!(room.take(4096), 0, "it was made smaller than what it holds");
        room.give_back_file(8 * 4096);
        assert_eq!(room.used(), VolumeUsage::default());
    }
}
