use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lambent_types::Digest;
use tokio::sync::{RwLock, RwLockWriteGuard};

/// Which code must not be collected yet, although no version refers to it.
///
/// Code is *held* while a change that will refer to it is under way, and
/// *released* for a while after that, because an invocation that was resolved
/// just before may still load it.
#[derive(Debug, Default)]
pub(crate) struct CodeInUse {
    /// Read to take hold of code, written to collect some.
    gate: RwLock<()>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    held: HashMap<Digest, usize>,
    released: HashMap<Digest, Instant>,
}

impl CodeInUse {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps `digest` until the hold is dropped. Waits for a collection of it to end.
    pub(crate) async fn hold(&self, digest: Digest) -> Hold<'_> {
        let _gate = self.gate.read().await;
        *self.lock().held.entry(digest).or_default() += 1;
        Hold { code: self, digest }
    }

    /// Keeps all of these until the holds are dropped.
    pub(crate) async fn hold_all(&self, digests: impl Iterator<Item = Digest>) -> Vec<Hold<'_>> {
        let mut holds = Vec::new();
        for digest in digests {
            holds.push(self.hold(digest).await);
        }
        holds
    }

    /// Notes that `digest` may have lost its last reference.
    pub(crate) fn release(&self, digest: Digest) {
        self.lock().released.insert(digest, Instant::now());
    }

    /// What was released at least `grace` ago and waits to be collected.
    pub(crate) fn due(&self, grace: Duration) -> Vec<Digest> {
        let state = self.lock();
        let due = state.released.iter().filter(|(_, since)| since.elapsed() >= grace);
        due.map(|(digest, _)| *digest).collect()
    }

    /// Leave to collect `digest`: while it lasts nobody takes hold of anything.
    /// `None` if it is held, or was released less than `grace` ago.
    pub(crate) async fn collect(
        &self,
        digest: Digest,
        grace: Duration,
    ) -> Option<RwLockWriteGuard<'_, ()>> {
        let gate = self.gate.write().await;
        let state = self.lock();
        let held = state.held.contains_key(&digest);
        let fresh = state.released.get(&digest).is_some_and(|since| since.elapsed() < grace);
        (!held && !fresh).then_some(gate)
    }

    /// Notes that `digest` was looked at and needs no further look.
    pub(crate) fn settled(&self, digest: Digest) {
        self.lock().released.remove(&digest);
    }
}

/// Keeps code from being collected.
#[derive(Debug)]
pub(crate) struct Hold<'a> {
    code: &'a CodeInUse,
    digest: Digest,
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        let mut state = self.code.lock();
        if let Some(holds) = state.held.get_mut(&self.digest) {
            *holds -= 1;
            if *holds == 0 {
                state.held.remove(&self.digest);
                state.released.insert(self.digest, Instant::now());
            }
        }
    }
}
