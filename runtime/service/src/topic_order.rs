//! What FIFO topics remember: which messages were published in the last minutes, and the number of the
//! last one. It is in memory: after a restart a message that is published again comes again, but to
//! FIFO queues, which know it by its id themselves.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::published_message::PublishedMessage;

/// How long a message is known by its id; SNS's.
const KNOWN_FOR: Duration = Duration::from_secs(300);
/// Most messages that one topic remembers; of more than these it forgets the oldest before their time.
const KNOWN_MAX: usize = 20_000;
/// From how many topics on those are forgotten that were not published to.
const TOPICS_KEPT: usize = 64;

type Shared = Arc<tokio::sync::Mutex<TopicOrder>>;

/// The FIFO topics of a node, by namespace and name.
#[derive(Debug, Default)]
pub(crate) struct TopicOrders {
    topics: Mutex<HashMap<(String, String), Shared>>,
}

/// What one topic remembers. Whoever holds it publishes alone.
#[derive(Debug, Default)]
pub(crate) struct TopicOrder {
    last: u64,
    known: HashMap<String, PublishedMessage>,
    ages: VecDeque<(Instant, String)>,
}

impl TopicOrders {
    /// What a topic remembers.
    pub(crate) fn of(&self, place: (String, String)) -> Shared {
        let mut topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        if topics.len() >= TOPICS_KEPT {
            topics.retain(|_, order| {
                let in_use = Arc::strong_count(order) > 1;
                in_use || order.try_lock().is_ok_and(|mut order| !order.is_over(Instant::now()))
            });
        }
        topics.entry(place).or_default().clone()
    }
}

impl TopicOrder {
    /// The message of this id, if it was published in the last minutes.
    pub(crate) fn known(&mut self, id: &str) -> Option<PublishedMessage> {
        self.forget(Instant::now());
        self.known.get(id).cloned()
    }

    /// The number of the next message: larger than that of any before it, also of a former process
    /// unless the machine's clock was set back.
    pub(crate) fn next(&mut self, now: Timestamp) -> String {
        let least = u64::try_from(now.as_microsecond()).unwrap_or_default();
        self.last = least.max(self.last + 1);
        format!("{:020}", self.last)
    }

    /// Remembers a message that was published.
    pub(crate) fn remember(&mut self, id: String, message: PublishedMessage) {
        if self.ages.len() >= KNOWN_MAX {
            self.forget_oldest();
        }
        self.ages.push_back((Instant::now(), id.clone()));
        self.known.insert(id, message);
    }

    fn forget(&mut self, now: Instant) {
        while self.ages.front().is_some_and(|(then, _)| now.duration_since(*then) >= KNOWN_FOR) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, id)) = self.ages.pop_front() {
            self.known.remove(&id);
        }
    }

    fn is_over(&mut self, now: Instant) -> bool {
        self.forget(now);
        self.ages.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published(id: &str) -> PublishedMessage {
        PublishedMessage { id: id.into(), sequence: None }
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_is_known_for_five_minutes() {
        let orders = TopicOrders::default();
        let order = orders.of(("n".into(), "t".into()));
        let mut order = order.lock().await;
        order.remember("a".into(), published("1"));
        tokio::time::advance(Duration::from_secs(299)).await;
        assert_eq!(order.known("a"), Some(published("1")));
        assert_eq!(order.known("b"), None);
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(order.known("a"), None);
        assert!(order.known.is_empty() && order.ages.is_empty());
    }

    #[tokio::test]
    async fn numbers_grow_and_memory_does_not() {
        let mut order = TopicOrder::default();
        let now = Timestamp::from_second(1_000).unwrap();
        let first = order.next(now);
        assert!(first < order.next(Timestamp::UNIX_EPOCH) && first.len() == 20);
        for id in 0..KNOWN_MAX + 10 {
            order.remember(id.to_string(), published("x"));
        }
        assert_eq!((order.known.len(), order.ages.len()), (KNOWN_MAX, KNOWN_MAX));
        assert!(order.known("0").is_none() && order.known("20009").is_some());
    }
}
