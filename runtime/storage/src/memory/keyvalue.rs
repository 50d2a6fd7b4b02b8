use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use lambent_types::{Clock, KeyspaceName, Namespace, Origin};

use crate::change_event::ChangeEvent;
use crate::error::StorageError;
use crate::keyvalue::{
    Change, Entry, KeyPage, KeyValue, KeyValueError, Keyspace, ListKeys, SetOptions, rules,
};
use crate::memory::MemoryEvents;
use crate::namespace_quotas::NamespaceQuotas;
use crate::quota::{Quota, QuotaExceeded};
use crate::sync;
use crate::upkeep::Holds;
use crate::upkeep::Sweep;

/// Keyspaces in memory.
#[derive(Debug)]
pub struct MemoryKeyValue {
    clock: Arc<dyn Clock>,
    quotas: Arc<NamespaceQuotas>,
    events: Arc<MemoryEvents>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// By the keys of namespace and name.
    spaces: BTreeMap<(String, String), Space>,
    /// The highest revision of any deleted keyspace, by namespace.
    retired: BTreeMap<String, u64>,
}

#[derive(Debug, Clone)]
struct Space {
    keyspace: Keyspace,
    revision: u64,
    /// Entries that have expired are there until something looks.
    entries: BTreeMap<String, Entry>,
    /// The changes whose events are not appended yet.
    changed: Vec<Changed>,
}

#[derive(Debug, Clone)]
struct Changed {
    key: String,
    old: Option<Entry>,
    new: Option<Entry>,
    revision: u64,
    expired: bool,
}

impl State {
    /// How many keys a namespace holds, and of how many bytes.
    fn holds(&self, namespace: &str) -> (u64, u64) {
        let own = self.spaces.iter().filter(|((owner, _), _)| owner == namespace);
        own.fold((0, 0), |(keys, bytes), (_, space)| {
            (keys + space.entries.len() as u64, bytes + space.bytes().unsigned_abs())
        })
    }
}

impl Space {
    /// Sets or deletes a key; the change's own revision.
    fn change(&mut self, key: &str, new: Option<(Bytes, Option<Timestamp>)>, expired: bool) -> u64 {
        self.revision += 1;
        let revision = self.revision;
        let new = new.map(|(value, expires)| Entry { value, revision, expires });
        let old = match new.clone() {
            Some(new) => self.entries.insert(key.to_owned(), new),
            None => self.entries.remove(key),
        };
        self.changed.push(Changed { key: key.to_owned(), old, new, revision, expired });
        revision
    }

    fn live(&self, key: &str, now: Timestamp) -> Option<&Entry> {
        self.entries.get(key).filter(|entry| rules::live(entry, now))
    }

    /// Deletes what has expired, in that order.
    fn expire(&mut self, now: Timestamp, only: Option<&str>) {
        let due = self.entries.iter().filter(|(key, entry)| {
            !rules::live(entry, now) && only.is_none_or(|only| only == *key)
        });
        let mut due: Vec<_> = due.map(|(key, entry)| (entry.expires, key.clone())).collect();
        due.sort();
        for (_, key) in due {
            self.change(&key, None, true);
        }
    }

    fn apply(&mut self, change: Change, now: Timestamp) -> Result<Option<u64>, KeyValueError> {
        self.expire(now, Some(change.key()));
        match change {
            Change::Set { key, value, options: SetOptions { expect, ttl } } => {
                rules::check_expect(&key, self.entries.get(&key), &expect)?;
                let expires = ttl.map(|ttl| rules::expiry(now, ttl));
                Ok(Some(self.change(&key, Some((value, expires)), false)))
            }
            Change::Delete { key, expect } => {
                rules::check_expect(&key, self.entries.get(&key), &expect)?;
                let is_there = self.entries.contains_key(&key);
                Ok(is_there.then(|| self.change(&key, None, false)))
            }
        }
    }

    fn bytes(&self) -> i64 {
        self.entries.iter().map(|(key, entry)| rules::weight(key, entry)).sum()
    }
}

