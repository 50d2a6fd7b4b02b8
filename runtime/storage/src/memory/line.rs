use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::queues::{Depth, Receipt};

/// What waits to be received, in the order it was sent.
#[derive(Debug, Clone)]
pub(super) struct Line<T>(pub(super) BTreeMap<u64, Waiting<T>>);

/// One thing that waits.
#[derive(Debug, Clone)]
pub(super) struct Waiting<T> {
    pub(super) what: T,
    pub(super) group: Option<String>,
    /// When it was sent.
    pub(super) sent: Timestamp,
    /// The end of its delay or lease.
    pub(super) visible: Timestamp,
    pub(super) leased: bool,
    pub(super) receives: u32,
    /// How often it was taken: with its place the receipt.
    pub(super) taken: u64,
    /// What it counts for in the quota.
    pub(super) bytes: u64,
}

/// One thing that was received: its place, the receipt, and itself.
pub(super) type Taken<T> = (u64, Receipt, Waiting<T>);

impl<T> Default for Line<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

fn receipt(sequence: u64, taken: u64) -> Receipt {
    Receipt(format!("{sequence}-{taken}"))
}

impl<T: Clone> Line<T> {
    pub(super) fn push(&mut self, sequence: u64, waiting: Waiting<T>) {
        self.0.insert(sequence, waiting);
    }

    pub(super) fn bytes(&self) -> u64 {
        self.0.values().map(|waiting| waiting.bytes).sum()
    }

    /// What can be received now: all but what is delayed or with somebody, and
    /// what comes after such a one in its group. First what has been visible for
    /// longest, and right after the first of a group those that follow it.
    pub(super) fn due(&self, now: Timestamp) -> Vec<u64> {
        let mut lines = Vec::new();
        let mut groups: BTreeMap<&str, Vec<(Timestamp, u64)>> = BTreeMap::new();
        for (sequence, waiting) in &self.0 {
            let place = (waiting.visible, *sequence);
            match &waiting.group {
                Some(group) => groups.entry(group).or_default().push(place),
                None => lines.push(vec![place]),
            }
        }
        lines.extend(groups.into_values());
        lines.sort_by_key(|line| line.first().copied());
        let due = |line: Vec<_>| line.into_iter().take_while(|(visible, _)| *visible <= now);
        lines.into_iter().flat_map(due).map(|(_, sequence)| sequence).collect()
    }

    /// Takes one that is due, until `visible`.
    pub(super) fn take(&mut self, sequence: u64, visible: Timestamp) -> Option<Taken<T>> {
        let waiting = self.0.get_mut(&sequence)?;
        waiting.receives += 1;
        waiting.taken += 1;
        waiting.leased = true;
        waiting.visible = visible;
        Some((sequence, receipt(sequence, waiting.taken), waiting.clone()))
    }

    /// What a receipt names, if it is the last one and not over.
    pub(super) fn held(&mut self, named: &Receipt) -> Option<(u64, &mut Waiting<T>)> {
        let (sequence, _) = named.0.split_once('-')?;
        let sequence = sequence.parse().ok()?;
        let waiting = self.0.get_mut(&sequence)?;
        (waiting.leased && receipt(sequence, waiting.taken) == *named)
            .then_some((sequence, waiting))
    }

    /// When more can be received, if nothing is sent before.
    pub(super) fn next(&self, now: Timestamp) -> Option<Timestamp> {
        self.0.values().map(|waiting| waiting.visible).filter(|visible| *visible > now).min()
    }

    pub(super) fn depth(&self, now: Timestamp) -> Depth {
        let count = |test: &dyn Fn(&Waiting<T>) -> bool| {
            self.0.values().filter(|waiting| test(waiting)).count() as u64
        };
        Depth {
            ready: count(&|waiting| waiting.visible <= now),
            in_flight: count(&|waiting| waiting.visible > now && waiting.leased),
            delayed: count(&|waiting| waiting.visible > now && !waiting.leased),
            oldest: self.0.values().map(|waiting| waiting.sent).min(),
        }
    }
}
