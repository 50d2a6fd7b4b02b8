//! Whether the machine's clock was set.

use std::time::Duration;

use jiff::Timestamp;
use lambent_types::Clock;
use tokio::time::Instant;

/// A clock that comes to differ by more than this from the one that only
/// counts was set. Below it lies what a time service corrects a running clock
/// by: taking such for a step would fire twice what fired a moment ago.
const STEP: Duration = Duration::from_secs(10);

/// Looks at the time of day beside a clock that nobody sets.
pub(super) struct ClockWatch {
    time: Timestamp,
    counted: Instant,
}

impl ClockWatch {
    pub(super) fn new(clock: &dyn Clock) -> Self {
        Self { time: clock.now(), counted: Instant::now() }
    }

    /// Whether the clock was set since this was asked last, which is logged.
    pub(super) fn was_set(&mut self, clock: &dyn Clock) -> bool {
        let (time, counted) = (clock.now(), Instant::now());
        let shown = time.as_millisecond() - self.time.as_millisecond();
        let passed = counted.duration_since(self.counted).as_millis();
        let passed = i64::try_from(passed).unwrap_or(i64::MAX);
        let was_set = u128::from(shown.abs_diff(passed)) > STEP.as_millis();
        // Slowly, clocks drift: only a difference at once is a step.
        *self = Self { time, counted };
        was_set
    }
}
