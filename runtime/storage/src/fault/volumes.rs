use std::sync::Arc;

use async_trait::async_trait;
use lambent_files::Volume;

use super::{Call, Faulty};
use crate::error::StorageError;
use crate::volumes::{VolumeError, VolumeUsage, Volumes};

/// The files of an open volume do not fail.
#[async_trait]
impl Volumes for Faulty<dyn Volumes> {
    async fn open(&self, id: &str, max_bytes: u64) -> Result<Arc<dyn Volume>, VolumeError> {
        self.faults.inject(Call::Read, self.inner.open(id, max_bytes)).await
    }

    async fn resize(&self, id: &str, max_bytes: u64) {
        self.inner.resize(id, max_bytes).await;
    }

    async fn usage(&self, id: &str) -> Result<VolumeUsage, VolumeError> {
        self.faults.inject(Call::Read, self.inner.usage(id)).await
    }

    async fn remove(&self, id: &str) -> Result<(), StorageError> {
        self.faults.inject(Call::Free, self.inner.remove(id)).await
    }
}
