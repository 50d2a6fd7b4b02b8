use lambent_storage::backend::sync;
use std::sync::{Arc, RwLock};

use lambent_types::{Alias, Function, FunctionName, FunctionVersion, Namespace, Step, Sticky};
use moka::sync::Cache as Moka;

/// A function with the id of its row.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) id: i64,
    pub(crate) function: Arc<Function>,
}

/// What one committed change does to the cache.
#[derive(Debug)]
pub(crate) struct Effect {
    /// The namespace of the function.
    pub(crate) namespace: Namespace,
    /// The name of the function.
    pub(crate) name: FunctionName,
    /// What the function is now.
    pub(crate) entry: Option<Entry>,
    /// A version that is gone: the id of its function and its number.
    pub(crate) gone: Option<(i64, u64)>,
}

/// The key of a function in the cache. Names hold no `/`.
pub(crate) fn cache_key(namespace: &Namespace, name: &FunctionName) -> String {
    let mut key = format!("{namespace}/{name}");
    key.make_ascii_lowercase();
    key
}

/// What reads find in memory; never older than the last acknowledged change.
///
/// A read that misses takes note of the epoch, reads the database, and keeps
/// what it found only if no change was committed meanwhile: what it found could
/// be older than that change.
pub(crate) struct Cache {
    /// `None`: there is no such function.
    functions: Moka<String, Option<Entry>>,
    versions: Moka<(i64, u64), Arc<FunctionVersion>>,
    epoch: RwLock<u64>,
}

impl Cache {
    pub(crate) fn new(bytes_max: u64) -> Self {
        let functions = Moka::builder()
            .max_capacity(bytes_max / 4 * 3)
            .weigher(|key: &String, entry: &Option<Entry>| {
                let function = entry.as_ref().map_or(0, |entry| {
                    weight(&entry.function.latest) + aliases_weight(&entry.function)
                });
                saturating(128 + key.len() + function)
            })
            .build();
        let versions = Moka::builder()
            .max_capacity(bytes_max / 4)
            .weigher(|_: &(i64, u64), version: &Arc<FunctionVersion>| saturating(weight(version)))
            .build();
        Self { functions, versions, epoch: RwLock::new(0) }
    }

    pub(crate) fn function(&self, key: &str) -> Option<Option<Entry>> {
        self.functions.get(key)
    }

    pub(crate) fn version(&self, key: (i64, u64)) -> Option<Arc<FunctionVersion>> {
        self.versions.get(&key)
    }

    /// How many batches of changes were committed.
    pub(crate) fn epoch(&self) -> u64 {
        *sync::read(&self.epoch)
    }

    /// Keeps what was read since `epoch`, unless it may be out of date.
    pub(crate) fn keep_function(&self, epoch: u64, key: String, entry: Option<Entry>) {
        let now = sync::read(&self.epoch);
        if *now == epoch {
            self.functions.insert(key, entry);
        }
    }

    /// Keeps what was read since `epoch`, unless it may be out of date.
    pub(crate) fn keep_version(&self, epoch: u64, key: (i64, u64), version: Arc<FunctionVersion>) {
        let now = sync::read(&self.epoch);
        if *now == epoch {
            self.versions.insert(key, version);
        }
    }

    /// Takes over committed changes, in their order.
    pub(crate) fn committed<'e>(&self, effects: impl Iterator<Item = &'e Effect>) {
        let mut epoch = sync::write(&self.epoch);
        *epoch += 1;
        for effect in effects {
            self.functions.insert(cache_key(&effect.namespace, &effect.name), effect.entry.clone());
            if let Some(version) = effect.gone {
                self.versions.invalidate(&version);
            }
        }
    }
}

/// About how many bytes of memory the aliases of a function take.
fn aliases_weight(function: &Function) -> usize {
    let texts = |alias: &Alias| {
        let sticky = alias.settings.sticky.as_ref().map_or(0, Sticky::weight);
        let release = alias.release.as_ref().map_or(0, |release| {
            let reason = release.reason.as_ref().map_or(0, String::len);
            256 + release.steps.len() * size_of::<Step>() + reason
        });
        alias.settings.description.len() + sticky + release
    };
    function.aliases.iter().map(|alias| 256 + texts(alias)).sum()
}

/// About how many bytes of memory a version takes.
fn weight(version: &FunctionVersion) -> usize {
    let configuration = &version.configuration;
    let texts = configuration.environment.0.iter().chain(&configuration.tags);
    let texts: usize = texts.map(|(key, value)| key.len() + value.len() + 64).sum();
    512 + configuration.description.len() + texts
}

fn saturating(weight: usize) -> u32 {
    u32::try_from(weight).unwrap_or(u32::MAX)
}
