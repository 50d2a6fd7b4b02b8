use std::hash::{BuildHasher, RandomState};
use std::sync::RwLock;

use lambent_types::{KeyspaceName, Namespace};
use moka::sync::Cache as Moka;

use lambent_storage::backend::sync;
use lambent_storage::{Entry, Keyspace};

/// A change of one key keeps only reads of its stripe from being cached.
const STRIPES: usize = 256;
/// About how many bytes an entry takes beside its key and value.
const OVERHEAD: usize = 128;

/// What reads find in memory: keyspaces and keys, also that there is none;
/// never older than the last acknowledged change.
///
/// A read that misses takes note of its stripe's epoch, reads the database,
/// and keeps what it found only if nothing of the stripe was changed meanwhile:
/// what it found could be older than that change.
pub(crate) struct Cache {
    entries: Moka<String, Cached>,
    epochs: Vec<RwLock<u64>>,
    hasher: RandomState,
}

/// What is cached under a name.
#[derive(Debug, Clone)]
pub(crate) enum Cached {
    Keyspace(Option<Keyspace>),
    Key(Option<Entry>),
}

/// The name of a keyspace in the cache. None is the beginning of another:
/// names hold no zero byte.
pub(crate) fn keyspace_name(namespace: &Namespace, keyspace: &KeyspaceName) -> String {
    let (namespace, keyspace) = (namespace.as_str(), keyspace.as_str());
    let mut name = String::with_capacity(namespace.len() + keyspace.len() + 1);
    name.push_str(namespace);
    name.push('\0');
    name.push_str(keyspace);
    name.make_ascii_lowercase();
    name
}

/// The name of a key in the cache, given that of its keyspace.
pub(crate) fn key_name(keyspace: &str, key: &str) -> String {
    let mut name = String::with_capacity(keyspace.len() + key.len() + 1);
    name.push_str(keyspace);
    name.push('\0');
    name.push_str(key);
    name
}

impl Cache {
    pub(crate) fn new(bytes_max: u64) -> Self {
        let entries = Moka::builder()
            .max_capacity(bytes_max)
            .weigher(|name: &String, cached: &Cached| {
                let value = match cached {
                    Cached::Key(Some(entry)) => entry.value.len(),
                    Cached::Key(None) | Cached::Keyspace(_) => 0,
                };
                u32::try_from(OVERHEAD + name.len() + value).unwrap_or(u32::MAX)
            })
            .build();
        let epochs = (0..STRIPES).map(|_| RwLock::new(0)).collect();
        Self { entries, epochs, hasher: RandomState::new() }
    }

    fn stripe(&self, name: &str) -> &RwLock<u64> {
        let hash = self.hasher.hash_one(name);
        &self.epochs[usize::try_from(hash % STRIPES as u64).unwrap_or_default()]
    }

    /// Whether there is such a keyspace, if that is known.
    pub(crate) fn keyspace(&self, name: &str) -> Option<Option<Keyspace>> {
        match self.entries.get(name)? {
            Cached::Keyspace(keyspace) => Some(keyspace),
            Cached::Key(_) => None,
        }
    }

    /// A key's value, if that is known; it may have expired.
    pub(crate) fn key(&self, name: &str) -> Option<Option<Entry>> {
        match self.entries.get(name)? {
            Cached::Key(entry) => Some(entry),
            Cached::Keyspace(_) => None,
        }
    }

    /// How often anything of this name's stripe was changed.
    pub(crate) fn epoch(&self, name: &str) -> u64 {
        *sync::read(self.stripe(name))
    }

    /// Keeps what was read since `epoch`, unless it may be out of date.
    pub(crate) fn keep(&self, epoch: u64, name: String, cached: Cached) {
        let now = sync::read(self.stripe(&name));
        if *now == epoch {
            self.entries.insert(name, cached);
        }
    }

    /// Takes over what was committed.
    pub(crate) fn committed(&self, name: String, cached: Cached) {
        let mut epoch = sync::write(self.stripe(&name));
        *epoch += 1;
        self.entries.insert(name, cached);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let cache = Cache::new(1 << 20);
        let entry = |revision| {
            let value = bytes::Bytes::new();
            Cached::Key(Some(Entry { value, revision, expires: None }))
        };
        let revision = || cache.key("k").map(|entry| entry.unwrap().revision);
        let epoch = cache.epoch("k");
        cache.keep(epoch, "k".into(), entry(1));
        assert_eq!(revision(), Some(1));
        cache.committed("k".into(), entry(2));
        cache.keep(epoch, "k".into(), entry(1));
        assert_eq!(revision(), Some(2));
        cache.keep(cache.epoch("k"), "k".into(), Cached::Key(None));
        assert_eq!(cache.key("k"), Some(None));
    }
}
