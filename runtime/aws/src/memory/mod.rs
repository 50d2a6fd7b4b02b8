//! What the door remembers between requests; it is gone with the process.

mod attempts;
mod tasks;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

pub(crate) use attempts::Attempts;
pub(crate) use tasks::{Status, TASKS_MAX, Task, Tasks};

/// How long a queue is not purged again; SQS's.
const PURGE_PAUSE: Duration = Duration::from_secs(60);
/// A queue: the keys of its namespace and of its name.
pub(crate) type Place = (String, String);

/// What is remembered of queues.
#[derive(Default)]
pub(crate) struct Memory {
    /// Held while attributes of a queue are read, changed and written.
    pub(crate) change: tokio::sync::Mutex<()>,
    /// When, and when the queue was made: another of its name was not purged.
    purged: Mutex<BTreeMap<Place, (Instant, Timestamp)>>,
    pub(crate) attempts: Attempts,
    pub(crate) tasks: Tasks,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Memory {
    /// Notes that a queue is purged; `false` if it was a moment ago.
    pub(crate) fn purge(&self, place: Place, created: Timestamp, now: Instant) -> bool {
        let mut purged = lock(&self.purged);
        purged.retain(|_, (at, _)| now.duration_since(*at) < PURGE_PAUSE);
        let is_first = purged.get(&place).is_none_or(|(_, of)| *of != created);
        if is_first {
            purged.insert(place, (now, created));
        }
        is_first
    }

    /// Takes that back: a queue was not purged after all.
    pub(crate) fn not_purged(&self, place: &Place) {
        lock(&self.purged).remove(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_purged_once_a_minute() {
        let (memory, now) = (Memory::default(), Instant::now());
        let place = |name: &str| ("default".to_owned(), name.to_owned());
        let purge = |name: &str, created: i64, seconds: u64| {
            let created = Timestamp::from_second(created).unwrap();
            memory.purge(place(name), created, now + Duration::from_secs(seconds))
        };
        assert!(purge("a", 1, 0));
        assert!(!purge("a", 1, 59));
        assert!(purge("b", 1, 59));
        assert!(purge("a", 2, 59), "another queue");
        assert!(purge("a", 2, 120));
        memory.not_purged(&place("a"));
        assert!(purge("a", 2, 121));
    }
}
