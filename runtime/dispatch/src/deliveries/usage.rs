use std::sync::Arc;
use std::time::Duration;

use lambent_storage::Usage;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::dispatcher::Dispatcher;

/// How often what invocations used is stored: what a crash may lose of it.
const FLUSH_INTERVAL: Duration = Duration::from_secs(5);

/// Stores what invocations used.
pub(super) struct UsageFlusher {
    dispatcher: Dispatcher,
    store: Arc<dyn Usage>,
    /// Held while usage is stored.
    flushing: Mutex<()>,
}

impl UsageFlusher {
    pub(super) fn new(dispatcher: Dispatcher, store: Arc<dyn Usage>) -> Arc<Self> {
        Arc::new(Self { dispatcher, store, flushing: Mutex::default() })
    }

    /// Flushes every so often, until the drain.
    pub(super) async fn run(self: Arc<Self>, drain: CancellationToken) {
        loop {
            tokio::select! {
                () = drain.cancelled() => return,
                () = tokio::time::sleep(FLUSH_INTERVAL) => self.flush().await,
            }
        }
    }

    /// Stores what was used until now; what could not be stored is tried again.
    pub(super) async fn flush(&self) {
        // So that what another task has taken is stored when this returns.
        let _flushing = self.flushing.lock().await;
        let records = self.dispatcher.take_usage();
        if records.is_empty() {
            return;
        }
        if let Err(error) = self.store.record(records.clone()).await {
            tracing::error!(%error, cause = error.cause(), "cannot store usage; trying again");
            self.dispatcher.give_back_usage(records);
        }
    }
}
