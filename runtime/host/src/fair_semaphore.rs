//! What takes much memory or time and is therefore done a few at a time, divided
//! among the namespaces that ask for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lambent_types::Namespace;
use tokio::sync::oneshot;

/// How many of one namespace may wait for a permit. A deploy waits for its answer, so
/// a long queue would only make every client in it time out.
const WAITING_MAX: usize = 16;
/// How many may wait in all: of those that wait to be compiled, each holds its
/// component in memory.
const WAITING_MAX_TOTAL: usize = 64;

/// A number of permits. The namespace that holds the fewest gets the next one,
/// among equals the one that has waited longest for its turn, and no namespace
/// gets the last one unless it is the only permit: whoever fills the others with work that
/// is made to be long does not hold up a neighbour.
pub struct FairSemaphore {
    total: usize,
    /// What they are for, as an error names it.
    what: &'static str,
    state: Mutex<State>,
}

/// Whom a permit is for; `None` is the node, which replaces artifacts of its own.
type Owner = Option<Namespace>;

#[derive(Default)]
struct State {
    held: HashMap<Owner, usize>,
    waiting: Vec<Waiting>,
    /// When an owner last got a permit, as a number of permits given.
    served: HashMap<Owner, u64>,
    given: u64,
    tickets: u64,
}

struct Waiting {
    owner: Owner,
    ticket: u64,
    grant: oneshot::Sender<FairPermit>,
}

/// Too many wait already; the text says whose.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Full(String);

/// The right to begin, until it is dropped.
pub struct FairPermit {
    semaphore: Arc<FairSemaphore>,
    owner: Owner,
}

impl Drop for FairPermit {
    fn drop(&mut self) {
        self.semaphore.give_back(&self.owner);
    }
}

/// Leaves the queue when whoever waits gives up.
struct Ticket<'a> {
    semaphore: &'a FairSemaphore,
    number: u64,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.semaphore.lock().waiting.retain(|waiting| waiting.ticket != self.number);
    }
}

impl FairSemaphore {
    /// So many permits, at least one, for `what`: "uploads".
    pub fn new(total: usize, what: &'static str) -> Arc<Self> {
        Arc::new(Self { total: total.max(1), what, state: Mutex::default() })
    }

    /// Waits for a permit.
    ///
    /// # Errors
    /// Too many wait already.
    pub async fn take(self: &Arc<Self>, owner: Owner) -> Result<FairPermit, Full> {
        let (grant, granted) = oneshot::channel();
        let ticket = self.enqueue(owner, grant)?;
        self.grant();
        // The sender is dropped only when it has granted.
        let permit = granted.await.map_err(|_| Full("the node is ending".into()));
        drop(ticket);
        permit
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enqueue(
        &self,
        owner: Owner,
        grant: oneshot::Sender<FairPermit>,
    ) -> Result<Ticket<'_>, Full> {
        let mut state = self.lock();
        if let Some(namespace) = &owner {
            let own = state.waiting.iter().filter(|waiting| waiting.owner == owner).count();
            let what = self.what;
            if own >= WAITING_MAX {
                return Err(Full(format!(
                    "{own} {what} of namespace \"{namespace}\" wait already"
                )));
            }
            let all = state.waiting.len();
            if all >= WAITING_MAX_TOTAL {
                return Err(Full(format!("{all} {what} wait already")));
            }
        }
        state.tickets += 1;
        let number = state.tickets;
        state.waiting.push(Waiting { owner, ticket: number, grant });
        Ok(Ticket { semaphore: self, number })
    }

    fn give_back(self: &Arc<Self>, owner: &Owner) {
        let mut state = self.lock();
        if let Some(held) = state.held.get_mut(owner) {
            *held -= 1;
            if *held == 0 {
                state.held.remove(owner);
            }
        }
        drop(state);
        self.grant();
    }

    /// Gives away what is free. A permit that nobody takes any more comes back
    /// through [`FairPermit::drop`], which must find the lock free.
    fn grant(self: &Arc<Self>) {
        loop {
            let next = self.lock().next(self.total);
            let Some(Waiting { owner, grant, .. }) = next else { return };
            let permit = FairPermit { semaphore: self.clone(), owner };
            if let Err(unwanted) = grant.send(permit) {
                drop(unwanted);
            }
        }
    }
}

