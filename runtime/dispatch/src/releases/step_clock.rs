//! How much of a step is left.

use std::time::Duration;

use tokio::time::Instant;

/// What is left of a step, by a clock that nobody sets: that of the day may be moved in the middle of a
/// step, which is no shorter or longer by that.
#[derive(Debug, Clone, Copy)]
pub(super) struct StepClock {
    left: Duration,
    /// Since when that runs down; it stands while there is none.
    since: Option<Instant>,
}

impl StepClock {
    /// So much is left, and runs down from now on if it is to.
    pub(super) fn new(left: Duration, runs: bool) -> Self {
        Self { left, since: runs.then(Instant::now) }
    }

    /// What is left now.
    pub(super) fn left(&self) -> Duration {
        let passed = self.since.map_or(Duration::ZERO, |since| since.elapsed());
        self.left.saturating_sub(passed)
    }

    /// Whether it runs down.
    pub(super) const fn runs(&self) -> bool {
        self.since.is_some()
    }

    /// Whether nothing is left. That is so of none that stands.
    pub(super) fn is_over(&self) -> bool {
        self.runs() && self.left().is_zero()
    }
}
