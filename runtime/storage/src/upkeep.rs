use async_trait::async_trait;
use lambent_types::Namespace;

use crate::error::StorageError;
use crate::quota::Quota;

/// A store that counts what namespaces hold of something.
#[async_trait]
pub trait Holds: Send + Sync {
    /// How much of each thing that it keeps a namespace holds, what is being written included.
    ///
    /// # Errors
    /// The store failed.
    async fn held(&self, namespace: &Namespace) -> Result<Vec<(Quota, u64)>, StorageError>;
}

/// A store that has something to do from time to time. Where several nodes share a
/// backend each of them calls it, so that what it does must be harmless if done twice.
#[async_trait]
pub trait Sweep: Send + Sync {
    /// Does a bounded part of what is due: about what takes some milliseconds. It costs
    /// nothing when nothing is due.
    ///
    /// # Errors
    /// The store failed; the rest is done next time.
    async fn sweep(&self) -> Result<(), StorageError>;
}
