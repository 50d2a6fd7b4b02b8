use async_trait::async_trait;
use lambent_types::Namespace;

use crate::error::StorageError;
use crate::quota::{Holding, Quota, Quotas};
use crate::stores::Stores;

/// A store that counts what namespaces hold of something.
#[async_trait]
pub(crate) trait Holds: Send + Sync {
    /// How much of each thing that it keeps a namespace holds.
    async fn held(&self, namespace: &Namespace) -> Result<Vec<(Quota, u64)>, StorageError>;
}

impl Stores {
    /// What a namespace holds, by quota, in the order of [`Quota::ALL`].
    ///
    /// # Errors
    /// A store failed.
    pub async fn holdings(&self, namespace: &Namespace) -> Result<Vec<Holding>, StorageError> {
        let mut held = Vec::new();
        for store in &self.holds {
            held.extend(store.held(namespace).await?);
        }
        held.sort();
        let limit = |quota| Some(self.quotas.limit(quota)).filter(|l| *l < Quotas::UNLIMITED);
        let holding = |(quota, used)| Holding { quota, used, limit: limit(quota) };
        Ok(held.into_iter().map(holding).collect())
    }
}
