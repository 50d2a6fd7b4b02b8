use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use jiff::Timestamp;
use lambent_types::Namespace;

use crate::error::StorageError;
use crate::sync;
use crate::usage::{Usage, UsageRecord};

/// Usage in memory.
#[derive(Debug, Default)]
pub struct MemoryUsage {
    /// By namespace, hour and the key of the record.
    sums: Mutex<BTreeMap<(String, Timestamp, String), UsageRecord>>,
}

#[async_trait]
impl Usage for MemoryUsage {
    async fn record(&self, records: Vec<(Namespace, UsageRecord)>) -> Result<(), StorageError> {
        let mut sums = sync::lock(&self.sums);
        for (namespace, record) in records {
            let key = (namespace.key(), record.hour, record.key());
            match sums.get_mut(&key) {
                Some(sum) => sum.used.add(&record.used),
                None => drop(sums.insert(key, record)),
            }
        }
        Ok(())
    }

    async fn query(
        &self,
        namespace: &Namespace,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<UsageRecord>, StorageError> {
        let sums = sync::lock(&self.sums);
        let own = sums.iter().filter(|((owner, hour, _), _)| {
            *owner == namespace.key() && (since..until).contains(hour)
        });
        Ok(own.map(|(_, record)| record.clone()).collect())
    }
}
