use async_trait::async_trait;
use jiff::Timestamp;
use lambent_types::{Event, Namespace, Schedule, ScheduleName};

use crate::error::StorageError;
use crate::specifications::Stored;

/// A schedule with when it fires next.
pub type Scheduled = Stored<Schedule>;

/// When schedules fire. They are put and deleted as [`Resources`](crate::Resources).
///
/// # Several nodes
/// Any number of nodes may ask what is due: `fire` decides between them, by the revision and the
/// time it was to fire at, so that each time fires once. A node that sleeps until the next time is woken
/// by the feed of the resources.
#[async_trait]
pub trait Schedules: Send + Sync {
    /// The schedules that fire at `now` or before, soonest first, at most `limit`; and
    /// the time of the next one after them.
    ///
    /// # Errors
    /// The store failed.
    async fn due(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<(Vec<(Namespace, Scheduled)>, Option<Timestamp>), StorageError>;

    /// Fires: appends `events` to the schedule's channel and sets when it fires
    /// next, in one commit. `false`, and nothing is done, if the schedule is no
    /// longer at this revision, or no longer fires next when it `was` to:
    /// somebody else was first.
    ///
    /// # Errors
    /// The store failed.
    async fn fire(
        &self,
        namespace: &Namespace,
        name: &ScheduleName,
        revision: u64,
        was: Option<Timestamp>,
        events: Vec<Event>,
        next: Option<Timestamp>,
    ) -> Result<bool, StorageError>;
}
