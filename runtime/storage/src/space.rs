use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lambent_types::format_bytes;

use crate::error::StorageError;

/// How often whoever waits for room looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How large the reserve of free disk is, unless one is given: a twentieth of
/// the disk, at least `RESERVE_MIN` and at most `RESERVE_MAX`, and no more
/// than an eighth of a small one.
#[must_use]
pub fn default_reserve(disk_bytes: u64) -> u64 {
    (disk_bytes / 20).clamp(RESERVE_MIN, RESERVE_MAX).min(disk_bytes / 8)
}

/// Room for what goes on while nothing is taken: the logs of the databases
/// (64 MiB each, at most, of those that are written), the invocation logs up
/// to their limit (256 MiB by default), and the files of other programs.
const RESERVE_MIN: u64 = 1 << 30;
/// Beyond this a larger reserve makes nothing safer, and a node would refuse
/// to write to a disk that its owner sees as having room.
const RESERVE_MAX: u64 = 2 << 30;

/// The free space of the disk that stores are on, and the reserve below
/// which nothing is taken that needs more of it.
pub struct Space {
    free: Box<dyn Fn() -> io::Result<u64> + Send + Sync>,
    reserve: u64,
    low: AtomicBool,
}

/// The free space of a disk, as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskSpace {
    /// Bytes that this process may still use; `None` if the system does not say.
    pub free: Option<u64>,
    /// Bytes below which nothing is taken that needs more.
    pub reserve: u64,
    /// Whether nothing is taken.
    pub low: bool,
}

impl std::fmt::Debug for Space {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.look().fmt(f)
    }
}

impl Space {
    /// The space of something without an end, such as memory.
    #[must_use]
    pub fn unlimited() -> Arc<Self> {
        Self::measured_by(0, || Ok(u64::MAX))
    }

    /// As much space as `free` says: bytes that may still be used.
    #[must_use]
    pub fn measured_by(
        reserve: u64,
        free: impl Fn() -> io::Result<u64> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self { free: Box::new(free), reserve, low: AtomicBool::new(false) })
    }

    /// How much there is now.
    pub fn look(&self) -> DiskSpace {
        let free = (self.free)().ok();
        let was_low = self.low.load(Ordering::Relaxed);
        // It is over only when there is somewhat more, so that it does not come and go.
        let wanted =
            if was_low { self.reserve.saturating_add(self.reserve / 16) } else { self.reserve };
        let low = free.is_some_and(|free| free < wanted);
        if low != was_low && self.low.swap(low, Ordering::Relaxed) != low {
            self.tell(low, free.unwrap_or_default());
        }
        DiskSpace { free, reserve: self.reserve, low }
    }

    fn tell(&self, low: bool, free: u64) {
        let (free, reserve) = (format_bytes(free), format_bytes(self.reserve));
        if low {
            tracing::error!(
                free,
                reserve,
                "the disk has less free than the reserve: only deletes are taken, and events \
                 wait, until there is more"
            );
        } else {
            tracing::warn!(free, reserve, "the disk has room again: all is taken");
        }
    }

    /// Refuses what needs more room if there is too little.
    ///
    /// # Errors
    /// `NoSpace`.
    pub fn check(&self) -> Result<(), StorageError> {
        let DiskSpace { free, reserve, low } = self.look();
        if low {
            return Err(StorageError::NoSpace { free: free.unwrap_or_default(), reserve });
        }
        Ok(())
    }

    /// Waits until there is enough.
    pub async fn enough(&self) {
        while self.look().low {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::*;

    const GIB: u64 = 1 << 30;

    #[test]
    fn the_reserve_fits_the_disk() {
        for (disk, reserve) in [
            (128 << 20, 16 << 20),
            (4 * GIB, GIB / 2),
            (16 * GIB, GIB),
            (30 * GIB, 30 * GIB / 20),
            (1000 * GIB, 2 * GIB),
        ] {
            assert_eq!(default_reserve(disk), reserve, "{disk}");
        }
    }

    #[test]
    fn it_is_low_below_the_reserve_until_there_is_somewhat_more() {
        let free = Arc::new(AtomicU64::new(1600));
        let told = free.clone();
        let space = Space::measured_by(1600, move || Ok(told.load(Ordering::Relaxed)));
        for (now, low) in
            [(1600, false), (1599, true), (1600, true), (1699, true), (1700, false), (1600, false)]
        {
            free.store(now, Ordering::Relaxed);
            assert_eq!(space.look().low, low, "{now}");
            assert_eq!(space.check().is_err(), low, "{now}");
        }
        assert!(!Space::unlimited().look().low);
        let unknown = Space::measured_by(1, || Err(io::Error::other("no")));
        assert!(!unknown.look().low);
    }

    #[tokio::test]
    async fn whoever_waits_goes_on_when_there_is_room() {
        let free = Arc::new(AtomicU64::new(0));
        let told = free.clone();
        let space = Space::measured_by(1, move || Ok(told.load(Ordering::Relaxed)));
        let mut waiting = Box::pin(space.enough());
        assert!(futures::FutureExt::now_or_never(&mut waiting).is_none());
        free.store(2, Ordering::Relaxed);
        waiting.await;
    }
}
