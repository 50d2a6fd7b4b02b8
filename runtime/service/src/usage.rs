use jiff::Timestamp;
use lambent_storage::{Holding, UsageRecord};
use lambent_types::Error;

use crate::scope::Scope;

/// What a namespace used and holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageReport {
    /// What invocations used, by hour and function.
    pub usage: Vec<UsageRecord>,
    /// What is held now of each quota, and how much may be.
    pub quotas: Vec<Holding>,
}

impl Scope {
    /// What functions used in the hours that begin in `since..until`, as far as
    /// it is stored, and what the namespace holds.
    ///
    /// # Errors
    /// The store failed.
    pub async fn usage(&self, since: Timestamp, until: Timestamp) -> Result<UsageReport, Error> {
        let usage = self.stores().usage.query(self.namespace(), since, until).await?;
        let quotas = self.stores().holdings(self.namespace()).await?;
        Ok(UsageReport { usage, quotas })
    }
}
