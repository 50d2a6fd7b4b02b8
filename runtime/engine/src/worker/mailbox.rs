use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use tokio::sync::{mpsc, oneshot};
use wasmtime_wasi_http::WasiBody;

use super::in_flight::ActiveRequest;

/// A request on its way to a worker.
pub(crate) struct QueuedRequest {
    pub(crate) request: http::Request<WasiBody>,
    /// Sent to when the response was read to its end; the sender is dropped if nobody
    /// reads on.
    pub(crate) read: oneshot::Receiver<()>,
    pub(crate) active: ActiveRequest,
}

/// The mailboxes of the workers of a function version's shared instances.
#[derive(Default)]
pub(crate) struct Mailboxes(Mutex<Vec<Mailbox>>);

/// The way to one worker, which ends when the last clone is dropped. The queue is bounded
/// by the number of requests that an instance serves at once.
#[derive(Clone)]
pub(crate) struct Mailbox {
    requests: mpsc::UnboundedSender<QueuedRequest>,
    state: Arc<WorkerState>,
}

/// What a worker and those that look for one tell each other.
pub(crate) struct WorkerState {
    /// The thread of its executor, if that has a single one.
    thread: ThreadId,
    /// Requests that are in flight or queued.
    reserved: AtomicU32,
    /// Requests that were ever handed to it.
    total: AtomicU32,
    /// Requests that were completed since the worker last looked.
    pub(crate) completed: AtomicU32,
    /// Whether it runs, and would go on at once.
    pub(crate) busy: AtomicBool,
}

impl WorkerState {
    /// A request is completed.
    pub(crate) fn complete(&self) {
        self.reserved.fetch_sub(1, Relaxed);
        self.completed.fetch_add(1, Relaxed);
    }
}

impl Mailbox {
    /// Hands over a request for which a place was [reserved](Mailboxes::reserve).
    pub(crate) fn send(&self, request: QueuedRequest) {
        // A worker that has failed meanwhile drops it, which the caller notices.
        let _ = self.requests.send(request);
    }
}

impl Mailboxes {
    fn lock(&self) -> MutexGuard<'_, Vec<Mailbox>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reserves a place at a worker of this thread that serves fewer than `shared`
    /// requests, and fewer than `reuse` since it began.
    pub(crate) fn reserve(&self, shared: u32, reuse: u32) -> Option<Mailbox> {
        let here = thread::current().id();
        let mut mailboxes = self.lock();
        let index = mailboxes.iter().position(|Mailbox { state, .. }| {
            let free = state.reserved.load(Relaxed) < shared && !state.busy.load(Relaxed);
            free && state.thread == here
        })?;
        let state = &mailboxes[index].state;
        state.reserved.fetch_add(1, Relaxed);
        if state.total.fetch_add(1, Relaxed) + 1 >= reuse {
            return Some(mailboxes.swap_remove(index));
        }
        Some(mailboxes[index].clone())
    }

    /// A mailbox for a worker that is to begin, with one place reserved.
    pub(crate) fn open(
        &self,
        reuse: u32,
    ) -> (Mailbox, Arc<WorkerState>, mpsc::UnboundedReceiver<QueuedRequest>) {
        let state = Arc::new(WorkerState {
            thread: thread::current().id(),
            reserved: AtomicU32::new(1),
            total: AtomicU32::new(1),
            completed: AtomicU32::new(0),
            busy: AtomicBool::new(false),
        });
        let (requests, receiver) = mpsc::unbounded_channel();
        let mailbox = Mailbox { requests, state: state.clone() };
        if reuse > 1 {
            self.lock().push(mailbox.clone());
        }
        (mailbox, state, receiver)
    }

    /// Closes the mailbox of this worker: no more places are reserved there.
    pub(crate) fn close(&self, state: &WorkerState) {
        self.lock().retain(|mailbox| !std::ptr::eq(&*mailbox.state, state));
    }

    /// Closes the mailbox of this worker, unless a place is reserved.
    pub(crate) fn close_if_idle(&self, state: &WorkerState) {
        self.lock().retain(|mailbox| {
            !std::ptr::eq(&*mailbox.state, state) || state.reserved.load(Relaxed) > 0
        });
    }

    /// Closes the mailboxes of all workers that serve no request; returns how many those
    /// are.
    pub(crate) fn close_all_idle(&self) -> usize {
        let mut mailboxes = self.lock();
        let before = mailboxes.len();
        mailboxes.retain(|mailbox| mailbox.state.reserved.load(Relaxed) > 0);
        before - mailboxes.len()
    }

    /// How many mailboxes are open.
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_reserved_where_there_are_some() {
        let mailboxes = Mailboxes::default();
        assert!(mailboxes.reserve(2, 4).is_none());
        let (_mailbox, state, _requests) = mailboxes.open(4);
        assert!(mailboxes.reserve(2, 4).is_some());
        assert!(mailboxes.reserve(2, 4).is_none(), "two at once");
        state.complete();
        state.busy.store(true, Relaxed);
        assert!(mailboxes.reserve(2, 4).is_none(), "what it serves already comes first");
        state.busy.store(false, Relaxed);
        let elsewhere =
            thread::scope(|scope| scope.spawn(|| mailboxes.reserve(2, 4).is_some()).join());
        assert!(!elsewhere.unwrap(), "a worker stays on its thread");
        assert!(mailboxes.reserve(2, 4).is_some());
        state.complete();
        assert!(mailboxes.reserve(2, 4).is_some());
        assert_eq!(mailboxes.len(), 0, "four in all");
    }

    #[test]
    fn only_an_idle_worker_is_closed() {
        let mailboxes = Mailboxes::default();
        let (mailbox, state, mut requests) = mailboxes.open(10);
        mailboxes.close_if_idle(&state);
        assert_eq!(mailboxes.len(), 1);
        state.complete();
        mailboxes.close_if_idle(&state);
        assert_eq!(mailboxes.len(), 0);
        drop(mailbox);
        let ended = mpsc::error::TryRecvError::Disconnected;
        assert!(requests.try_recv().is_err_and(|error| error == ended));
    }
}