impl MemoryKeyValue {
    /// An empty store, which appends the events of changes to `events`.
    #[must_use]
    pub fn new(
        clock: Arc<dyn Clock>,
        quotas: Arc<NamespaceQuotas>,
        events: Arc<MemoryEvents>,
    ) -> Self {
        Self { clock, quotas, events, state: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        sync::lock(&self.state)
    }

    fn with<R>(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
        work: impl FnOnce(&Space, Timestamp) -> R,
    ) -> Result<R, KeyValueError> {
        let state = self.lock();
        let space = state.spaces.get(&(namespace.key(), keyspace.key()));
        Ok(work(space.ok_or(KeyValueError::NoKeyspace)?, self.clock.now()))
    }

    /// Changes a copy of a keyspace, which takes its place if all went well and
    /// the namespace may hold it with the events of the changes.
    fn change<R>(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
        origin: &Origin,
        work: impl FnOnce(&mut Space, Timestamp) -> Result<R, KeyValueError>,
    ) -> Result<R, KeyValueError> {
        let mut state = self.lock();
        let key = (namespace.key(), keyspace.key());
        let before = state.spaces.get(&key).ok_or(KeyValueError::NoKeyspace)?;
        let mut after = before.clone();
        let result = work(&mut after, self.clock.now())?;
        let (keys, bytes) = state.holds(&key.0);
        let added = after.entries.len() as i64 - before.entries.len() as i64;
        let quotas = self.quotas.of(&key.0);
        quotas.check(Quota::KeyvalueBytes, bytes, after.bytes() - before.bytes())?;
        quotas.check(Quota::Keys, keys, added)?;
        self.tell(namespace, &mut after, origin)?;
        state.spaces.insert(key, after);
        Ok(result)
    }

    /// Tells what has changed. What time has done comes of nothing.
    fn tell(
        &self,
        namespace: &Namespace,
        space: &mut Space,
        origin: &Origin,
    ) -> Result<(), QuotaExceeded> {
        let (changed, time) = (std::mem::take(&mut space.changed), Origin::default());
        let keyspace = &space.keyspace.name;
        let events = changed.iter().map(|changed| {
            let Changed { key, old, new, revision, expired } = changed;
            let (old, new) = (old.as_ref(), new.as_ref());
            let (revision, expired) = (*revision, *expired);
            let event = ChangeEvent::Key { keyspace, key, old, new, revision, expired };
            (event, if expired { &time } else { origin })
        });
        self.events.emit(namespace, &events.collect::<Vec<_>>())
    }
}

#[async_trait]
impl Holds for MemoryKeyValue {
    async fn held(&self, namespace: &Namespace) -> Result<Vec<(Quota, u64)>, StorageError> {
        let (state, owner) = (self.lock(), namespace.key());
        let (keys, bytes) = state.holds(&owner);
        let count = state.spaces.keys().filter(|(namespace, _)| *namespace == owner).count();
        Ok(vec![
            (Quota::KeyvalueBytes, bytes),
            (Quota::Keyspaces, count as u64),
            (Quota::Keys, keys),
        ])
    }
}

#[async_trait]
impl KeyValue for MemoryKeyValue {
    async fn create_keyspace(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
    ) -> Result<Keyspace, KeyValueError> {
        let mut state = self.lock();
        let key = (namespace.key(), keyspace.key());
        if state.spaces.contains_key(&key) {
            return Err(KeyValueError::Exists);
        }
        let held = state.spaces.keys().filter(|(owner, _)| *owner == key.0).count() as u64;
        self.quotas.of(&key.0).check(Quota::Keyspaces, held, 1)?;
        let created = Timestamp::from_millisecond(self.clock.now().as_millisecond());
        let keyspace =
            Keyspace { name: keyspace.clone(), created: created.unwrap_or(Timestamp::MIN) };
        let revision = state.retired.get(&key.0).copied().unwrap_or_default();
        let (entries, changed) = (BTreeMap::new(), Vec::new());
        let space = Space { keyspace: keyspace.clone(), revision, entries, changed };
        self.events.keyspace_created(namespace, &keyspace.name);
        state.spaces.insert(key, space);
        Ok(keyspace)
    }

