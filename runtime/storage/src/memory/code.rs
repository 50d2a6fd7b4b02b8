use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use bytes::Bytes;
use lambent_types::Digest;

use crate::code::{CodeStore, OpenCode};
use crate::error::StorageError;
use crate::sync;

/// Components in memory.
#[derive(Debug, Default)]
pub struct MemoryCode(Mutex<HashMap<Digest, Bytes>>);

impl MemoryCode {
    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, Bytes>> {
        sync::lock(&self.0)
    }
}

#[async_trait]
impl CodeStore for MemoryCode {
    async fn put(&self, digest: Digest, code: Bytes) -> Result<(), StorageError> {
        self.lock().insert(digest, code);
        Ok(())
    }

    async fn get(&self, digest: Digest) -> Result<Option<Bytes>, StorageError> {
        Ok(self.lock().get(&digest).cloned())
    }

    async fn open(&self, digest: Digest) -> Result<Option<OpenCode>, StorageError> {
        Ok(self.get(digest).await?.map(OpenCode::Memory))
    }

    async fn contains(&self, digest: Digest) -> Result<bool, StorageError> {
        Ok(self.lock().contains_key(&digest))
    }

    async fn delete(&self, digest: Digest) -> Result<(), StorageError> {
        self.lock().remove(&digest);
        Ok(())
    }

    async fn list(&self) -> Result<Vec<Digest>, StorageError> {
        Ok(self.lock().keys().copied().collect())
    }
}
