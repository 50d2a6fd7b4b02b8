//! The second clock of every guest, beside its fuel.
//!
//! Fuel counts operators, so a guest that spends its time in host functions, or
//! in the string transcoders between two parts of a component, hardly burns any
//! and would not come back to be asked for hours. Compiled code compares
//! wasmtime's epoch with its own deadline at each function's beginning and at the
//! head of each loop, whatever was called in between.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use wasmtime::{Engine, EngineWeak};

/// Time between two epochs: what a guest may run for beyond its deadline, and how
/// long it keeps a thread in one poll, besides one host call. A tenth of the
/// 50 ms that a bystander is to wait at the most, long enough that the thread
/// that counts takes no time worth measuring.
pub(crate) const TICK: Duration = Duration::from_millis(5);

/// Epochs without a guest after which no more are counted. A guest that is waited
/// for is not seen for as long as one host call takes, but its deadline has
/// passed by then, and it says so when it goes on.
const IDLE_TICKS: u32 = 40;

/// Advances the epochs of an engine while guests run.
///
/// Its thread holds no engine, sleeps while none runs a guest, and ends when
/// this is dropped.
pub(crate) struct Epochs {
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct State {
    /// Whether a guest was seen since the last epoch.
    seen: AtomicBool,
    counting: AtomicBool,
    ended: AtomicBool,
}

impl Epochs {
    /// Counts for these engines.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn start<'a>(
        engines: impl IntoIterator<Item = &'a Engine>,
    ) -> std::io::Result<Arc<Self>> {
        let engines: Vec<_> = engines.into_iter().map(Engine::weak).collect();
        let state = Arc::new(State::default());
        let counted = state.clone();
        let thread = thread::Builder::new().name("epochs".into());
        let thread = Some(thread.spawn(move || count(&counted, &engines))?);
        Ok(Arc::new(Self { state, thread }))
    }

    /// Never advances: for what runs no guest.
    #[cfg(test)]
    pub(crate) fn none() -> Arc<Self> {
        let state = Arc::<State>::default();
        state.counting.store(true, Ordering::SeqCst);
        Arc::new(Self { state, thread: None })
    }

    /// To be called before a guest runs, and when an epoch has interrupted it.
    pub(crate) fn see(&self) {
        // Mostly one was seen already: then nothing is written, so that threads
        // do not take the line from each other at each invocation.
        if self.state.seen.load(Ordering::Relaxed) {
            return;
        }
        self.state.seen.store(true, Ordering::SeqCst);
        if !self.state.counting.load(Ordering::SeqCst)
            && let Some(thread) = &self.thread
        {
            thread.thread().unpark();
        }
    }
}

impl Drop for Epochs {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            // The thread ends by itself, and nobody waits until its sleep is over.
            thread.thread().unpark();
        }
    }
}

fn count(state: &State, engines: &[EngineWeak]) {
    let mut idle = IDLE_TICKS;
    while !state.ended.load(Ordering::SeqCst) {
        if idle >= IDLE_TICKS {
            state.counting.store(false, Ordering::SeqCst);
            // Looked at after that was said: whoever is seen later wakes it.
            if !state.seen.load(Ordering::SeqCst) {
                thread::park();
                continue;
            }
            state.counting.store(true, Ordering::SeqCst);
        }
        thread::sleep(TICK);
        idle = if state.seen.swap(false, Ordering::SeqCst) { 0 } else { idle + 1 };
        for engine in engines {
            let Some(engine) = engine.upgrade() else { return };
            engine.increment_epoch();
        }
    }
}
