use std::time::Duration;

use lambent_storage::Quotas;

/// What the embedded backend can be told.
#[derive(Debug, Clone)]
pub struct Options {
    /// About how many bytes of functions and versions are kept in memory.
    pub cache_bytes: u64,
    /// About how many bytes of keys and values are kept in memory.
    pub keyvalue_cache_bytes: u64,
    /// How invocation logs are kept.
    pub logs: LogOptions,
    /// What each namespace may hold that has no quotas of its own.
    pub quotas: Quotas,
    /// Bytes of disk that are kept free: below them only deletes are taken. If
    /// absent, [`default_reserve`](lambent_storage::default_reserve) of the disk.
    pub disk_reserve: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cache_bytes: 64 << 20,
            keyvalue_cache_bytes: 32 << 20,
            logs: LogOptions::default(),
            quotas: Quotas::default(),
            disk_reserve: None,
        }
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
