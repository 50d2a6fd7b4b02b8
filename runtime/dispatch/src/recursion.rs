use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use lambent_types::{Failure, FunctionVersion, Retry, Root};
use uuid::Uuid;

use crate::caller::Caller;

/// Roots that each of two generations remembers. The count of a root that was forgotten
/// goes on from what its events say.
const REMEMBERED: usize = 1 << 15;

/// Why a function is not run because of the invocations that led to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// The function ran too often in the chain that led here.
    Recursion,
    /// Too many invocations descend from the one it all began with.
    TooManyDescendants,
}

fn failure(kind: &str, message: String) -> Failure {
    Failure { kind: kind.into(), message, trace: Vec::new(), retry: Retry::Policy }
}

/// Too many invocations descend from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{max} invocations descend from {} already, the most there may be; have fewer come of one, \
     or start the node with a higher --descendants",
    root.id
)]
struct Exhausted {
    root: Root,
    max: u64,
}

/// Stops recursion: counts the invocations that descend from one, of whatever functions.
///
/// A count is the greater of what this node saw and what the event says, which
/// was the count when the event was made: none begins again after a restart.
#[derive(Debug)]
pub(crate) struct RecursionLimit {
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

impl RecursionLimit {
    pub(crate) fn new(max: u64) -> Self {
        Self { max, counts: Mutex::default() }
    }

    /// Makes the caller one more invocation that descends from its root; or says why the
    /// function must not run because of what led to it.
    pub(crate) fn enter(
        &self,
        function: &FunctionVersion,
        caller: &mut Caller,
    ) -> Result<(), (Stopped, Failure)> {
        if caller.origin.lineage.is_empty() {
            return Ok(());
        }
        if let Err(recursion) = caller.origin.lineage.enter(&function.name) {
            let failure = failure("Lambent.RecursionStopped", recursion.to_string());
            return Err((Stopped::Recursion, failure));
        }
        match caller.origin.root.map(|root| self.next(root)).transpose() {
            Ok(root) => {
                caller.origin.root = root;
                Ok(())
            }
            Err(exhausted) => {
                let failure = failure("Lambent.TooManyDescendants", exhausted.to_string());
                Err((Stopped::TooManyDescendants, failure))
            }
        }
    }

    /// Counts an invocation that began, if it descends from another.
    pub(crate) fn count(&self, root: Option<Root>) {
        // A root itself has no events before it.
        if let Some(root) = root.filter(|root| root.events > 0) {
            self.begun(root);
        }
    }

    /// The root as it is for one more invocation, if there may be one more.
    fn next(&self, root: Root) -> Result<Root, Exhausted> {
        let events = self.counts.lock().unwrap_or_else(PoisonError::into_inner).of(root);
        if events >= self.max {
            return Err(Exhausted { root, max: self.max });
        }
        Ok(Root { events: events + 1, ..root })
    }

    fn begun(&self, root: Root) {
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
        let (limit, id) = (RecursionLimit::new(3), Uuid::now_v7());
        let root = Root { id, events: 0 };
        for events in 1..=3 {
            let next = limit.next(root).unwrap();
            assert_eq!(next, Root { id, events });
            // One that does not begin does not count.
            assert_eq!(limit.next(root).unwrap(), next);
            limit.begun(next);
        }
        assert!(limit.next(root).unwrap_err().to_string().starts_with("3 invocations"));
        assert!(limit.next(Root { id: Uuid::now_v7(), events: 0 }).is_ok());
    }

    #[test]
    fn what_an_event_says_counts_where_nothing_is_remembered() {
        let limit = RecursionLimit::new(10);
        let root = Root { id: Uuid::now_v7(), events: 9 };
        let next = limit.next(root).unwrap();
        limit.begun(next);
        for _ in 0..3 * REMEMBERED {
            limit.begun(Root { id: Uuid::now_v7(), events: 1 });
        }
        assert!(limit.counts.lock().unwrap().young.len() <= REMEMBERED);
        assert_eq!(limit.next(root).unwrap().events, 10, "it was forgotten");
        assert!(limit.next(next).is_err());
    }
}