impl State {
    /// Takes whoever is next out of the queue, and counts a permit to them.
    fn next(&mut self, total: usize) -> Option<Waiting> {
        if self.held.values().sum::<usize>() >= total {
            return None;
        }
        let most = total.saturating_sub(1).max(1);
        let held = |owner: &Owner| self.held.get(owner).copied().unwrap_or(0);
        let served = |owner: &Owner| self.served.get(owner).copied().unwrap_or(0);
        let (index, _) = self
            .waiting
            .iter()
            .enumerate()
            .filter(|(_, waiting)| held(&waiting.owner) < most)
            .min_by_key(|(_, waiting)| {
                (held(&waiting.owner), served(&waiting.owner), waiting.ticket)
            })?;
        let next = self.waiting.remove(index);
        *self.held.entry(next.owner.clone()).or_default() += 1;
        self.given += 1;
        self.served.insert(next.owner.clone(), self.given);
        self.forget();
        Some(next)
    }

    /// Drops what is known of owners that neither hold nor want a permit.
    fn forget(&mut self) {
        let Self { held, waiting, served, .. } = self;
        served.retain(|owner, _| {
            held.contains_key(owner) || waiting.iter().any(|waiting| waiting.owner == *owner)
        });
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures::FutureExt as _;

    use super::*;

    fn owner(name: &str) -> Owner {
        Some(name.parse().unwrap())
    }

    #[tokio::test]
    async fn a_namespace_that_takes_the_permits_leaves_one_for_another() {
        let semaphore = FairSemaphore::new(2, "things");
        let first = semaphore.take(owner("greedy")).await.unwrap();
        let mut more = pin!(semaphore.take(owner("greedy")));
        assert!(more.as_mut().now_or_never().is_none(), "the last permit is not for it");
        let neighbour = semaphore.take(owner("neighbour")).now_or_never();
        assert!(neighbour.is_some_and(|permit| permit.is_ok()));
        drop(first);
        assert!(more.now_or_never().is_some_and(|permit| permit.is_ok()));
    }

    #[tokio::test]
    async fn a_single_permit_goes_round_by_namespace() {
        let semaphore = FairSemaphore::new(1, "things");
        let first = semaphore.take(owner("a")).await.unwrap();
        let mut second_of_a = pin!(semaphore.take(owner("a")));
        let mut first_of_b = pin!(semaphore.take(owner("b")));
        assert!(second_of_a.as_mut().now_or_never().is_none());
        assert!(first_of_b.as_mut().now_or_never().is_none());
        drop(first);
        assert!(second_of_a.as_mut().now_or_never().is_none(), "it is b's turn");
        let of_b = first_of_b.now_or_never().unwrap().unwrap();
        drop(of_b);
        assert!(second_of_a.now_or_never().is_some());
    }

    #[tokio::test]
    async fn the_queue_is_bounded_and_whoever_gives_up_leaves_it() {
        let semaphore = FairSemaphore::new(1, "things");
        let _held = semaphore.take(owner("a")).await.unwrap();
        let mut waiting: Vec<_> = (0..WAITING_MAX)
            .map(|_| {
                Box::pin({
                    let semaphore = semaphore.clone();
                    async move { semaphore.take(owner("a")).await }
                })
            })
            .collect();
        for one in &mut waiting {
            assert!(one.now_or_never().is_none());
        }
        let refused = semaphore.take(owner("a")).now_or_never().unwrap();
        let text = refused.err().unwrap().to_string();
        assert!(text.contains("namespace \"a\""), "{text}");
        let mut other = pin!(semaphore.take(owner("b")));
        assert!(other.as_mut().now_or_never().is_none(), "another may wait");
        waiting.pop();
        let again = semaphore.take(owner("a")).now_or_never();
        assert!(again.is_none(), "there is room again");
    }

    #[tokio::test]
    async fn a_permit_that_nobody_takes_any_more_goes_to_the_next() {
        let semaphore = FairSemaphore::new(1, "things");
        let held = semaphore.take(owner("a")).await.unwrap();
        let mut gone = Box::pin(semaphore.take(owner("a")));
        assert!(gone.as_mut().now_or_never().is_none());
        let mut next = pin!(semaphore.take(owner("b")));
        assert!(next.as_mut().now_or_never().is_none());
        // Granted, and dropped before it was looked at.
        drop(held);
        drop(gone);
        assert!(next.now_or_never().is_some_and(|permit| permit.is_ok()));
    }
}
