//! How many files this process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What is asked for where the hard limit is unlimited.
const WANTED: u64 = 1 << 20;

/// Raises the soft limit to the hard one and returns it: connections and
/// deployed components each hold a file open, and the customary soft limit of
/// 1,024 is for programs that use `select`.
pub(crate) fn raise() -> u64 {
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
