use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

/// Members of one level, by the CPU each has used for its weight.
pub(super) struct Order<K> {
    used: HashMap<K, u64>,
    waiting: BTreeSet<(u64, K)>,
    /// What the member that was next last had used: one that comes back after a
    /// while has no claim on what it did not use.
    clock: u64,
}

impl<K> Default for Order<K> {
    fn default() -> Self {
        Self { used: HashMap::new(), waiting: BTreeSet::new(), clock: 0 }
    }
}

impl<K: Clone + Hash + Ord> Order<K> {
    /// A member begins to wait.
    pub(super) fn enter(&mut self, member: &K) {
        let used = self.used.entry(member.clone()).or_default();
        let before = *used;
        *used = before.max(self.clock);
        self.waiting.remove(&(before, member.clone()));
        self.waiting.insert((*used, member.clone()));
    }

    /// A member no longer waits. Nothing is kept of it if it is no worse off so.
    pub(super) fn leave(&mut self, member: &K) {
        let Some(used) = self.used.get(member).copied() else { return };
        self.waiting.remove(&(used, member.clone()));
        if used <= self.clock {
            self.used.remove(member);
        }
    }

    /// The member that waits and has used least.
    pub(super) fn next(&mut self) -> Option<K> {
        let (used, member) = self.waiting.first()?;
        self.clock = self.clock.max(*used);
        Some(member.clone())
    }

    /// A member has used more.
    pub(super) fn charge(&mut self, member: &K, amount: u64) {
        let used = self.used.entry(member.clone()).or_insert(self.clock);
        let before = *used;
        *used = before.saturating_add(amount);
        if self.waiting.remove(&(before, member.clone())) {
            self.waiting.insert((*used, member.clone()));
        }
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Whether nothing is kept of anyone.
    pub(super) fn is_empty(&self) -> bool {
        self.used.values().all(|used| *used <= self.clock) && self.waiting.is_empty()
    }
}
