//! What keeps the node's state.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lambent_storage::{Quotas, Stores};
use lambent_storage_embedded::{DataDir, LogOptions};
use lambent_types::Clock;

type Opened = Result<Stores, Box<dyn Error + Send + Sync>>;

/// Opens the stores of a node: by default, those of `lambent-storage-embedded` in its data
/// directory.
#[derive(Clone)]
pub struct Backend(Arc<dyn Fn(StoreOptions) -> Opened + Send + Sync>);

/// What the stores of a node are opened with. A backend ignores what does not concern it.
pub struct StoreOptions {
    /// The node's data directory. The node's own secrets and compiled code are in it, whatever
    /// the backend is.
    pub data: DataDir,
    /// The clock that what is stored expires by.
    pub clock: Arc<dyn Clock>,
    /// What each namespace may hold that has no quotas of its own.
    pub quotas: Quotas,
    /// Bytes of the data directory's disk that are kept free; if absent, a part of the disk.
    pub disk_reserve: Option<u64>,
    /// Invocation records older than this are deleted.
    pub log_age_max: Duration,
    /// The oldest invocation records are deleted beyond this many bytes.
    pub log_bytes_max: u64,
}

impl Backend {
    /// A backend whose stores `open` opens. It is called once for each server, on a thread
    /// that may block.
    pub fn new(open: impl Fn(StoreOptions) -> Opened + Send + Sync + 'static) -> Self {
        Self(Arc::new(open))
    }

    pub(crate) fn open(&self, options: StoreOptions) -> Opened {
        (self.0)(options)
    }
}

impl Default for Backend {
    fn default() -> Self {
        Self::new(embedded)
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Backend")
    }
}

fn embedded(options: StoreOptions) -> Opened {
    let StoreOptions { data, clock, quotas, disk_reserve, log_age_max, log_bytes_max } = options;
    let logs =
        LogOptions { age_max: log_age_max, bytes_max: log_bytes_max, ..LogOptions::default() };
    let options =
        lambent_storage_embedded::Options { logs, quotas, disk_reserve, ..Default::default() };
    Ok(lambent_storage_embedded::open(&data, options, clock)?)
}
