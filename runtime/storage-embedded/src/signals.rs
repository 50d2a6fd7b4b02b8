use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::Notify;

/// Who waits for something to arrive, by the id of where it arrives.
#[derive(Debug, Default)]
pub(crate) struct Signals(Mutex<HashMap<i64, Weak<Notify>>>);

impl Signals {
    /// What is notified when something arrives at `id`. Made before looking,
    /// so that no arrival is missed.
    pub(crate) fn of(&self, id: i64) -> Arc<Notify> {
        let mut signals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(signal) = signals.get(&id).and_then(Weak::upgrade) {
            return signal;
        }
        signals.retain(|_, signal| signal.strong_count() > 0);
        let signal = Arc::new(Notify::new());
        signals.insert(id, Arc::downgrade(&signal));
        signal
    }

    /// Wakes everyone who waits at `id`.
    pub(crate) fn wake(&self, id: i64) {
        let signals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(signal) = signals.get(&id).and_then(Weak::upgrade) {
            signal.notify_waiters();
        }
    }
}
