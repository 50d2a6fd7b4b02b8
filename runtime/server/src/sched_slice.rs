//! How soon a thread gets a core that another one has.

use std::io;
use std::time::Duration;

use libc::{SYS_sched_getattr, SYS_sched_setattr, sched_attr, syscall};

/// Has the kernel give the calling thread slices of `slice`, in place of about
/// 3 ms, and of as much of the CPU in total as before.
///
/// A thread with a shorter slice that wakes gets the core of one with a longer
/// slice at once, rather than when that one's slice is over. The kernel keeps it
/// within 0.1 and 100 ms, and heeds it since Linux 6.12; older ones ignore it.
///
/// # Errors
/// The system forbids it.
pub(crate) fn shorten(slice: Duration) -> io::Result<()> {
    let size = size_of::<sched_attr>() as u32;
    let mut attributes = sched_attr {
        size,
        sched_policy: 0,
        sched_flags: 0,
        sched_nice: 0,
        sched_priority: 0,
        sched_runtime: 0,
        sched_deadline: 0,
        sched_period: 0,
    };
    // SAFETY: of this thread (0) it writes at most `size` bytes to a structure of
    // that size, all of whose fields are integers.
    let got = unsafe { syscall(SYS_sched_getattr, 0, &raw mut attributes, size, 0) };
    if got != 0 {
        return Err(io::Error::last_os_error());
    }
    attributes.sched_runtime = slice.as_nanos() as u64;
    // SAFETY: it reads a structure that says its size.
    match unsafe { syscall(SYS_sched_setattr, 0, &raw const attributes, 0) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_changes_neither_priority_nor_policy() {
        let nice = rustix::process::getpriority_process(None).unwrap();
        shorten(Duration::from_micros(100)).unwrap();
        assert_eq!(rustix::process::getpriority_process(None).unwrap(), nice);
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        // The 41st of proc(5), counted from the 3rd; 0 is SCHED_OTHER.
        let policy = stat.rsplit(')').next().unwrap().split_whitespace().nth(41 - 3);
        assert_eq!(policy, Some("0"));
    }
}
