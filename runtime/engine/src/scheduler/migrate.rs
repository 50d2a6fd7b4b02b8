use std::cell::Cell;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::task::{AbortHandle, JoinHandle};

use super::INITIAL_QUANTUM;

thread_local! {
    /// Whether the guest that was polled on this thread asked to be migrated.
    static REQUESTED: Cell<bool> = const { Cell::new(false) };
}

/// Migrates the guest that calls this to the executor for long guests, and queues it
/// there: it is about to take long without a point at which it could be interrupted.
pub(crate) async fn request_migration() {
    let mut asked = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut asked, true) {
            return Poll::Ready(());
        }
        REQUESTED.set(true);
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Whether the guest that was polled last on this thread [asked](request_migration) to
/// be migrated.
pub(super) fn is_requested() -> bool {
    REQUESTED.get()
}

/// To be called before a guest is polled.
pub(super) fn clear_request() {
    REQUESTED.set(false);
}

/// A guest that runs in the task that started it, which costs no hop between threads,
/// until it turns out to be a long one; it is then migrated to the executor for those.
///
/// Dropping it drops the guest, wherever it runs.
pub(crate) struct Migrating<F: Future> {
    state: State<F>,
    /// The executor for long guests, until the guest was migrated.
    target: Option<Handle>,
    used: Duration,
    migrated: Arc<OnceLock<AbortHandle>>,
}

/// Aborts a guest that runs in a task, wherever it runs by then.
pub(crate) struct AbortGuest {
    task: AbortHandle,
    migrated: Arc<OnceLock<AbortHandle>>,
}

impl AbortGuest {
    /// The guest is not polled again, even if what it waits for happens meanwhile.
    pub(crate) fn abort(&self) {
        if let Some(migrated) = self.migrated.get() {
            migrated.abort();
        }
        self.task.abort();
    }
}

enum State<F: Future> {
    InPlace(Pin<Box<F>>),
    Migrated(JoinHandle<F::Output>),
    Done,
}

impl<F> Migrating<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    /// Without a `target` the guest is never migrated.
    pub(crate) fn new(guest: F, target: Option<Handle>) -> Self {
        let state = State::InPlace(Box::pin(guest));
        Self { state, target, used: Duration::ZERO, migrated: Arc::default() }
    }

    /// Lets the guest run on in a task of the current executor.
    pub(crate) fn spawn(self) -> AbortGuest {
        let migrated = self.migrated.clone();
        AbortGuest { task: tokio::spawn(self).abort_handle(), migrated }
    }

    /// Migrates the guest, whether it has begun or not.
    pub(crate) fn migrate(&mut self) {
        if let Some(target) = self.target.take() {
            match std::mem::replace(&mut self.state, State::Done) {
                State::InPlace(guest) => {
                    let task = target.spawn(guest);
                    // Set once, as a guest is migrated once.
                    let _ = self.migrated.set(task.abort_handle());
                    self.state = State::Migrated(task);
                }
                other => self.state = other,
            }
        }
    }
}

impl<F> Future for Migrating<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    /// `None` if the executor that it was migrated to has ended.
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let State::InPlace(guest) = &mut this.state {
            clear_request();
            let began = Instant::now();
            if let Poll::Ready(output) = guest.as_mut().poll(cx) {
                this.state = State::Done;
                return Poll::Ready(Some(output));
            }
            this.used += began.elapsed();
            if (this.used < INITIAL_QUANTUM && !is_requested()) || this.target.is_none() {
                return Poll::Pending;
            }
            this.migrate();
        }
        let State::Migrated(task) = &mut this.state else { return Poll::Pending };
        let output = ready!(Pin::new(task).poll(cx));
        this.state = State::Done;
        Poll::Ready(output.ok())
    }
}

impl<F: Future> Drop for Migrating<F> {
    fn drop(&mut self) {
        if let State::Migrated(task) = &self.state {
            task.abort();
        }
    }
}

impl<F: Future> Unpin for Migrating<F> {}
