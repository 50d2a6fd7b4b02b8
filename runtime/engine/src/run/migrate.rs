use std::cell::Cell;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::task::{AbortHandle, JoinHandle};

use crate::turns::AT_ONCE;

thread_local! {
    /// Whether the guest that was polled on this thread asked to go elsewhere.
    static LEAVES: Cell<bool> = const { Cell::new(false) };
}

/// Has the guest that this is called in go on elsewhere, and by turns: it is about
/// to take long, without a stop at which it could be told.
pub(crate) async fn leave() {
    let mut asked = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut asked, true) {
            return Poll::Ready(());
        }
        LEAVES.set(true);
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Whether the guest that was polled last on this thread asked to [leave].
pub(crate) fn leaves() -> bool {
    LEAVES.get()
}

/// Before a guest is polled.
pub(crate) fn stays() {
    LEAVES.set(false);
}

/// A guest that runs where it was started, which costs no hop between threads,
/// until it turns out to be a long one; it then goes on where such guests do.
///
/// Dropping it drops the guest, wherever it is.
pub(crate) struct Migrating<F: Future> {
    place: Place<F>,
    elsewhere: Option<Handle>,
    used: Duration,
    moved: Arc<OnceLock<AbortHandle>>,
}

/// Ends a guest that runs in a task, wherever it is by then.
pub(crate) struct Stop {
    task: AbortHandle,
    moved: Arc<OnceLock<AbortHandle>>,
}

impl Stop {
    /// The guest does not run again, whatever it waits for happens meanwhile.
    pub(crate) fn stop(&self) {
        if let Some(moved) = self.moved.get() {
            moved.abort();
        }
        self.task.abort();
    }
}

enum Place<F: Future> {
    Here(Pin<Box<F>>),
    Elsewhere(JoinHandle<F::Output>),
    Over,
}

impl<F> Migrating<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    /// Without an `elsewhere` it stays.
    pub(crate) fn new(guest: F, elsewhere: Option<Handle>) -> Self {
        let place = Place::Here(Box::pin(guest));
        Self { place, elsewhere, used: Duration::ZERO, moved: Arc::default() }
    }

    /// Lets it run on in a task of this executor.
    pub(crate) fn spawn(self) -> Stop {
        let moved = self.moved.clone();
        Stop { task: tokio::spawn(self).abort_handle(), moved }
    }

    /// Has it go on, or begin, elsewhere.
    pub(crate) fn migrate(&mut self) {
        if let Some(elsewhere) = self.elsewhere.take() {
            match std::mem::replace(&mut self.place, Place::Over) {
                Place::Here(guest) => {
                    let task = elsewhere.spawn(guest);
                    // Set once: it migrates once.
                    let _ = self.moved.set(task.abort_handle());
                    self.place = Place::Elsewhere(task);
                }
                other => self.place = other,
            }
        }
    }
}

impl<F> Future for Migrating<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    /// `None` if the executor it went to has ended.
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Place::Here(guest) = &mut this.place {
            stays();
            let began = Instant::now();
            if let Poll::Ready(output) = guest.as_mut().poll(cx) {
                this.place = Place::Over;
                return Poll::Ready(Some(output));
            }
            this.used += began.elapsed();
            if (this.used < AT_ONCE && !leaves()) || this.elsewhere.is_none() {
                return Poll::Pending;
            }
            this.migrate();
        }
        let Place::Elsewhere(task) = &mut this.place else { return Poll::Pending };
        let output = ready!(Pin::new(task).poll(cx));
        this.place = Place::Over;
        Poll::Ready(output.ok())
    }
}

impl<F: Future> Drop for Migrating<F> {
    fn drop(&mut self) {
        if let Place::Elsewhere(task) = &self.place {
            task.abort();
        }
    }
}

impl<F: Future> Unpin for Migrating<F> {}
