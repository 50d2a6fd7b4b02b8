//! The threads that serve connections: one for each core, each with an executor
//! of its own, so that a request stays on the core that its connection is on.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::CancellationToken;

use crate::sched_slice;

/// Tasks that are polled between two looks at the sockets. Guests that run long
/// poll for a fraction of a millisecond, so tokio's 61 would be too many.
const EVENT_INTERVAL: u32 = 16;

/// Slices of the CPU that these threads get, the shortest there are: what comes
/// in is not to wait for a thread that runs a long guest to use up its 3 ms.
const SLICE: Duration = Duration::from_micros(100);

/// How long a thread may take to end: one that is stuck is left behind, as its
/// process ends without it.
const ENDING: Duration = Duration::from_secs(2);

/// The threads; they end when this is dropped, and what runs on them with them.
pub(crate) struct Workers {
    workers: Vec<Worker>,
    stop: CancellationToken,
    threads: Vec<JoinHandle<()>>,
}

struct Worker {
    executor: Handle,
    connections: Arc<AtomicUsize>,
}

/// A connection's place on a thread, until it is dropped.
pub(crate) struct ConnectionPermit(Arc<AtomicUsize>);

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

fn name(index: usize) -> String {
    format!("worker-{index}")
}

impl Workers {
    /// Starts one for each core.
    ///
    /// # Errors
    /// The system gives no more threads.
    pub(crate) fn start() -> io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let stop = CancellationToken::new();
        let mut started = Self { workers: Vec::new(), stop, threads: Vec::new() };
        for index in 0..cores {
            let runtime = Builder::new_current_thread()
                .event_interval(EVENT_INTERVAL)
                .enable_all()
                .build()?;
            let executor = runtime.handle().clone();
            let stop = started.stop.clone();
            let serve = move || {
                if let Err(error) = sched_slice::shorten(SLICE) {
                    tracing::debug!(%error, "requests may wait for the CPU longer");
                }
                runtime.block_on(stop.cancelled());
            };
            let thread = std::thread::Builder::new().name(name(index));
            started.threads.push(thread.spawn(serve)?);
            started.workers.push(Worker { executor, connections: Arc::default() });
        }
        Ok(started)
    }

    /// All executors, each with the name of its thread.
    pub(crate) fn executors(&self) -> impl Iterator<Item = (String, Handle)> {
        let executors = self.workers.iter().map(|worker| worker.executor.clone());
        executors.enumerate().map(|(index, executor)| (name(index), executor))
    }

    /// The executor that serves the fewest connections, and a place on it.
    pub(crate) fn place(&self) -> (&Handle, ConnectionPermit) {
        let fewest = self.workers.iter().min_by_key(|worker| worker.connections.load(Relaxed));
        let worker = fewest.unwrap_or(&self.workers[0]);
        worker.connections.fetch_add(1, Relaxed);
        (&worker.executor, ConnectionPermit(worker.connections.clone()))
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.stop.cancel();
        let began = Instant::now();
        while self.threads.iter().any(|thread| !thread.is_finished()) {
            if began.elapsed() > ENDING {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        for thread in self.threads.drain(..) {
            if thread.is_finished() {
                // A thread that panicked has said so.
                let _ = thread.join();
            } else {
                let thread = thread.thread().name().unwrap_or_default();
                tracing::error!(thread, "a thread does not end; leaving it behind");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_is_stuck_does_not_hold_up_the_end() {
        let workers = Workers::start().unwrap();
        let (stuck, is_stuck) = std::sync::mpsc::channel();
        workers.place().0.spawn(async move {
            stuck.send(()).unwrap();
            std::thread::sleep(Duration::from_secs(60));
        });
        is_stuck.recv().unwrap();
        let began = Instant::now();
        drop(workers);
        assert!((ENDING..Duration::from_secs(30)).contains(&began.elapsed()));
    }
}
