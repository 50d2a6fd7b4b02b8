//! What is given up before anybody is refused memory: instances that wait.

use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use crate::budget::{Budget, Exhausted, Hold};
use crate::trim::Trimmer;
use crate::turns::Tenant;

/// Instances that are given up between two looks at the budget.
const AT_ONCE: usize = 8;
/// How long idle workers, who end by themselves, may take to do so.
const ENDING: Duration = Duration::from_millis(50);

/// Instances that wait, of whatever engine they are.
pub(crate) trait GiveUp: Send + Sync {
    /// Whose they are.
    fn tenant(&self) -> &Tenant;
    /// Takes the one that has waited longest, to be dropped.
    fn give_up(&self) -> Option<Box<dyn Any + Send>>;
    /// Has those end that serve nobody at the moment, soon; how many.
    fn end_idle(&self) -> usize;
}

/// The memory of an engine's guests: the budget, and who can give up some of it.
pub(crate) struct Memory {
    pub(crate) budget: Arc<Budget>,
    /// Holds what is left of guests that are gone under a bound.
    pub(crate) trimmer: Arc<Trimmer>,
    waiting: Mutex<Vec<Weak<dyn GiveUp>>>,
}

impl Memory {
    pub(crate) fn new(budget: Arc<Budget>, trimmer: Arc<Trimmer>) -> Arc<Self> {
        Arc::new(Self { budget, trimmer, waiting: Mutex::default() })
    }

    /// From now on these are given up when memory is short.
    pub(crate) fn register(&self, instances: Weak<dyn GiveUp>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|instances| instances.strong_count() > 0);
        waiting.push(instances);
    }

    /// Has `hold` grow by `bytes`, for which instances that wait are given up:
    /// those of the same namespace first.
    pub(crate) async fn grow(&self, hold: &Hold, bytes: u64) -> Result<(), Exhausted> {
        if hold.try_grow(bytes).is_ok() {
            return Ok(());
        }
        let all = self.in_order(hold.tenant());
        for instances in &all {
            while give_up(instances).await {
                if hold.try_grow(bytes).is_ok() {
                    return Ok(());
                }
            }
        }
        if all.iter().map(|instances| instances.end_idle()).sum::<usize>() > 0 {
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
            if tokio::time::timeout(ENDING, grown).await.is_ok() {
                return Ok(());
            }
        }
        hold.grow(bytes)
    }

    /// Those that can be given up for a tenant, those of its namespace first.
    fn in_order(&self, tenant: &Tenant) -> Vec<Arc<dyn GiveUp>> {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = waiting.iter().filter_map(Weak::upgrade).collect();
        drop(waiting);
        all.sort_by_key(|instances| instances.tenant().0 != tenant.0);
        all
    }
}

/// Drops some, elsewhere than in the guest that asks. Whether there were any.
async fn give_up(instances: &Arc<dyn GiveUp>) -> bool {
    let given_up: Vec<_> = std::iter::from_fn(|| instances.give_up()).take(AT_ONCE).collect();
    if given_up.is_empty() {
        return false;
    }
    // Fails only if dropping one panics, and then they are gone too.
    let _ = tokio::task::spawn_blocking(move || drop(given_up)).await;
    true
}
