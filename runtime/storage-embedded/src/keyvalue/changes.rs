use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;
use jiff::Timestamp;
use lambent_types::{KeyspaceName, Namespace, Origin};

use crate::emit::emit;
use crate::keyvalue::cache::{Cache, Cached, key_name, keyspace_name};
use crate::keyvalue::tables::{self, KeyspaceRow};
use crate::quota::{charge, count};
use crate::shard::Tx;
use crate::triggers::index as trigger_index;
use lambent_storage::backend::ChangeEvent;
use lambent_storage::backend::keyvalue as rules;
use lambent_storage::{Change, Entry, KeyValueError, Keyspace, Quota, SetOptions, StorageError};

/// What is derived from keys, updated once changes of them are committed.
#[derive(Clone)]
pub(crate) struct Derived {
    pub(crate) cache: Arc<Cache>,
    /// The next expiry, in milliseconds; never later than the real one.
    pub(crate) due: Arc<AtomicI64>,
}

/// A keyspace to be changed.
pub(crate) struct Place {
    pub(crate) namespace: Namespace,
    pub(crate) keyspace: KeyspaceName,
    pub(crate) derived: Derived,
}

/// Changes of one keyspace, within a transaction.
pub(crate) struct Changes<'a, 'tx> {
    tx: &'a mut Tx<'tx>,
    namespace: &'a Namespace,
    derived: &'a Derived,
    row: KeyspaceRow,
    /// The name of the keyspace in the cache.
    name: String,
    /// By how many bytes and keys the keyspace has grown.
    grown: i64,
    added: i64,
}

impl Place {
    pub(crate) fn create(&self, tx: &mut Tx<'_>) -> Result<Keyspace, KeyValueError> {
        let owner = self.namespace.key();
        if tables::keyspace(tx.connection, &owner, &self.keyspace.key())?.is_some() {
            return Err(KeyValueError::Exists);
        }
        charge::<KeyValueError>(tx, &self.namespace, Quota::Keyspaces, 1)?;
        let keyspace = tables::create(tx.connection, &owner, &self.keyspace, tx.now)?;
        self.tell(tx, Some(keyspace.clone()));
        Ok(keyspace)
    }

    pub(crate) fn remove(&self, tx: &mut Tx<'_>, expire_max: usize) -> Result<(), KeyValueError> {
        let mut changes = self.begin(tx)?;
        let due =
            tables::due(changes.tx.connection, Some(changes.row.id), changes.tx.now, expire_max)?;
        for due in due {
            changes.expire(&due.key)?;
        }
        let row = changes.end()?;
        if tables::holds_any(tx.connection, row.id)? {
            return Err(KeyValueError::NotEmpty);
        }
        let name = row.keyspace.name.as_str();
        if let Some(trigger) = trigger_index::of_keyspace(tx, &self.namespace, name)? {
            return Err(KeyValueError::Triggered(trigger));
        }
        tables::delete_keyspace(tx.connection, &row)?;
        count(tx, &self.namespace, Quota::Keyspaces, -1);
        self.tell(tx, None);
        Ok(())
    }

    fn tell(&self, tx: &mut Tx<'_>, keyspace: Option<Keyspace>) {
        let cache = Arc::clone(&self.derived.cache);
        let name = keyspace_name(&self.namespace, &self.keyspace);
        tx.after_commit(move || cache.committed(name, Cached::Keyspace(keyspace)));
    }

    fn begin<'a, 'tx>(&'a self, tx: &'a mut Tx<'tx>) -> Result<Changes<'a, 'tx>, KeyValueError> {
        let row = tables::existing(tx.connection, &self.namespace.key(), &self.keyspace.key())?;
        Ok(Changes::new(tx, &self.namespace, &self.derived, row))
    }

    pub(crate) fn apply(
        &self,
        tx: &mut Tx<'_>,
        changes: Vec<Change>,
        origin: &Origin,
    ) -> Result<Vec<Option<u64>>, KeyValueError> {
        let mut place = self.begin(tx)?;
        let made: Result<Vec<_>, _> =
            changes.into_iter().map(|change| place.apply(change, origin)).collect();
        let made = made?;
        place.end()?;
        Ok(made)
    }

    pub(crate) fn increment(
        &self,
        tx: &mut Tx<'_>,
        key: &str,
        by: i64,
        origin: &Origin,
    ) -> Result<i64, KeyValueError> {
        let mut place = self.begin(tx)?;
        let current = place.current(key)?;
        let sum = rules::add(key, current.as_ref().map(|entry| &*entry.value), by)?;
        let expires = current.as_ref().and_then(|entry| entry.expires);
        place.set(key, current.as_ref(), (sum.to_string().into(), expires), origin)?;
        place.end()?;
        Ok(sum)
    }
}

