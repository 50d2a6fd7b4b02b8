use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use lambent_types::Outcome;

use crate::invocation::Finished;

/// Called once, when an invocation is over in every respect.
pub(crate) type OnFinished = Box<dyn FnOnce(Finished<()>) + Send>;

/// What the two halves of an HTTP invocation share: the guest, and the
/// response body that is still being sent when the guest may already be done.
///
/// The invocation is over when both halves have let go of it; only then is the
/// number of bytes known, and `on_finished` called.
pub(crate) struct Completion {
    on_finished: Mutex<Option<OnFinished>>,
    finished: Mutex<Option<Finished<()>>>,
    failed: AtomicBool,
    too_large: AtomicU64,
    /// What is wrong with the body of the response, if anything is.
    bad_body: Mutex<Option<String>>,
    pub(crate) bytes_in: AtomicU64,
    pub(crate) bytes_out: AtomicU64,
}

impl Completion {
    pub(crate) fn new(on_finished: OnFinished) -> Arc<Self> {
        Arc::new(Self {
            on_finished: Mutex::new(Some(on_finished)),
            finished: Mutex::new(None),
            failed: AtomicBool::new(false),
            too_large: AtomicU64::new(0),
            bad_body: Mutex::new(None),
            bytes_in: AtomicU64::new(0),
            bytes_out: AtomicU64::new(0),
        })
    }

    /// The guest is done.
    pub(crate) fn finish(&self, finished: Finished<()>) {
        self.failed.store(!finished.outcome.is_ok(), Ordering::Release);
        *lock(&self.finished) = Some(finished);
    }

    /// Nothing ran, so there will be nothing to report.
    pub(crate) fn withdraw(&self) {
        lock(&self.on_finished).take();
    }

    /// Whether the guest ended other than well.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// The response grew beyond `limit`, which then is the outcome.
    pub(crate) fn set_too_large(&self, limit: u64) {
        self.too_large.store(limit, Ordering::Release);
    }

    /// The body of the response is not what its head declares, or broke off;
    /// which is the outcome, unless the guest failed.
    pub(crate) fn set_bad_body(&self, message: String) {
        lock(&self.bad_body).get_or_insert(message);
    }
}

impl Drop for Completion {
    fn drop(&mut self) {
        let finished = lock(&self.finished).take();
        if let (Some(on_finished), Some(mut finished)) = (lock(&self.on_finished).take(), finished)
        {
            finished.meter.bytes_in = self.bytes_in.load(Ordering::Acquire);
            finished.meter.bytes_out = self.bytes_out.load(Ordering::Acquire);
            // A guest whose body is refused may well be cancelled for it.
            let guest_failed = !matches!(finished.outcome, Outcome::Ok | Outcome::Cancelled);
            match (self.too_large.load(Ordering::Acquire), lock(&self.bad_body).take()) {
                (0, Some(message)) if !guest_failed => {
                    finished.outcome = Outcome::BadResponse { message };
                }
                (0, _) => {}
                (limit, _) => finished.outcome = Outcome::ResponseTooLarge { limit },
            }
            on_finished(finished);
        }
    }
}

fn lock<V>(mutex: &Mutex<V>) -> std::sync::MutexGuard<'_, V> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
