//! Snapshots: the memory that fresh instances of a published version start from.

use std::sync::Arc;
use std::time::Duration;

use lambent_engine::{Budget, Snapshot};
use lambent_storage::CodeStore;
use lambent_types::{Digest, FunctionVersion, VersionNumber};

use crate::fair_semaphore::FairSemaphore;

/// Memory for snapshots that were read: some ten of functions that import much. Beyond it the
/// least recently used leave.
const KEPT_BYTES_MAX: u64 = 256 << 20;
/// How long an unused one stays in memory.
const KEPT_IDLE: Duration = Duration::from_secs(15 * 60);

/// The snapshots of all functions.
pub(crate) struct Snapshots {
    code: Arc<dyn CodeStore>,
    budget: Arc<Budget>,
    kept: moka::future::Cache<Digest, Arc<Snapshot>>,
    /// Those who have one taken: it runs a function for longer than an invocation may.
    pub(crate) permits: Arc<FairSemaphore>,
}

impl Snapshots {
    /// Takes at most `at_once` at a time.
    pub(crate) fn new(code: Arc<dyn CodeStore>, budget: Arc<Budget>, at_once: usize) -> Self {
        let kept = moka::future::Cache::builder()
            .max_capacity(KEPT_BYTES_MAX)
            .weigher(|_, snapshot: &Arc<Snapshot>| {
                snapshot.bytes().len().try_into().unwrap_or(u32::MAX)
            })
            .time_to_idle(KEPT_IDLE)
            .build();
        Self { code, budget, kept, permits: FairSemaphore::new(at_once, "snapshots") }
    }

    /// What instances of a version start from if they are of this component. None if its
    /// snapshot is of another, or cannot be read or has no place in the node's memory, which is
    /// logged: they are then initialized.
    pub(crate) async fn of(
        &self,
        function: &FunctionVersion,
        component: Digest,
    ) -> Option<Arc<Snapshot>> {
        let snapshot = function.code.snapshot.filter(|snapshot| snapshot.component == component)?;
        // The head has the snapshot of the last version that it was published as.
        if function.version == VersionNumber::Latest {
            return None;
        }
        let read = self.read(function, snapshot);
        // On the heap, as its future is large and most functions have no snapshot.
        let read = Box::pin(self.kept.try_get_with(snapshot.digest, read)).await;
        read.inspect_err(|reason| {
            let name = &function.name;
            tracing::error!(function = %name, reason = %reason, "cannot read a snapshot");
        })
        .ok()
    }

    async fn read(
        &self,
        function: &FunctionVersion,
        snapshot: lambent_types::Snapshot,
    ) -> Result<Arc<Snapshot>, String> {
        let (namespace, name) = (function.namespace.clone(), function.name.clone());
        let hold = self.budget.hold(Some(namespace), Some(name));
        hold.grow(snapshot.bytes).map_err(|exhausted| exhausted.to_string())?;
        let bytes = self.code.get(snapshot.digest).await.map_err(|error| error.to_string())?;
        let snapshot = Snapshot::open(bytes.ok_or("it is not there")?);
        Ok(Arc::new(snapshot.map_err(|error| error.to_string())?.charged_to(hold)))
    }

    /// Drops one that no version refers to any more.
    pub(crate) async fn forget(&self, digest: Digest) {
        self.kept.invalidate(&digest).await;
    }
}
