use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use lambent_types::Root;
use uuid::Uuid;

/// Roots that are remembered since the last time they were so many; as many from
/// before that. What is forgotten goes on from what its events say.
const REMEMBERED: usize = 1 << 15;

/// Too many invocations descend from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{max} invocations descend from {} already, the most there may be; have fewer come of one, \
     or start the node with a higher --descendants",
    root.id
)]
pub(crate) struct Exhausted {
    root: Root,
    max: u64,
}

/// Counts the invocations that descend from one, whatever functions they are of.
///
/// A count is the greater of what this node saw and what the event says, which
/// was the count when the event was made: none begins again after a restart.
#[derive(Debug)]
pub(crate) struct Roots {
    max: u64,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    young: HashMap<Uuid, u64>,
    old: HashMap<Uuid, u64>,
}

impl Counts {
    fn of(&self, root: Root) -> u64 {
        let seen = self.young.get(&root.id).or_else(|| self.old.get(&root.id));
        seen.copied().unwrap_or(0).max(root.events)
    }
}

impl Roots {
    pub(crate) fn new(max: u64) -> Self {
        Self { max, counts: Mutex::default() }
    }

    /// The root as it is for one more invocation, if there may be one more.
    pub(crate) fn next(&self, root: Root) -> Result<Root, Exhausted> {
        let events = self.counts.lock().unwrap_or_else(PoisonError::into_inner).of(root);
        if events >= self.max {
            return Err(Exhausted { root, max: self.max });
        }
        Ok(Root { events: events + 1, ..root })
    }

    /// Counts an invocation that began.
    pub(crate) fn begun(&self, root: Root) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let before = Root { events: root.events.saturating_sub(1), ..root };
        let events = counts.of(before).saturating_add(1);
        if counts.young.len() >= REMEMBERED {
            counts.old = std::mem::take(&mut counts.young);
        }
        counts.young.insert(root.id, events);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_descend_from_one_and_no_more() {
        let (roots, id) = (Roots::new(3), Uuid::now_v7());
        let root = Root { id, events: 0 };
        for events in 1..=3 {
            let next = roots.next(root).unwrap();
            assert_eq!(next, Root { id, events });
            // One that does not begin does not count.
            assert_eq!(roots.next(root).unwrap(), next);
            roots.begun(next);
        }
        assert!(roots.next(root).unwrap_err().to_string().starts_with("3 invocations"));
        assert!(roots.next(Root { id: Uuid::now_v7(), events: 0 }).is_ok());
    }

    #[test]
    fn what_an_event_says_counts_where_nothing_is_remembered() {
        let roots = Roots::new(10);
        let root = Root { id: Uuid::now_v7(), events: 9 };
        let next = roots.next(root).unwrap();
        roots.begun(next);
        for _ in 0..3 * REMEMBERED {
            roots.begun(Root { id: Uuid::now_v7(), events: 1 });
        }
        assert!(roots.counts.lock().unwrap().young.len() <= REMEMBERED);
        assert_eq!(roots.next(root).unwrap().events, 10, "it was forgotten");
        assert!(roots.next(next).is_err());
    }
}
