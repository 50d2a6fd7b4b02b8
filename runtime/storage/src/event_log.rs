use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use lambent_types::{Event, Namespace, Origin};

pub use crate::channel::Channel;
use crate::error::StorageError;
use crate::queues::{Depth, Receipt};
use crate::quota::QuotaExceeded;

/// An event to be handled now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// What to settle it with.
    pub receipt: Receipt,
    /// The event. Its id is the same at every attempt, and `attempt` says which this is.
    pub event: Event,
    /// Where it comes from.
    pub origin: Origin,
    /// When it happened: what its age counts from.
    pub appended: Timestamp,
    /// Deliveries of one group come in order, the next only after this one is
    /// done: the key, where keys change.
    pub group: Option<String>,
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// The delivery is over: handled, given up, or not wanted.
    Done,
    /// The delivery comes again, not before then, as the next attempt.
    Retry(Timestamp),
    /// The delivery was not begun: it comes again, not before then, as the same attempt.
    Release(Timestamp),
}

/// Why an event was not appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The namespace is full.
    #[error(transparent)]
    Quota(#[from] QuotaExceeded),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Events that happened and are not handled yet.
///
/// An event is appended in the same commit as the change it tells of, once for
/// every trigger whose source, prefix and suffix it fits; asynchronous
/// invocations are appended here directly. It is delivered at least once, until
/// it is settled as done. Deliveries that a crash cut short come again after
/// their lease; a restart ends all leases of the process that is gone.
///
/// # Several nodes
/// A delivery is leased to one node, by the clock of the backend, and a receipt is worth nothing
/// at another lease. The end of a node ends its own leases alone. `backlog` is read when a
/// node starts: of a channel that another node fills later it learns nothing yet, so that a
/// channel is looked after by the node that appends to it.
#[async_trait]
pub trait EventLog: Send + Sync {
    /// Appends an event; durable when acknowledged.
    ///
    /// # Errors
    /// `Quota`, `Storage`.
    async fn append(
        &self,
        namespace: &Namespace,
        channel: &Channel,
        event: Event,
        origin: &Origin,
    ) -> Result<(), AppendError>;

    /// Takes at most `limit` events that are due, oldest first, for `lease`;
    /// waits up to `wait` for the first. Counts an attempt of each. Several of
    /// one group may come together, in their order.
    ///
    /// # Errors
    /// The store failed.
    async fn receive(
        &self,
        namespace: &Namespace,
        channel: &Channel,
        limit: usize,
        lease: Duration,
        wait: Duration,
    ) -> Result<Vec<Delivery>, StorageError>;

    /// Settles deliveries. A receipt whose lease is over is ignored: its event
    /// is with somebody else, or will be.
    ///
    /// # Errors
    /// The store failed: they come again after their lease.
    async fn settle(
        &self,
        namespace: &Namespace,
        channel: &Channel,
        settlements: Vec<(Receipt, Settlement)>,
    ) -> Result<(), StorageError>;

    /// All channels that hold anything: what a node has to serve when it starts.
    ///
    /// # Errors
    /// The store failed.
    async fn backlog(&self) -> Result<Vec<(Namespace, Channel)>, StorageError>;

    /// How much a channel holds.
    ///
    /// # Errors
    /// The store failed.
    async fn depth(&self, namespace: &Namespace, channel: &Channel) -> Result<Depth, StorageError>;

    /// Deletes everything in a channel. Returns how much there was.
    ///
    /// # Errors
    /// The store failed.
    async fn purge(&self, namespace: &Namespace, channel: &Channel) -> Result<u64, StorageError>;
}
