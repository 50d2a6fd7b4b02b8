//! What the process takes of its machine.

use std::fs;

/// What the process holds in memory, where the system says.
pub(super) fn resident_bytes() -> Option<i64> {
    let pages: i64 =
        fs::read_to_string("/proc/self/statm").ok()?.split(' ').nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as i64)
}
