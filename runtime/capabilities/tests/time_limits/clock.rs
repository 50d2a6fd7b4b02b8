//! How slow this machine is at the moment: what others on it cause is not a fault of
//! the engine.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Works for a moment and sleeps for a moment, again and again, on a thread that
/// does nothing else, and remembers how long either took.
pub(crate) struct Pace {
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    ended: AtomicBool,
    found: Mutex<Found>,
}

#[derive(Default)]
struct Found {
    /// What the same work took when nothing else ran.
    least: Option<Duration>,
    /// How often it was done since this was last asked, and for how long.
    times: u32,
    worked: Duration,
    /// By how much the thread woke too late.
    late: Vec<Duration>,
}

const STEP: Duration = Duration::from_millis(2);

impl Pace {
    pub(crate) fn start() -> Self {
        let state = Arc::new(State::default());
        let kept = state.clone();
        let thread = thread::spawn(move || {
            while !kept.ended.load(Ordering::Relaxed) {
                let began = Instant::now();
                work();
                let worked = began.elapsed();
                thread::sleep(STEP);
                let late = began.elapsed().saturating_sub(worked + STEP);
                let mut found = kept.found.lock().unwrap();
                found.least = Some(found.least.map_or(worked, |least| least.min(worked)));
                found.times += 1;
                found.worked += worked;
                found.late.push(late);
            }
        });
        Self { state, thread: Some(thread) }
    }

    /// How many times longer work took than by itself, since this was last asked:
    /// what a thread had of a core meanwhile, as others on the machine want it too.
    pub(crate) fn slowdown(&self) -> f64 {
        let mut found = self.state.found.lock().unwrap();
        let (times, worked) = (std::mem::take(&mut found.times), std::mem::take(&mut found.worked));
        let Some(least) = found.least.filter(|_| times > 0) else { return 1.0 };
        worked.as_secs_f64() / (least.as_secs_f64() * f64::from(times))
    }

    /// What it woke too late by in all but one of a hundred times.
    pub(crate) fn late(&self) -> Duration {
        p99(&mut self.state.found.lock().unwrap().late)
    }
}

/// A third of a millisecond or so.
fn work() {
    let mut value = 1_u64;
    for step in 0..100_000_u64 {
        value = std::hint::black_box(value.wrapping_mul(6_364_136_223_846_793_005) ^ step);
    }
}

impl Drop for Pace {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Of what was measured, which is forgotten.
pub(crate) fn p99(measured: &mut Vec<Duration>) -> Duration {
    let mut measured = std::mem::take(measured);
    measured.sort_unstable();
    measured[measured.len() * 99 / 100]
}
