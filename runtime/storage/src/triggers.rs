use async_trait::async_trait;
use lambent_types::{Namespace, Source, Trigger, TriggerName};

use crate::changes::Changes;
use crate::error::StorageError;
use crate::quota::QuotaExceeded;

/// Why a trigger was not changed.
#[derive(Debug, thiserror::Error)]
pub enum TriggerError {
    /// There is no such trigger.
    #[error("no such trigger")]
    NotFound,
    /// The bucket, keyspace or queue it names does not exist.
    #[error("its source does not exist")]
    NoSource,
    /// The trigger has another source; delete it first.
    #[error("a trigger's source cannot be changed")]
    OtherSource,
    /// The namespace is full.
    #[error(transparent)]
    Quota(#[from] QuotaExceeded),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Triggers: which changes become events, and for whom.
///
/// From the acknowledgement of a trigger on, every change that fits it is
/// appended to its channel of the [`EventLog`](crate::EventLog). Prefix, suffix
/// and changes of a source may be changed; the bucket, keyspace or queue may not.
/// A bucket, keyspace or queue cannot be deleted while a trigger names it.
///
/// # Several nodes
/// The promise holds for changes that any node makes after the acknowledgement: a backend that
/// nodes share reads the triggers in the transaction of the change, or knows that its copy is
/// current. Whoever serves triggers follows the feed of [`Changes`], in which those of all nodes are.
#[async_trait]
pub trait Triggers: Send + Sync {
    /// Creates or replaces a trigger.
    ///
    /// # Errors
    /// `NoSource`, `OtherSource`, `Quota`, `Storage`.
    async fn put(&self, namespace: &Namespace, trigger: Trigger) -> Result<(), TriggerError>;

    /// Deletes a trigger with the events that wait for it.
    ///
    /// # Errors
    /// `NotFound`, `Storage`.
    async fn delete(&self, namespace: &Namespace, name: &TriggerName) -> Result<(), TriggerError>;

    /// Reads one trigger.
    ///
    /// # Errors
    /// The store failed.
    async fn get(
        &self,
        namespace: &Namespace,
        name: &TriggerName,
    ) -> Result<Option<Trigger>, StorageError>;

    /// All triggers of a namespace by name.
    ///
    /// # Errors
    /// The store failed.
    async fn list(&self, namespace: &Namespace) -> Result<Vec<Trigger>, StorageError>;

    /// All triggers that there are: what a node has to serve when it starts.
    ///
    /// # Errors
    /// The store failed.
    async fn all(&self) -> Result<Vec<(Namespace, Trigger)>, StorageError>;

    /// The feed of changes: every trigger that is put or deleted is in it.
    fn changes(&self) -> &dyn Changes<TriggerName>;
}

/// Whether a trigger goes on listening to the same thing.
pub fn same_source(old: &Source, new: &Source) -> bool {
    match (old, new) {
        (Source::Object { bucket: a, .. }, Source::Object { bucket: b, .. }) => a == b,
        (Source::Queue { queue: a, .. }, Source::Queue { queue: b, .. }) => a.key() == b.key(),
        (Source::KeyValue { keyspace: a, .. }, Source::KeyValue { keyspace: b, .. }) => {
            a.key() == b.key()
        }
        _ => false,
    }
}
