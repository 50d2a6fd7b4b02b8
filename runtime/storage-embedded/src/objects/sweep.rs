use std::sync::atomic::Ordering;

use async_trait::async_trait;

use crate::objects::blobs::Blob;
use crate::objects::{EmbeddedObjects, pieces};
use lambent_storage::StorageError;
use lambent_storage::backend::Sweep;

#[async_trait]
impl Sweep for EmbeddedObjects {
    /// Deletes bytes that can be deleted by now, and looks at one page of those
    /// that were there before this process began: what no row names, a crash
    /// left. Costs nothing once all were looked at.
    /// If that fails, the page is not looked at again before the next start.
    async fn sweep(&self) -> Result<(), StorageError> {
        self.trash.empty().await;
        if self.swept.load(Ordering::Relaxed) {
            return Ok(());
        }
        let failed = |error| StorageError::unavailable("look for bytes without an object", error);
        match self.blobs.older().await.map_err(failed)? {
            None => self.swept.store(true, Ordering::Relaxed),
            Some(blobs) => {
                let orphans = self.unnamed(blobs).await?;
                if !orphans.is_empty() {
                    tracing::info!(count = orphans.len(), "deleting bytes that a crash left");
                    self.blobs.delete(orphans).await.map_err(failed)?;
                }
            }
        }
        Ok(())
    }
}

impl EmbeddedObjects {
    /// The files that no row of any shard names.
    async fn unnamed(&self, mut blobs: Vec<Blob>) -> Result<Vec<Blob>, StorageError> {
        for shard in self.shards.all() {
            if blobs.is_empty() {
                break;
            }
            let read = shard.readers().read(move |connection| {
                let mut unnamed = Vec::with_capacity(blobs.len());
                for blob in blobs {
                    if !pieces::names(connection, &blob)? {
                        unnamed.push(blob);
                    }
                }
                Ok(unnamed)
            });
            blobs = read.await?;
        }
        Ok(blobs)
    }
}