    async fn delete_keyspace(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
    ) -> Result<(), KeyValueError> {
        let now = self.clock.now();
        let mut state = self.lock();
        let key = (namespace.key(), keyspace.key());
        let space = state.spaces.get_mut(&key).ok_or(KeyValueError::NoKeyspace)?;
        if space.entries.values().any(|entry| rules::live(entry, now)) {
            return Err(KeyValueError::NotEmpty);
        }
        self.events.keyspace_deleted(namespace, keyspace).map_err(KeyValueError::Triggered)?;
        space.expire(now, None);
        let revision = space.revision;
        state.spaces.remove(&key);
        let retired = state.retired.entry(key.0).or_default();
        *retired = revision.max(*retired);
        Ok(())
    }

    async fn keyspace(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
    ) -> Result<Option<Keyspace>, StorageError> {
        Ok(self.with(namespace, keyspace, |space, _| space.keyspace.clone()).ok())
    }

    async fn keyspaces(&self, namespace: &Namespace) -> Result<Vec<Keyspace>, StorageError> {
        let state = self.lock();
        let own = state.spaces.iter().filter(|((owner, _), _)| *owner == namespace.key());
        Ok(own.map(|(_, space)| space.keyspace.clone()).collect())
    }

    async fn get(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
        key: &str,
    ) -> Result<Option<Entry>, KeyValueError> {
        self.with(namespace, keyspace, |space, now| space.live(key, now).cloned())
    }

    async fn get_many(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
        keys: &[String],
    ) -> Result<Vec<Option<Entry>>, KeyValueError> {
        self.with(namespace, keyspace, |space, now| {
            keys.iter().map(|key| space.live(key, now).cloned()).collect()
        })
    }

    async fn apply(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
        changes: Vec<Change>,
        origin: &Origin,
    ) -> Result<Vec<Option<u64>>, KeyValueError> {
        self.change(namespace, keyspace, origin, |space, now| {
            changes.into_iter().map(|change| space.apply(change, now)).collect()
        })
    }

    async fn increment(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
        key: &str,
        by: i64,
        origin: &Origin,
    ) -> Result<i64, KeyValueError> {
        self.change(namespace, keyspace, origin, |space, now| {
            space.expire(now, Some(key));
            let current = space.entries.get(key);
            let sum = rules::add(key, current.map(|entry| &*entry.value), by)?;
            let expires = current.and_then(|entry| entry.expires);
            space.change(key, Some((sum.to_string().into(), expires)), false);
            Ok(sum)
        })
    }

    async fn list(
        &self,
        namespace: &Namespace,
        keyspace: &KeyspaceName,
        list: ListKeys,
    ) -> Result<KeyPage, KeyValueError> {
        self.with(namespace, keyspace, |space, now| {
            let after = list.after.as_deref().unwrap_or_default();
            let live = space.entries.iter().filter(|(_, entry)| rules::live(entry, now));
            let found = live.map(|(key, _)| key);
            let found = found.filter(|key| key.starts_with(&list.prefix) && key.as_str() > after);
            let limit = list.limit;
            KeyPage::of(found.take(limit + 1).cloned().collect(), limit)
        })
    }
}

#[async_trait]
impl Sweep for MemoryKeyValue {
    async fn sweep(&self) -> Result<(), StorageError> {
        let mut state = self.lock();
        for ((owner, _), space) in &mut state.spaces {
            let Ok(namespace) = owner.parse() else { continue };
            let mut after = space.clone();
            after.expire(self.clock.now(), None);
            // What a full namespace has no room to tell waits for the next sweep.
            if self.tell(&namespace, &mut after, &Origin::default()).is_ok() {
                *space = after;
            }
        }
        Ok(())
    }
}
