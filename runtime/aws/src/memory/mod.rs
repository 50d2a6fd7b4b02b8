//! What the door remembers between requests; it is gone with the process.

mod tasks;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use lambent_service::Message;

pub(crate) use tasks::{Status, TASKS_MAX, Task, Tasks};

/// How long a queue is not purged again; SQS's.
const PURGE_PAUSE: Duration = Duration::from_secs(60);
/// How long an attempt to receive is known; SQS's.
const ATTEMPT_KEPT: Duration = Duration::from_secs(300);
/// Most attempts that are known at a time, with ten messages each: older ones are received anew.
const ATTEMPTS_MAX: usize = 1000;

/// A queue: the keys of its namespace and of its name.
pub(crate) type Place = (String, String);

/// What attempts to receive got, by their queue and their id, and when.
type Attempts = BTreeMap<(Place, String), (Instant, Vec<Message>)>;

/// What is remembered of queues.
#[derive(Default)]
pub(crate) struct Memory {
    /// Held while attributes of a queue are read, changed and written.
    pub(crate) change: tokio::sync::Mutex<()>,
    /// When, and when the queue was made: another of its name was not purged.
    purged: Mutex<BTreeMap<Place, (Instant, Timestamp)>>,
    attempts: Mutex<Attempts>,
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

    /// What an attempt to receive got before, if that is remembered.
    pub(crate) fn attempt(&self, place: &Place, id: &str, now: Instant) -> Option<Vec<Message>> {
        let mut attempts = lock(&self.attempts);
        let (at, messages) = attempts.remove(&(place.clone(), id.to_owned()))?;
        (now.duration_since(at) < ATTEMPT_KEPT).then_some(messages)
    }

    /// Notes what an attempt to receive got.
    pub(crate) fn attempted(&self, place: Place, id: String, messages: Vec<Message>, now: Instant) {
        let mut attempts = lock(&self.attempts);
        attempts.retain(|_, (at, _)| now.duration_since(*at) < ATTEMPT_KEPT);
        if attempts.len() >= ATTEMPTS_MAX {
            let oldest = attempts.iter().min_by_key(|(_, (at, _))| *at).map(|(key, _)| key.clone());
            oldest.and_then(|key| attempts.remove(&key));
        }
        attempts.insert((place, id), (now, messages));
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
    }

    #[test]
    fn attempts_are_known_for_a_while_and_never_too_many() {
        let (memory, now) = (Memory::default(), Instant::now());
        let place = ("default".to_owned(), "q.fifo".to_owned());
        for number in 0..=ATTEMPTS_MAX {
            let then = now + Duration::from_millis(number as u64);
            memory.attempted(place.clone(), number.to_string(), Vec::new(), then);
        }
        assert!(memory.attempt(&place, "0", now).is_none());
        assert!(memory.attempt(&place, "1", now + Duration::from_secs(300)).is_some());
        assert!(memory.attempt(&place, "2", now + ATTEMPT_KEPT * 2).is_none());
    }
}
