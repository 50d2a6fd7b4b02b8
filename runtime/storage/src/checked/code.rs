use async_trait::async_trait;
use bytes::Bytes;
use lambent_types::Digest;

use super::{Checked, checked};
use crate::code::{CodeStore, OpenCode};
use crate::error::StorageError;

/// Refuses bytes that do not have the digest they are said to have.
async fn check(digest: Digest, code: Bytes) -> Result<(), StorageError> {
    // A component may have many megabytes: hashing them must not keep the executor.
    let genuine = tokio::task::spawn_blocking(move || Digest::of(&code) == digest).await;
    match genuine {
        Ok(true) => Ok(()),
        Ok(false) => Err(StorageError::corrupt(format!("code {digest}"), "other bytes were given")),
        Err(error) => Err(StorageError::unavailable("check code", error)),
    }
}

checked! { CodeStore {}
    put(digest: Digest, code: Bytes) -> Result<(), StorageError> {
        check(digest, code.clone()).await?;
    }
    get(digest: Digest) -> Result<Option<Bytes>, StorageError> {}
    open(digest: Digest) -> Result<Option<OpenCode>, StorageError> {}
    contains(digest: Digest) -> Result<bool, StorageError> {}
    delete(digest: Digest) -> Result<(), StorageError> {}
    list() -> Result<Vec<Digest>, StorageError> {}
}
