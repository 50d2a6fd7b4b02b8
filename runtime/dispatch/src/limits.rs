//! How many invocations of what may run at once: the limits of namespaces, and what of them is
//! reserved for functions.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use lambent_storage::{Changed, Follower, NamespaceQuotas, News, Quota, Registry, StorageError};
use lambent_types::{FunctionName, Namespace};
use tokio_util::sync::CancellationToken;

/// How long to wait before a registry that failed is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// What is reserved.
#[derive(Debug, Default)]
struct Reserved {
    /// By the keys of namespaces; of those that have something reserved.
    namespaces: HashMap<String, OfNamespace>,
    /// Of all of them.
    total: usize,
}

/// What of one namespace is reserved.
#[derive(Debug, Default)]
struct OfNamespace {
    /// By the keys of its functions.
    functions: HashMap<String, u32>,
    /// Of all of them.
    total: u64,
}

/// The limits in force, which are read for every invocation.
pub(crate) struct Limits {
    quotas: Arc<NamespaceQuotas>,
    reserved: RwLock<Reserved>,
    /// Held from reading in the registry to having it here, so that nothing older replaces it.
    reading: tokio::sync::Mutex<()>,
}

/// What one function may run at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Share {
    /// So many, which are its own.
    Reserved(usize),
    /// Some of what it shares with others.
    Shared {
        /// So many with those of its namespace.
        namespace: usize,
        /// All but so many of the node with those of all namespaces.
        node_reserved: usize,
    },
}

fn as_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl Limits {
    pub(crate) fn new(quotas: Arc<NamespaceQuotas>) -> Self {
        Self { quotas, reserved: RwLock::default(), reading: tokio::sync::Mutex::default() }
    }

    /// What a function may run at once.
    pub(crate) fn share(&self, namespace: &Namespace, function: &FunctionName) -> Share {
        let limit = self.quotas.limit(namespace, Quota::Concurrency);
        let reserved = self.reserved.read().unwrap_or_else(PoisonError::into_inner);
        // Most nodes have nothing reserved.
        let all = &reserved.namespaces;
        let own = if all.is_empty() { None } else { all.get(&namespace.key()) };
        if let Some(own) = own.and_then(|own| own.functions.get(&function.key())) {
            return Share::Reserved(*own as usize);
        }
        let limit = limit.saturating_sub(own.map_or(0, |own| own.total));
        Share::Shared { namespace: as_usize(limit), node_reserved: reserved.total }
    }

    /// Takes over what is reserved for a function.
    fn set(&self, namespace: &Namespace, function: &FunctionName, count: Option<u32>) {
        let mut reserved = self.reserved.write().unwrap_or_else(PoisonError::into_inner);
        let own = reserved.namespaces.entry(namespace.key()).or_default();
        match count {
            Some(count) => drop(own.functions.insert(function.key(), count)),
            None => drop(own.functions.remove(&function.key())),
        }
        reserved.add_up();
    }

    /// Reads what is reserved for one function.
    pub(crate) async fn read(
        &self,
        registry: &dyn Registry,
        namespace: &Namespace,
        function: &FunctionName,
    ) -> Result<(), StorageError> {
        let _reading = self.reading.lock().await;
        let found = registry.function(namespace, function).await?;
        self.set(namespace, function, found.and_then(|found| found.concurrency.reserved));
        Ok(())
    }

    /// Reads what is reserved for all functions.
    pub(crate) async fn read_all(&self, registry: &dyn Registry) -> Result<(), StorageError> {
        let _reading = self.reading.lock().await;
        let mut all = Reserved::default();
        for function in registry.reserved().await? {
            let head = &function.latest;
            if let Some(count) = function.concurrency.reserved {
                let own = all.namespaces.entry(head.namespace.key()).or_default();
                own.functions.insert(head.name.key(), count);
            }
        }
        all.add_up();
        *self.reserved.write().unwrap_or_else(PoisonError::into_inner) = all;
        Ok(())
    }

    /// Follows the changes of functions, by any node, until the drain.
    pub(crate) async fn follow(&self, registry: &dyn Registry, drain: &CancellationToken) {
        while !drain.is_cancelled() {
            let followed = drain.run_until_cancelled(self.follow_feed(registry));
            if let Some(Err(error)) = followed.await {
                tracing::error!(%error, cause = error.cause(), "cannot follow what is reserved");
                drain.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
            }
        }
    }

    async fn follow_feed(
        &self,
        registry: &dyn Registry,
    ) -> Result<std::convert::Infallible, StorageError> {
        let mut follower = Follower::new(registry.changes());
        loop {
            match follower.news().await? {
                News::All => self.read_all(registry).await?,
                News::Changed(changed) => {
                    for Changed { namespace, name } in changed {
                        self.read(registry, &namespace, &name).await?;
                    }
                }
            }
        }
    }
}

impl Reserved {
    /// Adds up what there is, and forgets the namespaces that have nothing.
    fn add_up(&mut self) {
        self.namespaces.retain(|_, own| !own.functions.is_empty());
        for own in self.namespaces.values_mut() {
            own.total = own.functions.values().map(|count| u64::from(*count)).sum();
        }
        self.total = as_usize(self.namespaces.values().map(|own| own.total).sum());
    }
}
