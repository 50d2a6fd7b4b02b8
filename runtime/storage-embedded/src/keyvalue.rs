//! Keyspaces and keys: rows in the shard of their namespace, and the keys that
//! are read most in memory.

mod cache;
mod changes;
mod sweep;
mod tables;

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use async_trait::async_trait;
use lambent_types::{Clock, KeyspaceName, Namespace, Origin, bounds};
use rusqlite::Connection;

use crate::keyvalue::cache::{Cache, Cached, key_name, keyspace_name};
use crate::keyvalue::changes::{Derived, Place};
use crate::shard::{Growth, Tx};
use crate::shards::Shards;
use lambent_storage::backend::keyvalue as rules;
use lambent_storage::{
    Change, Entry, KeyPage, KeyValue, KeyValueError, Keyspace, ListKeys, StorageError,
};

pub(crate) use tables::SCHEMA;

/// About how many bytes of rows a change writes beside its key and value.
const ROW_BYTES: usize = 256;
const ROW: Growth = Growth::Adds(ROW_BYTES);
/// Most keys that expire in one transaction.
const EXPIRE_MAX: usize = 256;

/// Keyspaces and keys.
pub(crate) struct EmbeddedKeyValue {
    shards: Arc<Shards>,
    clock: Arc<dyn Clock>,
    derived: Derived,
}

impl EmbeddedKeyValue {
    /// Opens them; at most `cache_bytes` of them are kept in memory.
    pub(crate) fn open(shards: Arc<Shards>, clock: Arc<dyn Clock>, cache_bytes: u64) -> Self {
        // Nobody knows yet what expires: the first sweep looks.
        let due = Arc::new(AtomicI64::new(i64::MIN));
        Self { shards, clock, derived: Derived { cache: Arc::new(Cache::new(cache_bytes)), due } }
    }

    fn place(&self, namespace: &Namespace, keyspace: &KeyspaceName) -> Place {
        let (namespace, keyspace) = (namespace.clone(), keyspace.clone());
        Place { namespace, keyspace, derived: self.derived.clone() }
    }

    /// Makes a change.
    async fn change<R: Send + 'static>(
        &self,
        namespace: &Namespace,
        growth: Growth,
        work: impl FnOnce(&mut Tx<'_>) -> Result<R, KeyValueError> + Send + 'static,
    ) -> Result<R, KeyValueError> {
        let shard = self.shards.of(namespace).await?;
        shard.write(growth, move |tx| tx.atomically(work)).await
    }

    /// Reads from one state of the shard.
    async fn look<R: Send + 'static>(
        &self,
        namespace: &Namespace,
        work: impl FnOnce(&Connection) -> Result<R, KeyValueError> + Send + 'static,
    ) -> Result<R, KeyValueError> {
        let shard = self.shards.of(namespace).await?;
        let read = shard.readers().read(move |connection| {
            let snapshot = connection.unchecked_transaction().map_err(tables::failed)?;
            Ok(work(&snapshot))
        });
        read.await?
    }

    /// Whether there is such a keyspace; from memory if it is known there.
    async fn known(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
        name: &str,
    ) -> Result<Option<Keyspace>, KeyValueError> {
        if let Some(known) = self.derived.cache.keyspace(name) {
            return Ok(known);
        }
        let epoch = self.derived.cache.epoch(name);
        let (owner, key) = (namespace.key(), keyspace.key());
        let found = self
            .look(namespace, move |connection| {
                Ok(tables::keyspace(connection, &owner, &key)?.map(|row| row.keyspace))
            })
            .await?;
        self.derived.cache.keep(epoch, name.to_owned(), Cached::Keyspace(found.clone()));
        Ok(found)
    }

    /// Reads keys that are not in memory, and keeps them there.
    async fn load(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
        keys: Vec<(String, String)>,
    ) -> Result<Vec<Option<Entry>>, KeyValueError> {
        let (owner, space) = (namespace.key(), keyspace.key());
        let cache = Arc::clone(&self.derived.cache);
        let epochs: Vec<_> = keys.iter().map(|(_, name)| cache.epoch(name)).collect();
        self.look(namespace, move |connection| {
            let row = tables::existing(connection, &owner, &space)?;
            let mut found = Vec::with_capacity(keys.len());
            for ((key, name), epoch) in keys.into_iter().zip(epochs) {
                let entry = tables::entry(connection, row.id, key.as_bytes())?;
                // A longer text is never a key, and is not worth remembering.
                if key.len() <= bounds::KEY_BYTES_MAX {
                    cache.keep(epoch, name, Cached::Key(entry.clone()));
                }
                found.push(entry);
            }
            Ok(found)
        })
        .await
    }

    fn live(&self, entry: Option<Entry>) -> Option<Entry> {
        // Most do not expire, and asking for the time takes some.
        entry.filter(|entry| entry.expires.is_none() || rules::live(entry, self.clock.now()))
    }
}

