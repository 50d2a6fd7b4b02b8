use async_trait::async_trait;
use jiff::Timestamp;
use lambent_types::Namespace;
pub use lambent_types::{UsageRecord, Used};

use crate::error::StorageError;

/// Usage by namespace, function, version, alias and hour. Nodes add to the same sums. What was recorded is durable; what
/// the process still holds back, at most a few seconds, is lost in a crash.
#[async_trait]
pub trait Usage: Send + Sync {
    /// Adds to the sums, all of one namespace or none.
    ///
    /// # Errors
    /// The store failed; what some of the namespaces used may have been added.
    async fn record(&self, records: Vec<(Namespace, UsageRecord)>) -> Result<(), StorageError>;

    /// The sums of hours that begin in `since..until`, by hour, function, version and alias.
    ///
    /// # Errors
    /// The store failed.
    async fn query(
        &self,
        namespace: &Namespace,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<UsageRecord>, StorageError>;
}
