//! How many files this process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What is asked for where the hard limit is unlimited.
const WANTED: u64 = 1 << 20;
/// The part of all files that compiled components may hold open: one in so many.
pub const ARTIFACTS: u64 = 4;
/// Files that are kept for other than connections, besides those that are open
/// when they are counted: stores that open later, clients that are turned away,
/// and requests that functions send.
const RESERVE: u64 = 64;

/// Raises the soft limit to the hard one and returns it: connections and
/// deployed components each hold a file open, and the customary soft limit of
/// 1,024 is for programs that use `select`.
pub fn raise() -> u64 {
    let now = getrlimit(Resource::Nofile);
    let most = now.maximum.unwrap_or(WANTED);
    match setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum: now.maximum }) {
        Ok(()) => most,
        Err(error) => {
            let current = now.current.unwrap_or(WANTED);
            tracing::warn!(%error, current, "could not raise the limit of open files");
            current
        }
    }
}

/// How many files the process has open.
pub fn count() -> u64 {
    std::fs::read_dir("/proc/self/fd").map_or(0, |files| files.count() as u64)
}

/// The connections for which a process may open files, of which so many are open
/// and at most `limit` may be: half of what is left, since each may have another
/// one opened for what it asks for, and one at the least.
pub fn connections(limit: u64, open: u64) -> usize {
    let taken = open + RESERVE + limit / ARTIFACTS;
    usize::try_from(limit.saturating_sub(taken) / 2).unwrap_or(usize::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_rest() {
        assert_eq!(connections(1 << 20, 50), 393_159);
        assert_eq!(connections(1024, 50), 327);
        assert_eq!(connections(256, 50), 39);
        assert_eq!(connections(64, 60), 1);
        assert!(count() > 2);
    }
}
