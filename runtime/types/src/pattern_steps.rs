//! The work that matching may take.

/// Matching would take longer than it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the event is too large for its trigger's patterns: to compare them takes more than {} \
     steps; give the trigger fewer matchers, or send smaller events",
    crate::limits::bounds::PATTERN_STEPS_MAX
)]
pub struct TooCostly;

/// The steps that matching may still take. One step is a look at a value, or a
/// comparison of some bytes, and takes about ten nanoseconds.
pub(crate) struct Steps(pub(crate) u64);

impl Steps {
    pub(crate) fn take(&mut self, count: usize) -> Result<(), TooCostly> {
        self.0 = self.0.checked_sub(count as u64).ok_or(TooCostly)?;
        Ok(())
    }
}
