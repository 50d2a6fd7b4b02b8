use std::sync::Arc;

use wasmtime::ResourceLimiterAsync;

use crate::budget::Hold;
use crate::guest_memory::GuestMemory;
use crate::scheduler::request_migration;

/// Bytes of host memory one table element takes.
pub(crate) const TABLE_ELEMENT_BYTES: u64 = size_of::<usize>() as u64;

/// A guest whose memory grows beyond this is migrated from the thread of its connection:
/// to touch so much for the first time takes a thousand page
/// faults, and half a millisecond to one, within one instruction.
const IN_PLACE_BYTES_MAX: u64 = 4 << 20;

/// Why a guest was refused memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    /// The guest would have had more than its limit.
    Limit,
    /// The node has no more.
    Node,
}

/// Bounds all memories and tables of a store together by one limit, and charges them to the node's budget when they are granted: a guest touches what
/// it was granted whenever it likes.
///
/// wasmtime's own `StoreLimits` counts each memory by itself, so a component
/// with sixteen memories would get sixteen times its limit.
pub(crate) struct Limiter {
    limit: u64,
    used: u64,
    peak: u64,
    denied: Option<Denied>,
    hold: Arc<Hold>,
    memory: Arc<GuestMemory>,
    /// No invocation needs the instance yet: nothing is reclaimed for it.
    spare: bool,
}

impl Limiter {
    pub(crate) const fn new(limit: u64, hold: Arc<Hold>, memory: Arc<GuestMemory>) -> Self {
        Self { limit, used: 0, peak: 0, denied: None, hold, memory, spare: false }
    }

    /// What its memory is charged to.
    pub(crate) fn hold(&self) -> &Hold {
        &self.hold
    }

    /// The instance is made ahead of its first invocation.
    pub(crate) const fn set_spare(&mut self) {
        self.spare = true;
    }

    /// Another invocation begins: from now on its peak is measured.
    pub(crate) const fn renew(&mut self) {
        self.peak = self.used;
        self.denied = None;
        self.spare = false;
    }

    /// The most bytes in use at once.
    pub(crate) const fn peak(&self) -> u64 {
        self.peak
    }

    /// Why the guest was refused memory the last time, if it was.
    pub(crate) const fn denied(&self) -> Option<Denied> {
        self.denied
    }

    async fn grow(&mut self, current: u64, desired: u64, maximum: Option<u64>) -> bool {
        // The module declares that the memory or table never grows so far.
        if maximum.is_some_and(|maximum| desired > maximum) {
            return false;
        }
        let more = desired.saturating_sub(current);
        let wanted = self.used.saturating_add(more);
        if wanted > self.limit {
            self.denied = Some(Denied::Limit);
            return false;
        }
        let granted = if self.spare {
            self.hold.try_grow(more)
        } else {
            self.memory.grow(&self.hold, more).await
        };
        if granted.is_err() {
            self.denied = Some(Denied::Node);
            return false;
        }
        if self.used <= IN_PLACE_BYTES_MAX && wanted > IN_PLACE_BYTES_MAX {
            request_migration().await;
        }
        self.used = wanted;
        self.peak = self.peak.max(wanted);
        true
    }
}

#[async_trait::async_trait]
impl ResourceLimiterAsync for Limiter {
    async fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let maximum = maximum.map(|bytes| bytes as u64);
        Ok(self.grow(current as u64, desired as u64, maximum).await)
    }

    async fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let bytes = |elements: usize| (elements as u64).saturating_mul(TABLE_ELEMENT_BYTES);
        Ok(self.grow(bytes(current), bytes(desired), maximum.map(bytes)).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::Abi;
    use crate::budget::Budget;
    use crate::options::Options;
    use crate::trim::Trimmer;

    fn limiter(limit: u64, budget: &Arc<Budget>) -> Limiter {
        let config = Options::default().compile_config(Abi::Sync);
        let engine = wasmtime::Engine::new(&config).unwrap();
        let trimmer = Trimmer::new([engine.clone(), engine], 0, 0);
        let memory = GuestMemory::new(budget.clone(), trimmer);
        Limiter::new(limit, Arc::new(budget.hold(None, None)), memory)
    }

    #[tokio::test]
    async fn memories_and_tables_share_one_limit() {
        let budget = Budget::unlimited();
        let mut limiter = limiter(100_000, &budget);
        assert!(limiter.memory_growing(0, 65_536, None).await.unwrap());
        assert!(limiter.table_growing(0, 1_000, None).await.unwrap());
        assert!(!limiter.memory_growing(65_536, 131_072, None).await.unwrap());
        assert_eq!(limiter.denied(), Some(Denied::Limit));
        assert_eq!(limiter.peak(), 65_536 + 8_000);
    }

    #[tokio::test]
    async fn what_is_refused_is_charged_to_nobody() {
        let budget = Budget::new(1 << 20);
        let mut limiter = limiter(u64::MAX, &budget);
        // Beyond what the guest declares, beyond what the node has.
        assert!(!limiter.memory_growing(0, 1 << 19, Some(1 << 18)).await.unwrap());
        assert_eq!(limiter.denied(), None);
        assert!(!limiter.memory_growing(0, 1 << 21, None).await.unwrap());
        assert_eq!(limiter.denied(), Some(Denied::Node));
        assert_eq!((limiter.peak(), budget.usage().used), (0, 0));
        assert!(limiter.memory_growing(0, 1 << 20, None).await.unwrap());
        drop(limiter);
        assert_eq!(budget.usage().used, 0);
    }
}
