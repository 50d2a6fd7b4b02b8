//! Stores that fail when they are told to: for tests of what uses them.

mod forward;
mod functions;
mod keyvalue;
mod objects;
mod queues;
mod resources;
mod tables;
mod volumes;

use std::io::{Error, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crate::error::StorageError;
use crate::space::Space;
use crate::stores::Stores;
use crate::sync;

/// When a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Before it reaches the store: nothing was done.
    Before,
    /// After the store has done it: the caller is told that it failed, and cannot know.
    After,
}

/// Makes the stores it was given to fail. Clones control the same stores. At
/// first nothing fails.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    random: u64,
    next: Option<(u64, When)>,
    sometimes: Option<(f64, When)>,
    delay: Option<Duration>,
    full: bool,
    low: bool,
    injected: u64,
}

/// A store with faults.
pub struct Faulty<S: ?Sized> {
    faults: Faults,
    inner: Arc<S>,
}

/// What a call does to a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Read,
    /// The call needs more room.
    Change,
    /// The call takes away, or settles what was begun.
    Free,
}

impl State {
    /// SplitMix64: any seed gives a good sequence.
    fn random(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn decide(&mut self) -> Option<When> {
        if let Some((left, when)) = self.next.filter(|(left, _)| *left > 0) {
            self.next = Some((left - 1, when));
            return Some(when);
        }
        let (probability, when) = self.sometimes?;
        (self.random() < probability).then_some(when)
    }
}

impl Faults {
    /// Nothing fails; what will fail by chance is decided by the seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State { random: seed, ..State::default() })))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        sync::lock(&self.0)
    }

    /// Puts them around a store.
    pub fn around<S: ?Sized>(&self, inner: Arc<S>) -> Arc<Faulty<S>> {
        Arc::new(Faulty { faults: self.clone(), inner })
    }

    /// The next `calls` calls fail, whatever they do.
    pub fn fail_next(&self, calls: u64, when: When) {
        self.lock().next = Some((calls, when));
    }

    /// From now on each call fails with this probability.
    pub fn fail_sometimes(&self, probability: f64, when: When) {
        self.lock().sometimes = Some((probability, when));
    }

    /// From now on each call takes so much longer.
    pub fn delay(&self, delay: Duration) {
        self.lock().delay = Some(delay);
    }

    /// From now on the disk is full, or no longer: changes fail, reads do not.
    pub fn fill_disk(&self, full: bool) {
        self.lock().full = full;
    }

    /// From now on the disk has less free than its reserve, or no longer: what
    /// needs more room is refused, and the rest is not.
    pub fn reach_reserve(&self, low: bool) {
        self.lock().low = low;
    }

    /// The space of stores with these faults.
    pub(crate) fn space(&self, inner: Arc<Space>) -> Arc<Space> {
        let faults = self.clone();
        Space::measured_by(1, move || {
            let low = faults.lock().low || inner.look().low;
            Ok(if low { 0 } else { u64::MAX })
        })
    }

    /// Nothing fails any more.
    pub fn clear(&self) {
        let mut state = self.lock();
        *state = State { random: state.random, injected: state.injected, ..State::default() };
    }

    /// How many calls were made to fail.
    #[must_use]
    pub fn injected(&self) -> u64 {
        self.lock().injected
    }

    fn is_full(&self) -> bool {
        self.lock().full
    }

    /// Makes a call, or makes it fail.
    async fn inject<T, E: From<StorageError>>(
        &self,
        call: Call,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let (failure, full, delay) = {
            let mut state = self.lock();
            if state.low && call == Call::Change {
                state.injected += 1;
                return Err(StorageError::NoSpace { free: 0, reserve: 1 }.into());
            }
            let full = state.full && call != Call::Read;
            let failure = if full { Some(When::Before) } else { state.decide() };
            state.injected += u64::from(failure.is_some());
            (failure, full, state.delay)
        };
        if let Some(delay) = delay {
            tokio::time::sleep(delay).await;
        }
        let error = || {
            let kind = if full { ErrorKind::StorageFull } else { ErrorKind::Other };
            let action = if call == Call::Read { "read" } else { "write" };
            E::from(StorageError::unavailable(action, Error::new(kind, "a fault was injected")))
        };
        match failure {
            Some(When::Before) => Err(error()),
            // A refusal is told as such: then nothing was done.
            Some(When::After) => work.await.and_then(|_| Err(error())),
            None => work.await,
        }
    }
}

impl Stores {
    /// The same stores, failing when `faults` says so.
    #[must_use]
    pub fn with_faults(self, faults: &Faults) -> Self {
        Self {
            registry: faults.around(self.registry),
            code: faults.around(self.code),
            logs: faults.around(self.logs),
            objects: faults.around(self.objects),
            keyvalue: faults.around(self.keyvalue),
            tables: faults.around(self.tables),
            queues: faults.around(self.queues),
            events: faults.around(self.events),
            resources: faults.around(self.resources),
            schedules: faults.around(self.schedules),
            usage: faults.around(self.usage),
            volumes: faults.around(self.volumes),
            space: faults.space(self.space),
            quotas: self.quotas,
            stream_began: self.stream_began,
            holds: self.holds,
            sweeps: self.sweeps,
        }
    }
}
