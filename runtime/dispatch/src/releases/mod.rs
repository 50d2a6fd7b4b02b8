//! Releases that are under way: what is seen of their versions, and what moves them on.
//!
//! Every invocation by an alias that is released is taken into a [`tally`]. One task ([`driver`])
//! moves releases from step to step as time passes ([`step_clock`]), and takes back those whose
//! new version does worse than its bounds allow ([`decision`], [`significance`]).
//!
//! A release moves by a change of its alias that is made only if the alias is as it was read: of nodes
//! that see the same release, one moves it.

mod decision;
mod driver;
mod significance;
mod step_clock;
mod tally;
mod watched;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use foldhash::fast::RandomState;
use http::StatusCode;
use lambent_storage::Registry;
use lambent_types::{
    AliasName, Function, FunctionName, FunctionVersion, InvocationRecord, Namespace, Progress,
    ReleaseStatistics,
};
use tokio::sync::Notify;

use self::tally::Tally;
use self::watched::{Key, Watched};
use crate::callee::Callee;

/// The releases that are under way.
pub(crate) struct Releases {
    registry: Arc<dyn Registry>,
    watched: RwLock<HashMap<Key, Arc<Watched>, RandomState>>,
    /// Whether there is any. Nearly always there is none, and an invocation looks no further.
    any: AtomicBool,
    /// Wakes the driver.
    due: Notify,
}

impl Releases {
    pub(crate) fn new(registry: Arc<dyn Registry>) -> Self {
        let watched = RwLock::default();
        Self { registry, watched, any: AtomicBool::new(false), due: Notify::new() }
    }

    /// An invocation ended.
    pub(crate) fn finished(&self, record: &InvocationRecord) {
        let Some(alias) = &record.alias else { return };
        if let Some(watched) = self.find(&record.namespace, &record.function, alias)
            && watched.see(record.version, |tally| tally.add(record))
        {
            self.due.notify_one();
        }
    }

    /// A function answered a request with this status. An error of its own is a failure, though the
    /// invocation ends well.
    pub(crate) fn answered(&self, callee: &Callee, status: StatusCode) {
        let Some(alias) = callee.alias.as_ref().filter(|_| status.is_server_error()) else {
            return;
        };
        let FunctionVersion { namespace, name, version, .. } = &*callee.function;
        if let Some(watched) = self.find(namespace, name, alias) {
            watched.see(*version, Tally::answered_error);
        }
    }

    /// How far the release of an alias has come, and what this node has seen of its versions; nothing
    /// if none is under way. The names are spelled as they are stored.
    pub(crate) fn status(
        &self,
        namespace: &Namespace,
        function: &FunctionName,
        alias: &AliasName,
    ) -> Option<(Progress, ReleaseStatistics)> {
        self.find(namespace, function, alias).map(|watched| watched.status())
    }

    fn find(
        &self,
        namespace: &Namespace,
        function: &FunctionName,
        alias: &AliasName,
    ) -> Option<Arc<Watched>> {
        if !self.any.load(Ordering::Relaxed) {
            return None;
        }
        let (namespace, function, alias) = (namespace.clone(), function.clone(), alias.clone());
        let all = self.watched.read().unwrap_or_else(PoisonError::into_inner);
        all.get(&Key { namespace, function, alias }).cloned()
    }

    /// Takes over which aliases of a function are released.
    fn take(&self, function: &Function) {
        let FunctionVersion { namespace, name, .. } = &*function.latest;
        let mut all = self.watched.write().unwrap_or_else(PoisonError::into_inner);
        all.retain(|key, _| {
            let other = key.namespace != *namespace || key.function != *name;
            let alias = || function.aliases.get(&key.alias);
            other || alias().is_some_and(|alias| alias.active_release().is_some())
        });
        for alias in function.aliases.iter() {
            let Some(release) = alias.active_release() else { continue };
            let (namespace, function) = (namespace.clone(), name.clone());
            let key = Key { namespace, function, alias: alias.name.clone() };
            match all.get(&key) {
                Some(watched) => watched.update(alias, release),
                None => {
                    all.insert(key.clone(), Arc::new(Watched::new(key, alias, release)));
                }
            }
        }
        self.any.store(!all.is_empty(), Ordering::Relaxed);
    }

    /// Forgets a function that is gone.
    fn forget(&self, namespace: &Namespace, function: &FunctionName) {
        let mut all = self.watched.write().unwrap_or_else(PoisonError::into_inner);
        let (namespace, function) = (namespace.key(), function.key());
        all.retain(|key, _| key.namespace.key() != namespace || key.function.key() != function);
        self.any.store(!all.is_empty(), Ordering::Relaxed);
    }

    fn all(&self) -> Vec<Arc<Watched>> {
        let all = self.watched.read().unwrap_or_else(PoisonError::into_inner);
        all.values().cloned().collect()
    }
}
