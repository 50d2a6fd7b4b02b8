use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use lambent_types::{
    Alias, AliasName, ConcurrencyChange, Digest, Function, FunctionName, FunctionVersion,
    Namespace, Progress, Revision,
};

use crate::change_log::ChangeLog;
use crate::changes::Changes;
use crate::error::{StorageError, WriteError};
use crate::namespace_quotas::NamespaceQuotas;
use crate::quota::{Quota, Quotas};
use crate::registry::rules::{self, Reserved, code_delta};
use crate::registry::{Expected, Registry};
use crate::sync;
use crate::upkeep::Holds;

type Key = (String, String);

fn key(namespace: &Namespace, name: &FunctionName) -> Key {
    (namespace.key(), name.key())
}

/// Functions and versions in memory.
#[derive(Debug, Default)]
pub struct MemoryRegistry {
    quotas: Arc<NamespaceQuotas>,
    state: Mutex<State>,
    changes: ChangeLog<FunctionName>,
}

#[derive(Debug, Default)]
struct State {
    functions: BTreeMap<Key, Entry>,
    /// The highest revision that any deleted function had.
    retired: u64,
}

#[derive(Debug)]
struct Entry {
    function: Arc<Function>,
    versions: BTreeMap<u64, Arc<FunctionVersion>>,
}

impl State {
    fn function(&self, key: &Key) -> Option<&Function> {
        self.functions.get(key).map(|entry| &*entry.function)
    }

    /// How many functions and versions a namespace holds, and what code of how
    /// many bytes each.
    fn holds(&self, namespace: &str) -> (u64, u64, BTreeMap<Digest, u64>) {
        let (mut functions, mut versions, mut code) = (0, 0, BTreeMap::new());
        for (_, entry) in self.functions.iter().filter(|((owner, _), _)| owner == namespace) {
            functions += 1;
            versions += entry.versions.len() as u64;
            for one in entry.versions.values().chain([&entry.function.latest]) {
                code.extend(one.code.parts());
            }
        }
        (functions, versions, code)
    }

    /// How many invocations are reserved for the functions of a namespace.
    fn reserved(&self, namespace: &str) -> u64 {
        let own = self.functions.iter().filter(|((owner, _), _)| owner == namespace);
        own.filter_map(|(_, entry)| entry.function.concurrency.reserved.map(u64::from)).sum()
    }

    /// How many parts of the code of heads and versions of a namespace have this digest.
    fn uses(&self, namespace: &str, digest: Digest) -> usize {
        let own = self.functions.iter().filter(|((owner, _), _)| owner == namespace);
        let all = own.flat_map(|(_, entry)| {
            let versions = entry.versions.values().chain([&entry.function.latest]);
            versions.flat_map(|one| one.code.digests())
        });
        all.filter(|one| *one == digest).count()
    }

    /// Refuses a head that would make a namespace hold too much.
    fn check(&self, quotas: &Quotas, key: &Key, head: &FunctionVersion) -> Result<(), WriteError> {
        let (functions, _, code) = self.holds(&key.0);
        let old = self.function(key).map(|function| &function.latest);
        quotas.check(Quota::Functions, functions, i64::from(old.is_none()))?;
        let old = old.map(|old| &old.code);
        let delta = code_delta(&head.code, old, |digest| Ok(self.uses(&key.0, digest) as u64))?;
        Ok(quotas.check(Quota::CodeBytes, code.values().sum(), delta)?)
    }

    fn digests(&self) -> impl Iterator<Item = Digest> {
        self.functions.values().flat_map(|entry| {
            let versions = entry.versions.values().chain([&entry.function.latest]);
            versions.flat_map(|version| version.code.digests())
        })
    }
}

