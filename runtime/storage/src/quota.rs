/// What one namespace may hold at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    /// Bytes of objects, parts of unfinished uploads included.
    pub object_bytes: u64,
    /// Objects, unfinished uploads and their parts.
    pub objects: u64,
    /// Bytes of keys and values.
    pub keyvalue_bytes: u64,
    /// Bytes of messages and deliveries.
    pub message_bytes: u64,
    /// Buckets, keyspaces, queues, triggers and schedules, of each kind.
    pub resources: u64,
}

impl Default for Quotas {
    /// No bound but the disk, except on resources: 10,000 of each kind.
    fn default() -> Self {
        Self {
            object_bytes: u64::MAX,
            objects: u64::MAX,
            keyvalue_bytes: u64::MAX,
            message_bytes: u64::MAX,
            resources: 10_000,
        }
    }
}

/// The namespace would hold more than its quota.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the namespace may hold {limit} {what} and would hold {wanted}; delete some, or ask for a \
     larger quota"
)]
pub struct QuotaExceeded {
    /// Which quota.
    pub what: &'static str,
    /// The quota.
    pub limit: u64,
    /// What the change would make it.
    pub wanted: u64,
}
