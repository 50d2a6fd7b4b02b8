use std::fs::File;

use async_trait::async_trait;
use bytes::Bytes;
use lambent_types::Digest;

use crate::error::StorageError;

/// Code that can be read by offset for as long as this is kept, also after it was deleted.
#[derive(Debug)]
pub enum OpenCode {
    /// All of it.
    Memory(Bytes),
    /// An open file that holds it.
    File(File),
}

/// Components and packages by the SHA-256 of their bytes.
///
/// # Several nodes
/// Code of a digest never changes, so that any node may cache it for ever. Only deletion needs
/// care: whoever collects garbage must know that no node is deploying, which today only
/// the one process of a data directory knows.
#[async_trait]
pub trait CodeStore: Send + Sync {
    /// Keeps `code`, durably when this returns. Does nothing if an intact copy
    /// is there; replaces a damaged one.
    ///
    /// # Errors
    /// `Corrupt` if `digest` is not that of `code`; or the store failed.
    async fn put(&self, digest: Digest, code: Bytes) -> Result<(), StorageError>;

    /// Reads code and verifies it. `None` if it is not there.
    ///
    /// # Errors
    /// `Corrupt` if the bytes no longer have this digest; or the store failed.
    async fn get(&self, digest: Digest) -> Result<Option<Bytes>, StorageError>;

    /// Opens code and verifies it. `None` if it is not there.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    async fn open(&self, digest: Digest) -> Result<Option<OpenCode>, StorageError>;

    /// Whether there is code of this digest, without verifying it.
    ///
    /// # Errors
    /// The store failed.
    async fn contains(&self, digest: Digest) -> Result<bool, StorageError>;

    /// Deletes code; nothing happens if it is not there.
    ///
    /// # Errors
    /// The store failed.
    async fn delete(&self, digest: Digest) -> Result<(), StorageError>;

    /// Every digest there is code of, in no particular order.
    ///
    /// # Errors
    /// The store failed.
    async fn list(&self) -> Result<Vec<Digest>, StorageError>;
}