#[async_trait]
impl KeyValue for EmbeddedKeyValue {
    async fn create_keyspace(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
    ) -> Result<Keyspace, KeyValueError> {
        let place = self.place(namespace, keyspace);
        self.change(namespace, ROW, move |tx| place.create(tx)).await
    }

    async fn delete_keyspace(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
    ) -> Result<(), KeyValueError> {
        let place = self.place(namespace, keyspace);
        self.change(namespace, Growth::Frees, move |tx| place.remove(tx, EXPIRE_MAX)).await
    }

    async fn keyspace(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
    ) -> Result<Option<Keyspace>, StorageError> {
        let name = keyspace_name(namespace, keyspace);
        self.known(namespace, keyspace, &name).await.map_err(|error| match error {
            KeyValueError::Storage(error) => error,
            other => StorageError::unavailable("read a keyspace", other),
        })
    }

    async fn keyspaces(&self, namespace: &Namespace) -> Result<Vec<Keyspace>, StorageError> {
        let shard = self.shards.of(namespace).await?;
        let namespace = namespace.clone();
        shard.readers().read(move |connection| tables::keyspaces(connection, &namespace)).await
    }

    async fn get(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
        key: &str,
    ) -> Result<Option<Entry>, KeyValueError> {
        let space = keyspace_name(namespace, keyspace);
        if self.known(namespace, keyspace, &space).await?.is_none() {
            return Err(KeyValueError::NoKeyspace);
        }
        let name = key_name(&space, key);
        if let Some(entry) = self.derived.cache.key(&name) {
            return Ok(self.live(entry));
        }
        let found = self.load(namespace, keyspace, vec![(key.to_owned(), name)]).await?;
        Ok(self.live(found.into_iter().next().flatten()))
    }

    async fn get_many(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
        keys: &[String],
    ) -> Result<Vec<Option<Entry>>, KeyValueError> {
        let space = keyspace_name(namespace, keyspace);
        if self.known(namespace, keyspace, &space).await?.is_none() {
            return Err(KeyValueError::NoKeyspace);
        }
        let mut entries = Vec::with_capacity(keys.len());
        let mut missing = Vec::new();
        for key in keys {
            let name = key_name(&space, key);
            let known = self.derived.cache.key(&name);
            if known.is_none() {
                missing.push((key.clone(), name));
            }
            entries.push(known);
        }
        let mut loaded = match missing.is_empty() {
            true => Vec::new(),
            false => self.load(namespace, keyspace, missing).await?,
        }
        .into_iter();
        let entry = |known: Option<_>| known.or_else(|| loaded.next()).flatten();
        Ok(entries.into_iter().map(entry).map(|entry| self.live(entry)).collect())
    }

    async fn apply(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
        changes: Vec<Change>,
        origin: &Origin,
    ) -> Result<Vec<Option<u64>>, KeyValueError> {
        let bytes = rules::size(&changes) + changes.len() * ROW_BYTES;
        let (place, origin) = (self.place(namespace, keyspace), origin.clone());
        let growth = match rules::only_deletes(&changes) {
            true => Growth::Frees,
            false => Growth::Adds(bytes),
        };
        self.change(namespace, growth, move |tx| place.apply(tx, changes, &origin)).await
    }

    async fn increment(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
        key: &str,
        by: i64,
        origin: &Origin,
    ) -> Result<i64, KeyValueError> {
        let (place, key, origin) =
            (self.place(namespace, keyspace), key.to_owned(), origin.clone());
        self.change(namespace, ROW, move |tx| place.increment(tx, &key, by, &origin)).await
    }

    async fn list(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
        list: ListKeys,
    ) -> Result<KeyPage, KeyValueError> {
        let (owner, space) = (namespace.key(), keyspace.key());
        let now = self.clock.now();
        self.look(namespace, move |connection| {
            let row = tables::existing(connection, &owner, &space)?;
            let limit = list.limit;
            let after = list.after.as_deref().unwrap_or_default();
            let range = (list.prefix.as_str(), after);
            let keys = tables::keys(connection, row.id, range, now, limit + 1)?;
            Ok(KeyPage::of(keys, limit))
        })
        .await
    }
}
