use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use super::INITIAL_QUANTUM;

/// The newest guest's part of the mean: one guest of 4 ms makes the component's next
/// guest migrate as it begins, and after a few short ones guests begin in place again.
const NEWEST_PART: u32 = 8;

/// The CPU time that the last guests of a component used, on average.
///
/// Guests of a component whose guests are mostly long migrate as they begin: what a guest
/// does within one instruction, such as to fill its memory for the first time, cannot be
/// interrupted to migrate it then.
#[derive(Debug, Default)]
pub(crate) struct MeanCpuTime(AtomicU32);

impl MeanCpuTime {
    /// Counts a guest that has ended.
    pub(super) fn add(&self, used: Duration) {
        let used = u32::try_from(used.as_micros()).unwrap_or(u32::MAX);
        // If two threads do this at once, one guest is not counted, which does no harm.
        let mean = self.0.load(Relaxed);
        self.0.store(mean - mean / NEWEST_PART + used / NEWEST_PART, Relaxed);
    }

    /// Whether guests use more than their initial quantum on average.
    pub(crate) fn is_long(&self) -> bool {
        u128::from(self.0.load(Relaxed)) >= INITIAL_QUANTUM.as_micros()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_long_guest_is_enough_and_short_ones_make_up_for_it() {
        let mean = MeanCpuTime::default();
        mean.add(Duration::from_micros(100));
        assert!(!mean.is_long());
        mean.add(Duration::from_millis(8));
        assert!(mean.is_long());
        for _ in 0..100 {
            mean.add(Duration::from_micros(50));
        }
        assert!(!mean.is_long());
        mean.add(Duration::MAX);
        mean.add(Duration::MAX);
        assert!(mean.is_long());
    }
}
