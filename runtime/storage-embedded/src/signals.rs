use lambent_storage::backend::sync;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};

use tokio::sync::Notify;

/// The tasks that wait for something to arrive, by the id of where it arrives.
#[derive(Debug, Default)]
pub(crate) struct Signals(Mutex<HashMap<i64, Weak<Notify>>>);

impl Signals {
    /// What is notified when something arrives at `id`. Made before looking,
    /// so that no arrival is missed.
    pub(crate) fn of(&self, id: i64) -> Arc<Notify> {
        let mut signals = sync::lock(&self.0);
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
        let signals = sync::lock(&self.0);
        if let Some(signal) = signals.get(&id).and_then(Weak::upgrade) {
            signal.notify_waiters();
        }
    }
}