impl<'a, 'tx> Changes<'a, 'tx> {
    pub(crate) fn new(
        tx: &'a mut Tx<'tx>,
        namespace: &'a Namespace,
        derived: &'a Derived,
        row: KeyspaceRow,
    ) -> Self {
        let name = keyspace_name(namespace, &row.keyspace.name);
        Self { tx, namespace, derived, row, name, grown: 0, added: 0 }
    }

    fn apply(&mut self, change: Change, origin: &Origin) -> Result<Option<u64>, KeyValueError> {
        let current = self.current(change.key())?;
        match change {
            Change::Set { key, value, options: SetOptions { expect, ttl } } => {
                rules::check_expect(&key, current.as_ref(), &expect)?;
                let expires = ttl.map(|ttl| rules::expiry(self.tx.now, ttl));
                self.set(&key, current.as_ref(), (value, expires), origin).map(Some)
            }
            Change::Delete { key, expect } => {
                rules::check_expect(&key, current.as_ref(), &expect)?;
                let Some(old) = current else { return Ok(None) };
                self.delete(&key, &old, false, origin).map(Some)
            }
        }
    }

    /// A key's value. If it has expired, its deletion is made up for, so that
    /// its event comes before that of what follows.
    fn current(&mut self, key: &str) -> Result<Option<Entry>, KeyValueError> {
        let found = tables::entry(self.tx.connection, self.row.id, key.as_bytes())?;
        let Some(old) = found else { return Ok(None) };
        if rules::live(&old, self.tx.now) {
            return Ok(Some(old));
        }
        self.delete(key, &old, true, &Origin::default())?;
        Ok(None)
    }

    /// Deletes a key if it has expired.
    pub(crate) fn expire(&mut self, key: &[u8]) -> Result<(), KeyValueError> {
        let key = std::str::from_utf8(key)
            .map_err(|error| StorageError::corrupt("key", error.to_string()))?;
        self.current(key).map(drop)
    }

    fn set(
        &mut self,
        key: &str,
        old: Option<&Entry>,
        (value, expires): (Bytes, Option<Timestamp>),
        origin: &Origin,
    ) -> Result<u64, KeyValueError> {
        self.row.revision += 1;
        let new = Entry { value, revision: self.row.revision, expires };
        tables::write(self.tx.connection, self.row.id, key, &new)?;
        let before = old.map_or(0, |old| rules::weight(key, old));
        self.grown += rules::weight(key, &new) - before;
        self.added += i64::from(old.is_none());
        self.emit(key, (old, Some(&new)), false, origin)?;
        self.tell(key, Some(new));
        Ok(self.row.revision)
    }

    fn delete(
        &mut self,
        key: &str,
        old: &Entry,
        expired: bool,
        origin: &Origin,
    ) -> Result<u64, KeyValueError> {
        self.row.revision += 1;
        tables::delete(self.tx.connection, self.row.id, key.as_bytes())?;
        self.grown -= rules::weight(key, old);
        self.added -= 1;
        self.emit(key, (Some(old), None), expired, origin)?;
        self.tell(key, None);
        Ok(self.row.revision)
    }

    fn emit(
        &mut self,
        key: &str,
        (old, new): (Option<&Entry>, Option<&Entry>),
        expired: bool,
        origin: &Origin,
    ) -> Result<(), KeyValueError> {
        let (keyspace, revision) = (&self.row.keyspace.name, self.row.revision);
        let event = ChangeEvent::Key { keyspace, key, old, new, revision, expired };
        emit(self.tx, self.namespace, &event, origin)
    }

    fn tell(&mut self, key: &str, entry: Option<Entry>) {
        let derived = self.derived.clone();
        let name = key_name(&self.name, key);
        self.tx.after_commit(move || {
            if let Some(expires) = entry.as_ref().and_then(|entry| entry.expires) {
                derived.due.fetch_min(expires.as_millisecond(), Ordering::SeqCst);
            }
            derived.cache.committed(name, Cached::Key(entry));
        });
    }

    /// Writes the last revision and charges for what was added.
    pub(crate) fn end(self) -> Result<KeyspaceRow, KeyValueError> {
        tables::set_revision(self.tx.connection, &self.row)?;
        charge::<KeyValueError>(self.tx, self.namespace, Quota::KeyvalueBytes, self.grown)?;
        charge::<KeyValueError>(self.tx, self.namespace, Quota::Keys, self.added)?;
        Ok(self.row)
    }
}
