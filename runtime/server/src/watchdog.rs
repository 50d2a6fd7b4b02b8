//! Sees threads that do not come back to their executor.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{io, mem};

use tokio::runtime::Handle;

/// How long a thread may be away before that is told. Guests are away for some
/// milliseconds at the most, so something is wrong by then.
const STUCK: Duration = Duration::from_secs(1);
/// How often they are looked at; that reads two counters of each.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Looks at the threads of executors until it is dropped. It has a thread of its
/// own: on those it looks at it would be stuck too.
pub(crate) struct Watchdog {
    ended: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watchdog {
    /// Watches all threads of these executors, which are named for the log, and
    /// calls `stuck` each time that one is found stuck.
    ///
    /// # Errors
    /// The system gives no more threads.
    pub(crate) fn start(
        executors: impl IntoIterator<Item = (String, Handle)>,
        stuck: impl Fn() + Send + 'static,
    ) -> io::Result<Self> {
        let mut watched: Vec<_> = executors.into_iter().flat_map(Watched::of).collect();
        let (ended, end) = channel();
        let watch = move || {
            while end.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
                for thread in &mut watched {
                    if thread.look(Instant::now()) {
                        stuck();
                    }
                }
            }
        };
        let thread = Some(thread::Builder::new().name("watchdog".into()).spawn(watch)?);
        Ok(Self { ended: Some(ended), thread })
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.ended.take());
        if let Some(thread) = self.thread.take() {
            // It says so itself if it panics.
            let _ = thread.join();
        }
    }
}

/// One thread of an executor.
struct Watched {
    name: String,
    executor: Handle,
    thread: usize,
    /// What it had been busy for when it last looked up.
    busy: Duration,
    /// When that was seen.
    seen: Instant,
    stuck: bool,
}

impl Watched {
    fn of((name, executor): (String, Handle)) -> Vec<Self> {
        let threads = executor.metrics().num_workers();
        let watched = |thread| Self {
            name: if threads > 1 { format!("{name}-{thread}") } else { name.clone() },
            executor: executor.clone(),
            thread,
            busy: Duration::ZERO,
            seen: Instant::now(),
            stuck: false,
        };
        (0..threads).map(watched).collect()
    }

    /// Whether it is found stuck now, and was not before.
    fn look(&mut self, now: Instant) -> bool {
        let metrics = self.executor.metrics();
        let busy = metrics.worker_total_busy_duration(self.thread);
        // Counted when it goes to sleep, and when it wakes.
        let sleeps = metrics.worker_park_unpark_count(self.thread) % 2 == 1;
        let away = now.duration_since(self.seen);
        if sleeps || busy != self.busy {
            if mem::take(&mut self.stuck) {
                let away_ms = away.as_millis();
                tracing::warn!(thread = self.name, away_ms, "the thread has come back");
            }
            (self.busy, self.seen) = (busy, now);
            return false;
        }
        if self.stuck || away < STUCK {
            return false;
        }
        self.stuck = true;
        let away_ms = away.as_millis();
        let tasks = metrics.num_alive_tasks();
        tracing::error!(
            thread = self.name,
            away_ms,
            tasks,
            "a thread does not come back to its executor: what it serves waits"
        );
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_thread_that_is_away_for_long_is_counted_once_and_one_that_works_is_not() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let executor = runtime.handle().clone();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let serving = thread::spawn(move || runtime.block_on(async { drop(stopped.await) }));
        let stuck = Arc::new(AtomicU32::new(0));
        let counter = stuck.clone();
        let watched = [("served".to_owned(), executor.clone())];
        let told = move || {
            counter.fetch_add(1, Relaxed);
        };
        let watchdog = Watchdog::start(watched, told).unwrap();
        // Much to do, and coming back in between; and then nothing to do.
        let busy = executor.spawn(async {
            let began = Instant::now();
            while began.elapsed() < 2 * STUCK {
                thread::sleep(Duration::from_millis(1));
                tokio::task::yield_now().await;
            }
        });
        busy.await.unwrap();
        tokio::time::sleep(2 * STUCK).await;
        assert_eq!(stuck.load(Relaxed), 0);
        executor.spawn(async { thread::sleep(4 * STUCK) }).await.unwrap();
        assert_eq!(stuck.load(Relaxed), 1);
        drop(watchdog);
        drop(stop);
        serving.join().unwrap();
    }
}
