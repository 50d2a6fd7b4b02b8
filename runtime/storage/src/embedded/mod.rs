//! The backend for one machine.

use std::sync::Arc;
use std::time::Duration;

use crate::code::CodeStore;
use crate::data_dir::DataDir;
use crate::error::OpenError;
use crate::logs::InvocationLogs;
use crate::registry::Registry;

/// What the embedded backend can be told.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// About how many bytes of functions and versions are kept in memory.
    pub cache_bytes: u64,
    /// How invocation logs are kept.
    pub logs: LogOptions,
}

impl Default for Options {
    fn default() -> Self {
        Self { cache_bytes: 64 << 20, logs: LogOptions::default() }
    }
}

/// How invocation logs are kept.
#[derive(Debug, Clone, Copy)]
pub struct LogOptions {
    /// Records of invocations that started longer ago are deleted.
    pub age_max: Duration,
    /// Beyond this many bytes of database the oldest records are deleted. The
    /// file keeps the size it has reached; its room is used again.
    pub bytes_max: u64,
    /// Records that wait to be written take at most this many bytes of memory;
    /// further ones are dropped.
    pub queue_bytes_max: usize,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self {
            age_max: Duration::from_secs(7 * 24 * 3600),
            bytes_max: 256 << 20,
            queue_bytes_max: 32 << 20,
        }
    }
}

/// The stores in one data directory.
#[derive(Clone)]
pub struct Embedded {
    /// Functions and versions, in `control.db`.
    pub registry: Arc<dyn Registry>,
    /// Components, in `code/`.
    pub code: Arc<dyn CodeStore>,
    /// Finished invocations, in `logs.db`.
    pub logs: Arc<dyn InvocationLogs>,
}

impl Embedded {
    /// Opens or creates the stores in `data`. Reads no function: they are read
    /// when they are asked for.
    ///
    /// # Errors
    /// A database cannot be opened, is from a newer release, or would not be durable.
    pub fn open(data: &DataDir, options: Options) -> Result<Self, OpenError> {
        let _ = options;
        Err(OpenError::Unsafe { path: data.path().into(), detail: "not there yet".into() })
    }
}
