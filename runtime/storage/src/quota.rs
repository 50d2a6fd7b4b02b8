pub use lambent_types::{Holding, Quota};

use lambent_types::OwnQuotas;

/// Bytes of disk that an object takes beside its own: ext4 has an inode for
/// every 16 KiB, so more objects than that use up the inodes before the bytes.
const OBJECT_DISK_BYTES: u64 = 16 << 10;
/// Bytes of a database that a key or a message takes beside its own, about: its
/// row, its checksum and its place in the indexes.
const ROW_DISK_BYTES: u64 = 256;
/// Resources of each kind: what a person or a program can still look through.
const RESOURCES: u64 = 10_000;
/// Versions: one for every deploy of a thousand functions for months.
const VERSIONS: u64 = 100_000;
/// Invocations at once; Lambda's default for an account.
const CONCURRENCY: u64 = 1000;
/// The size of disk that the defaults of [`Quotas::default`] are for.
const USUAL_DISK_BYTES: u64 = 64 << 30;

/// What one namespace may hold at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas([u64; Quota::ALL.len()]);

impl Quotas {
    /// The limit of a quota that is none.
    pub const UNLIMITED: u64 = u64::MAX;

    /// The defaults on a disk of so many bytes. One namespace may fill a quarter
    /// of it with objects, a tenth each with keys, messages and items of tables, a twentieth with
    /// code, and have an eighth set aside for volumes: three quarters of it at most, so
    /// that no single one can fill it.
    /// Counts of objects, keys and messages are bounded by what each takes beside
    /// its bytes.
    #[must_use]
    pub const fn for_disk(bytes: u64) -> Self {
        let (objects, rows) = (bytes / 4, bytes / 10);
        let mut limits = [RESOURCES; Quota::ALL.len()];
        limits[Quota::ObjectBytes.index()] = objects;
        limits[Quota::Objects.index()] = objects / OBJECT_DISK_BYTES;
        limits[Quota::KeyvalueBytes.index()] = rows;
        limits[Quota::Keys.index()] = rows / ROW_DISK_BYTES;
        limits[Quota::MessageBytes.index()] = rows;
        limits[Quota::Messages.index()] = rows / ROW_DISK_BYTES;
        limits[Quota::TableBytes.index()] = rows;
        limits[Quota::Versions.index()] = VERSIONS;
        limits[Quota::CodeBytes.index()] = bytes / 20;
        limits[Quota::VolumeBytes.index()] = bytes / 8;
        limits[Quota::Concurrency.index()] = CONCURRENCY;
        Self(limits)
    }

    /// The same with one other limit; [`Self::UNLIMITED`] for none.
    #[must_use]
    pub const fn with(mut self, quota: Quota, limit: u64) -> Self {
        self.0[quota.index()] = limit;
        self
    }

    /// The same, with the own quotas of a namespace in their places.
    #[must_use]
    pub fn with_own(self, own: &OwnQuotas) -> Self {
        let with = |quotas: Self, (quota, limit): (&Quota, &Option<u64>)| {
            quotas.with(*quota, limit.unwrap_or(Self::UNLIMITED))
        };
        own.0.iter().fold(self, with)
    }

    /// The limit of a quota.
    #[must_use]
    pub const fn limit(&self, quota: Quota) -> u64 {
        self.0[quota.index()]
    }

    /// The same, with as much room again for messages: the events of deletions
    /// may use it, so that a namespace that is full can delete.
    pub const fn for_deletions(self) -> Self {
        let bytes = self.limit(Quota::MessageBytes).saturating_mul(2);
        let messages = self.limit(Quota::Messages).saturating_mul(2);
        self.with(Quota::MessageBytes, bytes).with(Quota::Messages, messages)
    }

    /// Refuses what would make a namespace that holds `used` hold more than its
    /// quota. What takes away, or changes nothing, is never refused.
    pub fn check(&self, quota: Quota, used: u64, delta: i64) -> Result<(), QuotaExceeded> {
        let limit = self.limit(quota);
        let wanted = used.saturating_add_signed(delta);
        if delta > 0 && wanted > limit {
            return Err(QuotaExceeded { quota, limit, used, wanted });
        }
        Ok(())
    }
}

impl Default for Quotas {
    /// The defaults for a disk of 64 GiB.
    fn default() -> Self {
        Self::for_disk(USUAL_DISK_BYTES)
    }
}

/// The namespace would hold more than its quota.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the namespace holds {used} {} and may hold {limit}; this would make it {wanted}: delete \
     some, or have the administrator set a larger quota (lambent namespace update, or lambent \
     serve {})", quota.what(), quota.flag()
)]
pub struct QuotaExceeded {
    /// Which quota.
    pub quota: Quota,
    /// The quota.
    pub limit: u64,
    /// What the namespace holds, what is being written included.
    pub used: u64,
    /// What the change would make it.
    pub wanted: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_finite_and_one_namespace_cannot_fill_the_disk() {
        let quotas = Quotas::for_disk(100 << 30);
        assert!(Quota::ALL.into_iter().all(|quota| quotas.limit(quota) < Quotas::UNLIMITED));
        let bytes = Quota::ALL.into_iter().filter(|quota| quota.is_bytes());
        assert!(bytes.map(|quota| quotas.limit(quota)).sum::<u64>() <= (100 << 30) / 4 * 3);
    }

    #[test]
    fn what_does_not_grow_is_never_refused() {
        let quotas = Quotas::default().with(Quota::Keys, 2);
        assert_eq!(quotas.check(Quota::Keys, 1, 1), Ok(()));
        assert_eq!(quotas.check(Quota::Keys, 9, -1), Ok(()));
        assert_eq!(quotas.check(Quota::Keys, 9, 0), Ok(()));
        let error = quotas.check(Quota::Keys, 2, 1).unwrap_err().to_string();
        for part in ["holds 2 keys", "may hold 2", "make it 3", "--quota-key-count"] {
            assert!(error.contains(part), "{error}");
        }
    }
}
