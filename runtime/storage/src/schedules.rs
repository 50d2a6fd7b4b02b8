use async_trait::async_trait;
use jiff::Timestamp;
use lambent_types::{Event, Namespace, Schedule, ScheduleName};

use crate::changes::Changes;
use crate::error::StorageError;
use crate::quota::QuotaExceeded;

/// A schedule with when it fires next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheduled {
    /// The schedule.
    pub schedule: Schedule,
    /// When it fires next; `None`: never again, or disabled.
    pub next: Option<Timestamp>,
    /// Grows with every change of the schedule itself.
    pub revision: u64,
}

/// Why a schedule was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// There is no such schedule.
    #[error("no such schedule")]
    NotFound,
    /// The namespace is full.
    #[error(transparent)]
    Quota(#[from] QuotaExceeded),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Schedules, and when each fires next.
///
/// # Several nodes
/// Any number of nodes may ask what is due: `fire` decides between them, by the revision and the
/// time it was to fire at, so that each time fires once. A node that sleeps until the next time is woken
/// by the feed of [`Changes`], in which the schedules of all nodes are.
#[async_trait]
pub trait Schedules: Send + Sync {
    /// Creates or replaces a schedule that next fires at `next`.
    ///
    /// # Errors
    /// `Quota`, `Storage`.
    async fn put(
        &self,
        namespace: &Namespace,
        schedule: Schedule,
        next: Option<Timestamp>,
    ) -> Result<(), ScheduleError>;

    /// Deletes a schedule with the events that wait for it.
    ///
    /// # Errors
    /// `NotFound`, `Storage`.
    async fn delete(&self, namespace: &Namespace, name: &ScheduleName)
    -> Result<(), ScheduleError>;

    /// Reads one schedule.
    ///
    /// # Errors
    /// The store failed.
    async fn get(
        &self,
        namespace: &Namespace,
        name: &ScheduleName,
    ) -> Result<Option<Scheduled>, StorageError>;

    /// All schedules of a namespace by name.
    ///
    /// # Errors
    /// The store failed.
    async fn list(&self, namespace: &Namespace) -> Result<Vec<Scheduled>, StorageError>;

    /// The schedules of all namespaces, ordered by namespace and name, from the first
    /// after `after` on, at most `limit`.
    ///
    /// # Errors
    /// The store failed.
    async fn page(
        &self,
        after: Option<(Namespace, ScheduleName)>,
        limit: usize,
    ) -> Result<Vec<(Namespace, Scheduled)>, StorageError>;

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

    /// The feed of changes: every schedule that is put or deleted is in it, not that one fires.
    fn changes(&self) -> &dyn Changes<ScheduleName>;
}
