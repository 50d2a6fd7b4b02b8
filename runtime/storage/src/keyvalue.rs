pub(crate) mod rules;

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use lambent_types::{KeyspaceName, Namespace, Origin, Precondition, TriggerName};

use crate::error::StorageError;
use crate::quota::QuotaExceeded;

/// A keyspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyspace {
    /// The name of the keyspace.
    pub name: KeyspaceName,
    /// When it was created.
    pub created: Timestamp,
}

/// A key's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The value, at most [`bounds::VALUE_BYTES_MAX`](lambent_types::bounds) bytes.
    pub value: Bytes,
    /// Grows with every change of the keyspace; never repeats, also not when
    /// the key, or the whole keyspace, is deleted and made again.
    pub revision: u64,
    /// When it will be gone.
    pub expires: Option<Timestamp>,
}

/// What must hold of a key for a change to be made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Expect {
    /// Nothing.
    #[default]
    Any,
    /// The key has no value.
    Absent,
    /// The value of the key has this revision.
    Revision(u64),
    /// What a client's header fields say; the entity tag is the revision, and
    /// there is no date.
    When(Precondition),
}

/// How to set a value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SetOptions {
    /// When to set it at all.
    pub expect: Expect,
    /// How long it lives; for ever if absent. A value that is set again
    /// without it lives for ever.
    pub ttl: Option<Duration>,
}

/// One change of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Sets a value.
    Set {
        /// The key.
        key: String,
        /// The value.
        value: Bytes,
        /// How.
        options: SetOptions,
    },
    /// Deletes a value, if there is one.
    Delete {
        /// The key.
        key: String,
        /// When to.
        expect: Expect,
    },
}

impl Change {
    /// What it changes.
    pub fn key(&self) -> &str {
        match self {
            Self::Set { key, .. } | Self::Delete { key, .. } => key,
        }
    }
}

/// Which keys to list.
#[derive(Debug, Clone, Default)]
pub struct ListKeys {
    /// Only keys that begin so.
    pub prefix: String,
    /// Only keys after this.
    pub after: Option<String>,
    /// At most so many, at least 1 and at most [`bounds::PAGE_MAX`](lambent_types::bounds).
    pub limit: usize,
}

/// Keys in ascending order of their bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPage {
    /// The keys.
    pub keys: Vec<String>,
    /// Where to continue: the key to list after; `None` if this was all.
    pub next: Option<String>,
}

impl KeyPage {
    /// The page of `keys`, of which one more than `limit` were looked for.
    pub fn of(mut keys: Vec<String>, limit: usize) -> Self {
        let more = keys.len() > limit;
        keys.truncate(limit);
        let next = keys.last().filter(|_| more).cloned();
        Self { keys, next }
    }
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum KeyValueError {
    /// There is no such keyspace.
    #[error("no such keyspace")]
    NoKeyspace,
    /// The keyspace is there already.
    #[error("the keyspace exists")]
    Exists,
    /// The keyspace holds keys.
    #[error("the keyspace is not empty")]
    NotEmpty,
    /// A trigger is for its changes.
    #[error("trigger \"{0}\" is for its changes")]
    Triggered(TriggerName),
    /// A key is not as expected.
    #[error("key {key:?} is not as expected")]
    Expectation {
        /// The key.
        key: String,
        /// The revision of the value that is there, if any.
        current: Option<u64>,
    },
    /// What is there is no counter: a decimal of 64 bits.
    #[error("the value of key {0:?} is not a decimal number of 64 bits")]
    NotACounter(String),
    /// A key or a value is out of bounds.
    #[error("{0}")]
    Invalid(String),
    /// The namespace is full.
    #[error(transparent)]
    Quota(#[from] QuotaExceeded),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Keyspaces and the keys in them.
///
/// Every change is atomic and durable when acknowledged, and seen by every
/// read that starts later. The changes of one key are in one order, that of
/// their revisions, in which their events are delivered too. A value that
/// has expired is never read; the event of its deletion may come a little
/// later. Each change of a watched keyspace commits together with its event.
///
/// # Several nodes
/// All promises hold between nodes, and revisions are in one order for all of them. A backend
/// that nodes share may answer from memory only what it knows to be current; the embedded one
/// may, because its process is the only one that writes.
#[async_trait]
pub trait KeyValue: Send + Sync {
    /// Creates a keyspace.
    ///
    /// # Errors
    /// `Exists`, `Quota`, `Storage`.
    async fn create_keyspace(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
    ) -> Result<Keyspace, KeyValueError>;

    /// Deletes an empty keyspace.
    ///
    /// # Errors
    /// `NoKeyspace`, `NotEmpty`, `Triggered`, `Storage`.
    async fn delete_keyspace(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
    ) -> Result<(), KeyValueError>;

    /// Reads one keyspace. Usually answered from memory.
    ///
    /// # Errors
    /// The store failed.
    async fn keyspace(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
    ) -> Result<Option<Keyspace>, StorageError>;

    /// All keyspaces of a namespace by name.
    ///
    /// # Errors
    /// The store failed.
    async fn keyspaces(&self, namespace: &Namespace) -> Result<Vec<Keyspace>, StorageError>;

    /// Reads one value. Usually answered from memory, at once.
    ///
    /// # Errors
    /// `NoKeyspace`, `Storage`.
    async fn get(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
        key: &str,
    ) -> Result<Option<Entry>, KeyValueError>;

    /// Reads several values, each by itself; in the order of `keys`.
    ///
    /// # Errors
    /// `NoKeyspace`, `Storage`.
    async fn get_many(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
        keys: &[String],
    ) -> Result<Vec<Option<Entry>>, KeyValueError>;

    /// Makes all changes, in their order, or none. Returns the revision each
    /// made; for a deletion of nothing `None`. At most
    /// [`bounds::BATCH_MAX`](lambent_types::bounds) changes of together 16 MiB.
    ///
    /// # Errors
    /// `NoKeyspace`, `Expectation`, `Invalid`, `Quota`, `Storage`.
    async fn apply(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
        changes: Vec<Change>,
        origin: &Origin,
    ) -> Result<Vec<Option<u64>>, KeyValueError>;

    /// Adds to a counter, an ASCII decimal, which is 0 where there is no value;
    /// keeps its expiry. Returns what it is then.
    ///
    /// # Errors
    /// `NoKeyspace`, `NotACounter` (also if it would overflow), `Invalid`,
    /// `Quota`, `Storage`.
    async fn increment(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
        key: &str,
        by: i64,
        origin: &Origin,
    ) -> Result<i64, KeyValueError>;

    /// Lists keys.
    ///
    /// # Errors
    /// `NoKeyspace`, `Storage`.
    async fn list(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
        list: ListKeys,
    ) -> Result<KeyPage, KeyValueError>;
}