impl MemoryRegistry {
    /// An empty store with these quotas.
    #[must_use]
    pub fn new(quotas: Arc<NamespaceQuotas>) -> Self {
        Self { quotas, state: Mutex::default(), changes: ChangeLog::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        sync::lock(&self.state)
    }

    /// Sets what a function is now.
    fn set(&self, state: &mut State, key: &Key, function: Function) -> Arc<Function> {
        let function = Arc::new(function);
        if let Some(entry) = state.functions.get_mut(key) {
            entry.function = Arc::clone(&function);
        }
        let FunctionVersion { namespace, name, .. } = &*function.latest;
        self.changes.record(namespace.clone(), name.clone());
        function
    }
}

#[async_trait]
impl Holds for MemoryRegistry {
    async fn held(&self, namespace: &Namespace) -> Result<Vec<(Quota, u64)>, StorageError> {
        let (functions, versions, code) = self.lock().holds(&namespace.key());
        Ok(vec![
            (Quota::Functions, functions),
            (Quota::Versions, versions),
            (Quota::CodeBytes, code.values().sum()),
            (Quota::Concurrency, self.lock().reserved(&namespace.key())),
        ])
    }
}

#[async_trait]
impl Registry for MemoryRegistry {
    async fn function(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
    ) -> Result<Option<Arc<Function>>, StorageError> {
        let state = self.lock();
        Ok(state.functions.get(&key(namespace, name)).map(|entry| Arc::clone(&entry.function)))
    }

    async fn version(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        number: u64,
    ) -> Result<Option<Arc<FunctionVersion>>, StorageError> {
        let state = self.lock();
        let entry = state.functions.get(&key(namespace, name));
        Ok(entry.and_then(|entry| entry.versions.get(&number).cloned()))
    }

    async fn put(
        &self,
        head: FunctionVersion,
        expected: Option<Expected>,
    ) -> Result<Arc<Function>, WriteError> {
        let mut state = self.lock();
        let key = key(&head.namespace, &head.name);
        let retired = Revision(state.retired);
        let function = Arc::new(rules::put(state.function(&key), head, expected, retired)?);
        state.check(&self.quotas.of(&key.0), &key, &function.latest)?;
        let new = Arc::clone(&function);
        state.functions.entry(key).and_modify(|entry| entry.function = new).or_insert_with(|| {
            Entry { function: Arc::clone(&function), versions: BTreeMap::new() }
        });
        let (namespace, name) = (&function.latest.namespace, &function.latest.name);
        self.changes.record(namespace.clone(), name.clone());
        Ok(function)
    }

    async fn publish(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        expected: Option<Expected>,
    ) -> Result<Arc<FunctionVersion>, WriteError> {
        let mut state = self.lock();
        let key = key(namespace, name);
        let (function, version) = rules::publish(state.function(&key), expected)?;
        self.quotas.of(&key.0).check(Quota::Versions, state.holds(&key.0).1, 1)?;
        let version = Arc::new(version);
        if let Some(entry) = state.functions.get_mut(&key) {
            entry.versions.insert(function.last_version, Arc::clone(&version));
            entry.function = Arc::new(function);
        }
        self.changes.record(namespace.clone(), name.clone());
        Ok(version)
    }

    async fn delete(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        expected: Option<Expected>,
    ) -> Result<(), WriteError> {
        let mut state = self.lock();
        let key = key(namespace, name);
        let last = rules::delete(state.function(&key), expected)?;
        state.retired = state.retired.max(last.0);
        state.functions.remove(&key);
        self.changes.record(namespace.clone(), name.clone());
        Ok(())
    }

    async fn delete_version(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        number: u64,
    ) -> Result<(), WriteError> {
        let mut state = self.lock();
        let key = key(namespace, name);
        let exists =
            state.functions.get(&key).is_some_and(|entry| entry.versions.contains_key(&number));
        let function = rules::delete_version(state.function(&key), number, exists)?;
        if let Some(entry) = state.functions.get_mut(&key) {
            entry.versions.remove(&number);
            entry.function = Arc::new(function);
        }
        self.changes.record(namespace.clone(), name.clone());
        Ok(())
    }

