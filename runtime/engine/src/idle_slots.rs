use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Counts the slots of the pooling allocator that idle instances hold: at most half of
/// them, so that an invocation always finds one, however many instances are kept idle.
#[derive(Debug)]
pub(crate) struct IdleSlots {
    taken: AtomicUsize,
    max: usize,
}

impl IdleSlots {
    /// For a pooling allocator of `instances` slots.
    pub(crate) fn new(instances: u32) -> Arc<Self> {
        let max = usize::try_from(instances / 2).unwrap_or(usize::MAX);
        Arc::new(Self { taken: AtomicUsize::new(0), max })
    }

    /// Takes a slot, if one is left.
    pub(crate) fn take(self: &Arc<Self>) -> Option<IdleSlot> {
        let more = |taken| (taken < self.max).then_some(taken + 1);
        self.taken.fetch_update(Relaxed, Relaxed, more).ok().map(|_| IdleSlot(Arc::clone(self)))
    }
}

/// The slot of an idle instance, given back when this is dropped.
pub(crate) struct IdleSlot(Arc<IdleSlots>);

impl Drop for IdleSlot {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Relaxed);
    }
}
