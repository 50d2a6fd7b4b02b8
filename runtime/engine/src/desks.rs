use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use tokio::sync::mpsc;

use crate::run::shared::Job;

/// Where requests are handed to the workers of a function version's shared
/// instances, each of which has one.
#[derive(Default)]
pub(crate) struct Desks(Mutex<Vec<Desk>>);

/// That of one worker. The worker ends when the last of its clones is dropped.
#[derive(Clone)]
pub(crate) struct Desk {
    jobs: mpsc::UnboundedSender<Job>,
    state: Arc<State>,
}

/// What a worker and those that look for one tell each other.
pub(crate) struct State {
    /// Where its executor is, if that is one of a single thread.
    thread: ThreadId,
    /// Requests that are in flight or on their way.
    taken: AtomicU32,
    /// Requests that were ever taken.
    total: AtomicU32,
    /// Requests that were over since the worker last looked.
    pub(crate) landed: AtomicU32,
    /// Whether it runs, and would go on at once.
    pub(crate) busy: AtomicBool,
}

impl State {
    /// A request is over.
    pub(crate) fn land(&self) {
        self.taken.fetch_sub(1, Relaxed);
        self.landed.fetch_add(1, Relaxed);
    }
}

impl Desk {
    /// Hands over a request for which a place was [found](Desks::find).
    pub(crate) fn send(&self, job: Job) {
        // A worker that has failed meanwhile drops it, and so tells of it.
        let _ = self.jobs.send(job);
    }
}

impl Desks {
    fn lock(&self) -> MutexGuard<'_, Vec<Desk>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place at a worker of this thread that has one: of `shared` at once, and
    /// of `reuse` in all.
    pub(crate) fn find(&self, shared: u32, reuse: u32) -> Option<Desk> {
        let here = thread::current().id();
        let mut desks = self.lock();
        let index = desks.iter().position(|Desk { state, .. }| {
            let free = state.taken.load(Relaxed) < shared && !state.busy.load(Relaxed);
            free && state.thread == here
        })?;
        let state = &desks[index].state;
        state.taken.fetch_add(1, Relaxed);
        if state.total.fetch_add(1, Relaxed) + 1 >= reuse {
            return Some(desks.swap_remove(index));
        }
        Some(desks[index].clone())
    }

    /// A desk for a worker to come, with one place taken.
    pub(crate) fn open(&self, reuse: u32) -> (Desk, Arc<State>, mpsc::UnboundedReceiver<Job>) {
        let state = Arc::new(State {
            thread: thread::current().id(),
            taken: AtomicU32::new(1),
            total: AtomicU32::new(1),
            landed: AtomicU32::new(0),
            busy: AtomicBool::new(false),
        });
        let (jobs, receiver) = mpsc::unbounded_channel();
        let desk = Desk { jobs, state: state.clone() };
        if reuse > 1 {
            self.lock().push(desk.clone());
        }
        (desk, state, receiver)
    }

    /// No more places are found at this worker.
    pub(crate) fn remove(&self, state: &State) {
        self.lock().retain(|desk| !std::ptr::eq(&*desk.state, state));
    }

    /// The same, unless somebody has found one.
    pub(crate) fn retire(&self, state: &State) {
        self.lock()
            .retain(|desk| !std::ptr::eq(&*desk.state, state) || state.taken.load(Relaxed) > 0);
    }

    /// No more places are found at workers that serve nobody; how many those are.
    pub(crate) fn retire_all(&self) -> usize {
        let mut desks = self.lock();
        let before = desks.len();
        desks.retain(|desk| desk.state.taken.load(Relaxed) > 0);
        before - desks.len()
    }

    /// How many workers have places, now or later.
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_where_there_are_some() {
        let desks = Desks::default();
        assert!(desks.find(2, 4).is_none());
        let (_desk, state, _jobs) = desks.open(4);
        assert!(desks.find(2, 4).is_some());
        assert!(desks.find(2, 4).is_none(), "two at once");
        state.land();
        state.busy.store(true, Relaxed);
        assert!(desks.find(2, 4).is_none(), "what it has in hand comes first");
        state.busy.store(false, Relaxed);
        let elsewhere = thread::scope(|scope| scope.spawn(|| desks.find(2, 4).is_some()).join());
        assert!(!elsewhere.unwrap(), "a worker stays on its thread");
        assert!(desks.find(2, 4).is_some());
        state.land();
        assert!(desks.find(2, 4).is_some());
        assert_eq!(desks.len(), 0, "four in all");
    }

    #[test]
    fn only_an_idle_worker_is_retired() {
        let desks = Desks::default();
        let (desk, state, mut jobs) = desks.open(10);
        desks.retire(&state);
        assert_eq!(desks.len(), 1);
        state.land();
        desks.retire(&state);
        assert_eq!(desks.len(), 0);
        drop(desk);
        let ended = mpsc::error::TryRecvError::Disconnected;
        assert!(jobs.try_recv().is_err_and(|error| error == ended));
    }
}