    async fn put_alias(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        alias: Alias,
        expected: Option<Expected>,
    ) -> Result<Arc<Function>, WriteError> {
        let mut state = self.lock();
        let key = key(namespace, name);
        let exists = |number| {
            let entry = state.functions.get(&key);
            Ok(entry.is_some_and(|entry| entry.versions.contains_key(&number)))
        };
        let function = rules::put_alias(state.function(&key), alias, expected, exists)?;
        Ok(self.set(&mut state, &key, function))
    }

    async fn delete_alias(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        alias: &AliasName,
        expected: Option<Expected>,
    ) -> Result<(), WriteError> {
        let mut state = self.lock();
        let key = key(namespace, name);
        let function = rules::delete_alias(state.function(&key), alias, expected)?;
        self.set(&mut state, &key, function);
        Ok(())
    }

    async fn note_progress(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        alias: (&AliasName, Revision),
        progress: Progress,
    ) -> Result<(), WriteError> {
        let mut state = self.lock();
        let key = key(namespace, name);
        let function = rules::note_progress(state.function(&key), alias, progress)?;
        self.set(&mut state, &key, function);
        Ok(())
    }

    async fn set_concurrency(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        change: ConcurrencyChange,
    ) -> Result<Arc<Function>, WriteError> {
        let mut state = self.lock();
        let key = key(namespace, name);
        let exists = |number| {
            let entry = state.functions.get(&key);
            Ok(entry.is_some_and(|entry| entry.versions.contains_key(&number)))
        };
        let limit = self.quotas.of(&key.0).limit(Quota::Concurrency);
        let reserved = Reserved { limit, reserved: state.reserved(&key.0) };
        let function = rules::set_concurrency(state.function(&key), change, reserved, exists)?;
        Ok(self.set(&mut state, &key, function))
    }

    async fn list(
        &self,
        namespace: &Namespace,
        after: Option<&FunctionName>,
        limit: usize,
    ) -> Result<Vec<Arc<Function>>, StorageError> {
        let state = self.lock();
        let namespace = namespace.key();
        // No name is empty, so every name follows the empty one.
        let after = (namespace.clone(), after.map(FunctionName::key).unwrap_or_default());
        let following = state.functions.range((Bound::Excluded(after), Bound::Unbounded));
        Ok(following
            .take_while(|((found, _), _)| *found == namespace)
            .take(limit)
            .map(|(_, entry)| Arc::clone(&entry.function))
            .collect())
    }

    async fn versions(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Arc<FunctionVersion>>, StorageError> {
        let state = self.lock();
        let Some(entry) = state.functions.get(&key(namespace, name)) else {
            return Ok(Vec::new());
        };
        let following = entry.versions.range((Bound::Excluded(after), Bound::Unbounded));
        Ok(following.take(limit).map(|(_, version)| Arc::clone(version)).collect())
    }

    async fn digests(&self) -> Result<BTreeSet<Digest>, StorageError> {
        Ok(self.lock().digests().collect())
    }

    async fn provisioned(&self) -> Result<Vec<Arc<Function>>, StorageError> {
        let state = self.lock();
        let functions = state.functions.values().map(|entry| &entry.function);
        let wants = |function: &&Arc<Function>| {
            let head = function.latest.configuration.provisioned.always() > 0;
            head || !function.concurrency.provisioned.is_empty()
        };
        Ok(functions.filter(wants).cloned().collect())
    }

    async fn reserved(&self) -> Result<Vec<Arc<Function>>, StorageError> {
        let state = self.lock();
        let functions = state.functions.values().map(|entry| &entry.function);
        let has = |function: &&Arc<Function>| function.concurrency.reserved.is_some();
        Ok(functions.filter(has).cloned().collect())
    }

    async fn releasing(&self) -> Result<Vec<Arc<Function>>, StorageError> {
        let state = self.lock();
        let functions = state.functions.values().map(|entry| &entry.function);
        Ok(functions.filter(|function| rules::is_releasing(function)).cloned().collect())
    }

    async fn refers_to(&self, digest: Digest) -> Result<bool, StorageError> {
        Ok(self.lock().digests().any(|found| found == digest))
    }

    fn changes(&self) -> &dyn Changes<FunctionName> {
        &self.changes
    }
}
