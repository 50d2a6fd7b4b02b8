use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tokio::sync::{Semaphore, SemaphorePermit, TryAcquireError};

use super::CallError;

/// Calls that may wait for a plugin where no other number is given: far more than wait in a host
/// that awaits its calls, and few enough that one that does not is soon told.
pub const QUEUE_DEFAULT: usize = 1024;

/// Gives turns, one at a time and first come, first served.
pub(super) struct Queue {
    turns: Semaphore,
    waiting: AtomicUsize,
    max: usize,
}

impl Queue {
    /// In which `max` may wait.
    pub(super) const fn new(max: usize) -> Self {
        Self { turns: Semaphore::const_new(1), waiting: AtomicUsize::new(0), max }
    }

    /// A turn, which ends when it is dropped.
    pub(super) async fn turn(&self) -> Result<SemaphorePermit<'_>, CallError> {
        match self.turns.try_acquire() {
            Ok(turn) => return Ok(turn),
            Err(TryAcquireError::Closed) => return Err(CallError::Closed),
            Err(TryAcquireError::NoPermits) => {}
        }
        let _place = self.place()?;
        self.turns.acquire().await.map_err(|_closed| CallError::Closed)
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Relaxed)
    }

    pub(super) fn close(&self) {
        self.turns.close();
    }

    fn place(&self) -> Result<Place<'_>, CallError> {
        let more = |waiting| (waiting < self.max).then_some(waiting + 1);
        let taken = self.waiting.fetch_update(Relaxed, Relaxed, more);
        taken.map(|_| Place(&self.waiting)).map_err(CallError::QueueFull)
    }
}

/// The place of a call that waits.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
