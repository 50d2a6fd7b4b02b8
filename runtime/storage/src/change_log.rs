//! A feed of changes in memory, for backends whose process is the only one that writes.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use lambent_types::Namespace;
use tokio::sync::Notify;

use crate::changes::{Batch, Changed, Changes, Position};
use crate::error::StorageError;
use crate::sync;

/// Changes that are kept for readers: what a burst of deployments makes while a reader lists.
const KEPT_MAX: usize = 1024;

/// The latest changes of one kind of resource. A backend records each once it is committed and
/// before it is acknowledged.
#[derive(Debug)]
pub struct ChangeLog<N> {
    /// Differs from that of every other process, so that no position of one is taken for
    /// another's.
    feed: u64,
    state: Mutex<State<N>>,
    came: Notify,
}

#[derive(Debug)]
struct State<N> {
    /// How many changes were recorded.
    count: u64,
    /// The last ones.
    kept: VecDeque<Changed<N>>,
}

impl<N> Default for ChangeLog<N> {
    fn default() -> Self {
        let (_, feed) = uuid::Uuid::now_v7().as_u64_pair();
        let state = Mutex::new(State { count: 0, kept: VecDeque::new() });
        Self { feed, state, came: Notify::new() }
    }
}

impl<N: Clone> ChangeLog<N> {
    fn lock(&self) -> MutexGuard<'_, State<N>> {
        sync::lock(&self.state)
    }

    /// Records a change, and wakes who waits for one.
    pub fn record(&self, namespace: Namespace, name: N) {
        let mut state = self.lock();
        if state.kept.len() == KEPT_MAX {
            state.kept.pop_front();
        }
        state.kept.push_back(Changed { namespace, name });
        state.count += 1;
        drop(state);
        self.came.notify_waiters();
    }

    fn read(&self, after: Position) -> Batch<N> {
        let state = self.lock();
        let next = Position { feed: self.feed, sequence: state.count };
        let missing = state.count.checked_sub(after.sequence).filter(|_| after.feed == self.feed);
        let from = missing.and_then(|missing| {
            state.kept.len().checked_sub(usize::try_from(missing).unwrap_or(usize::MAX))
        });
        match from {
            Some(from) => {
                Batch::Changes { changed: state.kept.range(from..).cloned().collect(), next }
            }
            None => Batch::ListAgain { next },
        }
    }
}

#[async_trait]
impl<N: Clone + Send + Sync> Changes<N> for ChangeLog<N> {
    async fn position(&self) -> Result<Position, StorageError> {
        Ok(Position { feed: self.feed, sequence: self.lock().count })
    }

    async fn since(&self, after: Position, wait: Duration) -> Result<Batch<N>, StorageError> {
        let until = tokio::time::Instant::now() + wait;
        loop {
            let came = self.came.notified();
            tokio::pin!(came);
            came.as_mut().enable();
            let batch = self.read(after);
            if !batch.is_empty() || tokio::time::timeout_at(until, came).await.is_err() {
                return Ok(batch);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(log: &ChangeLog<u64>, numbers: std::ops::Range<u64>) {
        numbers.for_each(|number| log.record(Namespace::default(), number));
    }

    async fn read(log: &ChangeLog<u64>, after: Position) -> Option<Vec<u64>> {
        match log.since(after, Duration::ZERO).await.unwrap() {
            Batch::Changes { changed, .. } => {
                Some(changed.into_iter().map(|one| one.name).collect())
            }
            Batch::ListAgain { next } => {
                assert_eq!(next, log.position().await.unwrap());
                None
            }
        }
    }

    #[tokio::test]
    async fn what_is_no_longer_kept_and_what_never_was_is_to_be_listed_again() {
        let log = ChangeLog::default();
        let start = log.position().await.unwrap();
        assert_eq!(read(&log, start).await, Some(vec![]));
        let most = KEPT_MAX as u64;
        record(&log, 0..most);
        assert_eq!(read(&log, start).await, Some((0..most).collect()));
        let first = Position { sequence: 1, ..start };
        record(&log, most..most + 1);
        assert_eq!(read(&log, start).await, None);
        assert_eq!(read(&log, first).await, Some((1..=most).collect()));
        // Of the process before, and of one that was further.
        let other = ChangeLog::<u64>::default();
        assert_eq!(read(&log, other.position().await.unwrap()).await, None);
        assert_eq!(read(&log, Position { sequence: most + 2, ..start }).await, None);
    }
}
