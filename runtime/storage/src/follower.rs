//! Keeps something derived from a store in step with it.

use std::time::Duration;

use crate::changes::{Batch, Changed, Changes, Position};
use crate::error::StorageError;

/// How long one read of a feed waits; another follows.
const WAIT: Duration = Duration::from_secs(3600);

/// What a [`Follower`] has to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News<N> {
    /// All that there is: at first, and whenever the feed has no longer everything since.
    All,
    /// These resources: at least one, each maybe more than once.
    Changed(Vec<Changed<N>>),
}

/// One who reads all that there is and then what changes, and misses nothing in between.
///
/// After a failure, of the feed or of what was read because of its news, a new follower is to be
/// made: it begins with all that there is.
pub struct Follower<'a, N> {
    feed: &'a dyn Changes<N>,
    next: Option<Position>,
}

impl<'a, N> Follower<'a, N> {
    /// One who has read nothing yet.
    pub const fn new(feed: &'a dyn Changes<N>) -> Self {
        Self { feed, next: None }
    }

    /// What is to be read now. Waits until there is something; it may be dropped meanwhile, and
    /// the next call has what came.
    ///
    /// # Errors
    /// The store failed.
    pub async fn news(&mut self) -> Result<News<N>, StorageError> {
        loop {
            let Some(next) = self.next else {
                // Taken before the listing begins, so that no change falls between the two.
                self.next = Some(self.feed.position().await?);
                return Ok(News::All);
            };
            let batch = self.feed.since(next, WAIT).await?;
            self.next = Some(batch.next());
            match batch {
                Batch::ListAgain { .. } => return Ok(News::All),
                Batch::Changes { changed, .. } if changed.is_empty() => {}
                Batch::Changes { changed, .. } => return Ok(News::Changed(changed)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use lambent_types::Namespace;

    use super::*;
    use crate::change_log::ChangeLog;

    #[tokio::test]
    async fn all_comes_first_then_what_changes_and_all_again_when_too_much_did() {
        let log = ChangeLog::default();
        log.record(Namespace::default(), 0);
        let mut follower = Follower::new(&log);
        assert_eq!(follower.news().await.unwrap(), News::All);
        // Nothing that changes while all of it is read is missed.
        log.record(Namespace::default(), 1);
        log.record(Namespace::default(), 2);
        let News::Changed(changed) = follower.news().await.unwrap() else { panic!("two changed") };
        assert_eq!(changed.iter().map(|one| one.name).collect::<Vec<_>>(), [1, 2]);
        for number in 0..2000 {
            log.record(Namespace::default(), number);
        }
        assert_eq!(follower.news().await.unwrap(), News::All);
        // One that is dropped while it waits has lost nothing.
        let waited = tokio::time::timeout(Duration::from_millis(10), follower.news()).await;
        assert!(waited.is_err(), "{waited:?}");
        log.record(Namespace::default(), 3);
        let News::Changed(changed) = follower.news().await.unwrap() else { panic!("one changed") };
        assert_eq!(changed.len(), 1);
    }
}
