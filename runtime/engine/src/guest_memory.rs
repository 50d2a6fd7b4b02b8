//! The memory of an engine's guests. Before a guest is refused memory, idle instances
//! are reclaimed.

use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use crate::budget::{Budget, Exhausted, Hold};
use crate::tenant::Tenant;
use crate::trim::Trimmer;

/// Instances that are reclaimed between two looks at the budget.
const RECLAIMED_AT_ONCE: usize = 8;
/// How long idle workers may take to end, which they do by themselves.
const WORKER_END_TIME_MAX: Duration = Duration::from_millis(50);

/// A pool of idle instances, whatever the state of their host is.
pub(crate) trait Reclaim: Send + Sync {
    /// The tenant whose instances they are.
    fn tenant(&self) -> &Tenant;
    /// Takes the instance that has been idle for longest, to be dropped.
    fn reclaim(&self) -> Option<Box<dyn Any + Send>>;
    /// Has the workers of shared instances end that serve no request; returns how many
    /// those are.
    fn end_idle_workers(&self) -> usize;
}

/// The budget of an engine's guests, and the pools that idle instances are reclaimed from.
pub(crate) struct GuestMemory {
    pub(crate) budget: Arc<Budget>,
    /// Bounds what slots keep resident whose guests are gone.
    pub(crate) trimmer: Arc<Trimmer>,
    pools: Mutex<Vec<Weak<dyn Reclaim>>>,
}

impl GuestMemory {
    pub(crate) fn new(budget: Arc<Budget>, trimmer: Arc<Trimmer>) -> Arc<Self> {
        Arc::new(Self { budget, trimmer, pools: Mutex::default() })
    }

    /// From now on instances of this pool are reclaimed when memory is short.
    pub(crate) fn register(&self, pool: Weak<dyn Reclaim>) {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        pools.retain(|pool| pool.strong_count() > 0);
        pools.push(pool);
    }

    /// Has `hold` grow by `bytes`, for which idle instances are reclaimed: those of the
    /// same namespace first.
    pub(crate) async fn grow(&self, hold: &Hold, bytes: u64) -> Result<(), Exhausted> {
        if hold.try_grow(bytes).is_ok() {
            return Ok(());
        }
        // On the heap, as each instance asks several times and there is mostly room.
        Box::pin(self.reclaim_and_grow(hold, bytes)).await
    }

    async fn reclaim_and_grow(&self, hold: &Hold, bytes: u64) -> Result<(), Exhausted> {
        let pools = self.in_order(hold.tenant());
        for pool in &pools {
            while reclaim(pool).await {
                if hold.try_grow(bytes).is_ok() {
                    return Ok(());
                }
            }
        }
        if pools.iter().map(|pool| pool.end_idle_workers()).sum::<usize>() > 0 {
            let grown = async {
                loop {
                    // Made before trying, so that nothing is missed.
                    let given_back = hold.budget().given_back();
                    if hold.try_grow(bytes).is_ok() {
                        return;
                    }
                    given_back.await;
                }
            };
            if tokio::time::timeout(WORKER_END_TIME_MAX, grown).await.is_ok() {
                return Ok(());
            }
        }
        hold.grow(bytes)
    }

    /// The pools that instances are reclaimed from for a tenant, those of its namespace
    /// first.
    fn in_order(&self, tenant: &Tenant) -> Vec<Arc<dyn Reclaim>> {
        let pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let mut alive: Vec<_> = pools.iter().filter_map(Weak::upgrade).collect();
        drop(pools);
        alive.sort_by_key(|pool| pool.tenant().0 != tenant.0);
        alive
    }
}

/// Drops some instances of a pool, on another thread than the guest that asks; returns
/// whether there were any.
async fn reclaim(pool: &Arc<dyn Reclaim>) -> bool {
    let reclaimed: Vec<_> = std::iter::from_fn(|| pool.reclaim()).take(RECLAIMED_AT_ONCE).collect();
    if reclaimed.is_empty() {
        return false;
    }
    // Fails only if dropping one panics, and then they are gone too.
    let _ = tokio::task::spawn_blocking(move || drop(reclaimed)).await;
    true
}
