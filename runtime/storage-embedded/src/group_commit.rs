//! Group commit: one thread writes a database, and whatever waits for it goes into one
//! transaction.

use std::thread::JoinHandle;

use tokio::sync::mpsc;

use lambent_storage::StorageError;

/// Most requests that are taken at once.
pub(crate) const BATCH_MAX: usize = 1024;

/// A thread that is joined when this is dropped. Whoever has it ends its work first.
pub(crate) struct WriterThread {
    name: &'static str,
    thread: Option<JoinHandle<()>>,
}

impl WriterThread {
    /// Starts it.
    pub(crate) fn start(
        name: &'static str,
        run: impl FnOnce() + Send + 'static,
    ) -> std::io::Result<Self> {
        let thread = std::thread::Builder::new().name(name.into()).spawn(run)?;
        Ok(Self { name, thread: Some(thread) })
    }
}

impl Drop for WriterThread {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!(thread = self.name, "a writer panicked");
        }
    }
}

/// What commits requests.
pub(crate) trait Commit<R> {
    /// Takes the first of those that wait, at least one, commits them together, and answers
    /// each. It leaves the others for the next transaction.
    fn commit(&mut self, waiting: &mut Vec<R>);
}

/// The way to the thread that commits. Dropping it waits until all that was sent is committed.
pub(crate) struct GroupCommit<R> {
    // Before the thread, which ends when no more can come.
    requests: mpsc::Sender<R>,
    _thread: WriterThread,
}

impl<R: Send + 'static> GroupCommit<R> {
    /// Starts the thread. What commits is made on it, since it may be of that thread alone.
    pub(crate) fn start<C: Commit<R>>(
        name: &'static str,
        make: impl FnOnce() -> C + Send + 'static,
    ) -> std::io::Result<Self> {
        let (requests, mut received) = mpsc::channel(BATCH_MAX);
        let run = move || {
            let (mut writer, mut waiting) = (make(), Vec::new());
            while !waiting.is_empty() || received.blocking_recv_many(&mut waiting, BATCH_MAX) > 0 {
                writer.commit(&mut waiting);
            }
        };
        Ok(Self { requests, _thread: WriterThread::start(name, run)? })
    }

    /// Sends a request; waits while too many others wait.
    pub(crate) async fn send(&self, request: R) -> Result<(), StorageError> {
        self.requests.send(request).await.map_err(|_| stopped())
    }

    /// A way that does not keep the thread alive.
    pub(crate) fn downgrade(&self) -> mpsc::WeakSender<R> {
        self.requests.downgrade()
    }
}

/// The error of a writer that answers no more.
pub(crate) fn stopped() -> StorageError {
    StorageError::unavailable("write", "the writer has stopped")
}
