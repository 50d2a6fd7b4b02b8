use jiff::Timestamp;
use lambent_storage::{Holding, UsageRecord};
use lambent_types::Error;

use crate::operation::Operation;
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
    /// it is stored, which it is up to now, and what the namespace holds.
    ///
    /// # Errors
    /// The store failed.
    pub async fn usage(&self, since: Timestamp, until: Timestamp) -> Result<UsageReport, Error> {
        self.perform(Operation::ReadUsage, "", async {
            self.service.deliveries.flush_usage().await;
            // A record is of a whole hour, and a namespace may begin within one.
            let hour = |time: Timestamp| time.as_second().div_euclid(3600) * 3600;
            let begun = self.since().map(hour).and_then(|hour| Timestamp::from_second(hour).ok());
            let since = begun.map_or(since, |begun| since.max(begun));
            let usage = self.stores().usage.query(self.namespace(), since, until).await?;
            let quotas = self.stores().holdings(self.namespace()).await?;
            Ok(UsageReport { usage, quotas })
        })
        .await
    }
}
