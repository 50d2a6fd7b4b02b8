use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

use foldhash::fast::RandomState;

/// The members of one level that wait, in the order of their virtual runtime: the CPU
/// time that each has used, divided by its weight.
pub(super) struct FairQueue<K> {
    vruntimes: HashMap<K, u64, RandomState>,
    waiting: BTreeSet<(u64, K)>,
    /// The virtual runtime of the member that was next last. A member that comes back
    /// after a while starts from here, and so has no claim on what it did not use.
    min_vruntime: u64,
}

impl<K> Default for FairQueue<K> {
    fn default() -> Self {
        Self { vruntimes: HashMap::default(), waiting: BTreeSet::new(), min_vruntime: 0 }
    }
}

impl<K: Clone + Hash + Ord> FairQueue<K> {
    /// A member begins to wait.
    pub(super) fn enter(&mut self, member: &K) {
        let vruntime = self.vruntimes.entry(member.clone()).or_default();
        let before = *vruntime;
        *vruntime = before.max(self.min_vruntime);
        self.waiting.remove(&(before, member.clone()));
        self.waiting.insert((*vruntime, member.clone()));
    }

    /// A member no longer waits. It is forgotten if it would come back no worse off.
    pub(super) fn leave(&mut self, member: &K) {
        let Some(vruntime) = self.vruntimes.get(member).copied() else { return };
        self.waiting.remove(&(vruntime, member.clone()));
        if vruntime <= self.min_vruntime {
            self.vruntimes.remove(member);
        }
    }

    /// The member that waits and has the least virtual runtime.
    pub(super) fn next(&mut self) -> Option<K> {
        let (vruntime, member) = self.waiting.first()?;
        self.min_vruntime = self.min_vruntime.max(*vruntime);
        Some(member.clone())
    }

    /// A member has run: its virtual runtime grows by `amount`.
    pub(super) fn charge(&mut self, member: &K, amount: u64) {
        let vruntime = self.vruntimes.entry(member.clone()).or_insert(self.min_vruntime);
        let before = *vruntime;
        *vruntime = before.saturating_add(amount);
        if self.waiting.remove(&(before, member.clone())) {
            self.waiting.insert((*vruntime, member.clone()));
        }
    }

    /// How many members wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Whether no member waits, and none has to be remembered.
    pub(super) fn is_empty(&self) -> bool {
        let forgettable = |vruntime: &u64| *vruntime <= self.min_vruntime;
        self.vruntimes.values().all(forgettable) && self.waiting.is_empty()
    }
}
