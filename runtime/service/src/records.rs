//! What the service itself keeps: JSON values in a namespace that is nobody's.
//!
//! They are kept as keys so that every backend has them, durable and with
//! revisions, without a store of their own, and so that all nodes over the same
//! stores see the same.

use std::time::Duration;

use lambent_storage::{Change, Expect, KeyValue, KeyValueError, ListKeys, SetOptions};
use lambent_types::{Error, ErrorCode, KeyspaceName, Namespace, Origin, bounds};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::client_errors;

/// The namespace of these records. Names that begin with an underscore are
/// refused for all others, so no principal gets a scope in it.
const NAMESPACE: &str = "_lambent";

/// One kind of record.
pub(crate) struct Records<'s> {
    store: &'s dyn KeyValue,
    namespace: Namespace,
    keyspace: KeyspaceName,
}

/// A change of a record.
pub(crate) enum Write {
    /// Creates it; there must be none.
    Create(String, Vec<u8>),
    /// Sets it in place of the one of this revision.
    Replace(String, Vec<u8>, u64),
    /// Sets it, whatever there is, so that it is there for this long, or for ever.
    Put(String, Vec<u8>, Option<Duration>),
    /// Deletes it, if there is one.
    Delete(String),
}

impl Write {
    fn value(record: &impl Serialize) -> Result<Vec<u8>, Error> {
        serde_json::to_vec(record).map_err(|error| damaged(&error))
    }

    fn change(&self) -> Change {
        let set = |key: &str, value: &[u8], expect, ttl| Change::Set {
            key: key.into(),
            value: value.to_vec().into(),
            options: SetOptions { expect, ttl },
        };
        match self {
            Self::Create(key, value) => set(key, value, Expect::Absent, None),
            Self::Replace(key, value, revision) => {
                set(key, value, Expect::Revision(*revision), None)
            }
            Self::Put(key, value, ttl) => set(key, value, Expect::Any, *ttl),
            Self::Delete(key) => Change::Delete { key: key.clone(), expect: Expect::Any },
        }
    }

    pub(crate) fn create(key: String, record: &impl Serialize) -> Result<Self, Error> {
        Ok(Self::Create(key, Self::value(record)?))
    }

    pub(crate) fn replace(
        key: String,
        record: &impl Serialize,
        revision: u64,
    ) -> Result<Self, Error> {
        Ok(Self::Replace(key, Self::value(record)?, revision))
    }

    pub(crate) fn put(
        key: String,
        record: &impl Serialize,
        ttl: Option<Duration>,
    ) -> Result<Self, Error> {
        Ok(Self::Put(key, Self::value(record)?, ttl))
    }
}

fn damaged(error: &dyn std::error::Error) -> Error {
    tracing::error!(%error, "a record of the service is damaged");
    Error::new(ErrorCode::Internal, "a record is damaged; see the server's log")
}

impl<'s> Records<'s> {
    /// The records of `kind`.
    pub(crate) fn of(store: &'s dyn KeyValue, kind: &str) -> Result<Self, Error> {
        Self::apart(store, NAMESPACE, kind)
    }

    /// The records of `kind` in a namespace of their own, whose name begins with an underscore: what it
    /// may hold does not take from what the others may.
    pub(crate) fn apart(
        store: &'s dyn KeyValue,
        namespace: &str,
        kind: &str,
    ) -> Result<Self, Error> {
        let namespace = namespace.parse().map_err(|error| damaged(&error))?;
        let keyspace = kind.parse().map_err(|error| damaged(&error))?;
        Ok(Self { store, namespace, keyspace })
    }

    /// Reads one.
    pub(crate) async fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Error> {
        Ok(self.get_revision(key).await?.map(|(record, _)| record))
    }

    /// Reads one with its revision.
    pub(crate) async fn get_revision<T: DeserializeOwned>(
        &self,
        key: &str,
    ) -> Result<Option<(T, u64)>, Error> {
        let entry = match self.store.get(&self.namespace, &self.keyspace, key).await {
            Ok(entry) => entry,
            // The first write creates it.
            Err(KeyValueError::NoKeyspace) => None,
            Err(error) => return Err(self.refused(error)),
        };
        let Some(entry) = entry else { return Ok(None) };
        let record = serde_json::from_slice(&entry.value).map_err(|error| damaged(&error))?;
        Ok(Some((record, entry.revision)))
    }

    /// Reads all whose keys begin with `prefix`, in the order of their keys.
    pub(crate) async fn list<T: DeserializeOwned>(&self, prefix: &str) -> Result<Vec<T>, Error> {
        let mut found = Vec::new();
        for key in self.keys(prefix).await? {
            // It may have been deleted since it was listed.
            found.extend(self.get(&key).await?);
        }
        Ok(found)
    }

    /// The keys that begin with `prefix`, in their order.
    pub(crate) async fn keys(&self, prefix: &str) -> Result<Vec<String>, Error> {
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let list = ListKeys { prefix: prefix.into(), after, limit: bounds::PAGE_MAX };
            let page = match self.store.list(&self.namespace, &self.keyspace, list).await {
                Ok(page) => page,
                Err(KeyValueError::NoKeyspace) => return Ok(found),
                Err(error) => return Err(self.refused(error)),
            };
            found.extend(page.keys);
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(found),
            }
        }
    }

    /// Makes changes, all or none. Returns whether it did: not if what is to be
    /// created is there, or what is to be replaced is at another revision.
    pub(crate) async fn write(&self, writes: &[Write]) -> Result<bool, Error> {
        loop {
            let (namespace, keyspace) = (&self.namespace, &self.keyspace);
            let changes = writes.iter().map(Write::change).collect();
            match self.store.apply(namespace, keyspace, changes, &Origin::default()).await {
                Ok(_) => return Ok(true),
                Err(KeyValueError::Expectation { .. }) => return Ok(false),
                // There is nothing to be deleted.
                Err(KeyValueError::NoKeyspace)
                    if writes.iter().all(|write| matches!(write, Write::Delete(_))) =>
                {
                    return Ok(true);
                }
                Err(KeyValueError::NoKeyspace) => {
                    match self.store.create_keyspace(namespace, keyspace).await {
                        Ok(_) | Err(KeyValueError::Exists) => {}
                        Err(error) => return Err(self.refused(error)),
                    }
                }
                Err(error) => return Err(self.refused(error)),
            }
        }
    }

    /// Deletes all, and what they are in.
    pub(crate) async fn delete_all(&self) -> Result<(), Error> {
        loop {
            let keys = self.keys("").await?;
            for some in keys.chunks(bounds::BATCH_MAX) {
                let gone: Vec<_> = some.iter().cloned().map(Write::Delete).collect();
                self.write(&gone).await?;
            }
            match self.store.delete_keyspace(&self.namespace, &self.keyspace).await {
                Ok(()) | Err(KeyValueError::NoKeyspace) => return Ok(()),
                // Somebody has written meanwhile.
                Err(KeyValueError::NotEmpty) => {}
                Err(error) => return Err(self.refused(error)),
            }
        }
    }

    fn refused(&self, error: KeyValueError) -> Error {
        client_errors::keyvalue(&self.namespace, &self.keyspace, error)
    }
}
