use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use super::AT_ONCE;

/// The newest guest's part of what guests use on average: one of 4 ms makes a
/// component's next begin elsewhere, and a few short ones have them begin in
/// place again.
const NEWEST_PART: u32 = 8;

/// What the guests of a component used of the CPU of late, on average.
///
/// Those that are mostly long begin where such guests go on: what a guest does
/// within one instruction, as to fill its memory for the first time, cannot be
/// stopped to have it go on elsewhere.
#[derive(Debug, Default)]
pub(crate) struct Pace(AtomicU32);

impl Pace {
    /// One has used so much.
    pub(super) fn add(&self, used: Duration) {
        let used = u32::try_from(used.as_micros()).unwrap_or(u32::MAX);
        // One that is lost to another at the same time is no loss.
        let mean = self.0.load(Relaxed);
        self.0.store(mean - mean / NEWEST_PART + used / NEWEST_PART, Relaxed);
    }

    /// Whether they use more than a guest may in place.
    pub(crate) fn is_long(&self) -> bool {
        u128::from(self.0.load(Relaxed)) >= AT_ONCE.as_micros()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_long_guest_is_enough_and_short_ones_make_up_for_it() {
        let pace = Pace::default();
        pace.add(Duration::from_micros(100));
        assert!(!pace.is_long());
        pace.add(Duration::from_millis(8));
        assert!(pace.is_long());
        for _ in 0..100 {
            pace.add(Duration::from_micros(50));
        }
        assert!(!pace.is_long());
        pace.add(Duration::MAX);
        pace.add(Duration::MAX);
        assert!(pace.is_long());
    }
}
