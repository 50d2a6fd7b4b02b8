//! What a machine has for a node: limits, disk, clock, port and kernel, each with what to do
//! about it. Nothing is changed, and the data directory is not opened.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::{Duration, SystemTime};

use lambent_engine::machine_advice;
use lambent_host::{Confinement, confinement, open_files};
use lambent_storage::{Disk, default_reserve};
use lambent_types::format_bytes;
use rustix::process::{Resource, getrlimit};

use crate::memory::Plan;
use crate::options::Options;

/// Files that a node has open when it begins to listen, about.
const FILES_OPEN: u64 = 64;
/// What the unit that comes with the node allows.
const FILES_WANTED: u64 = 1 << 20;
/// Memory below which a node has hardly any for functions.
const MEMORY_MIN: u64 = 256 << 20;
/// How far a clock may be behind what was written before, in time zones of files and the like.
const CLOCK_SLACK: Duration = Duration::from_secs(120);
/// Directories whose contents are gone after a restart of the machine.
const TMPFS: u64 = 0x0102_1994;
/// A file system over the network, on which SQLite is not safe.
const NFS: u64 = 0x6969;

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Good,
    /// A node runs, but worse than it could.
    Warning,
    /// A node does not run, or not safely.
    Bad,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub what: &'static str,
    /// How it is.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// What to do about it; empty if there is nothing to do.
    pub fix: String,
}

fn good(what: &'static str, found: impl Into<String>) -> Finding {
    Finding { what, verdict: Verdict::Good, found: found.into(), fix: String::new() }
}

fn warning(what: &'static str, found: impl Into<String>, fix: impl Into<String>) -> Finding {
    Finding { what, verdict: Verdict::Warning, found: found.into(), fix: fix.into() }
}

fn bad(what: &'static str, found: impl Into<String>, fix: impl Into<String>) -> Finding {
    Finding { what, verdict: Verdict::Bad, found: found.into(), fix: fix.into() }
}

/// Looks at everything that a node with these options needs of the machine.
#[must_use]
pub fn examine(options: &Options) -> Vec<Finding> {
    let mut findings = vec![
        files(options.connections_max, getrlimit(Resource::Nofile).maximum),
        memory(options),
        clock(&options.data),
    ];
    findings.extend(data(&options.data, options.disk_reserve));
    findings.push(port(options.listen));
    findings.extend(kernel(confinement()));
    let instances = u32::try_from(options.concurrency_max).unwrap_or(u32::MAX);
    let advice = machine_advice(instances);
    if advice.is_empty() {
        findings.push(good("instances", format!("{instances} at once, from a pool")));
    }
    for advice in advice {
        let text = advice.to_string();
        let (found, fix) = text.split_once("; ").unwrap_or((&text, ""));
        findings.push(warning("instances", found, fix));
    }
    findings
}

fn files(wanted: usize, limit: Option<u64>) -> Finding {
    let what = "open files";
    let Some(limit) = limit else { return good(what, "no limit") };
    let connections = open_files::connections(limit, FILES_OPEN);
    if connections >= wanted {
        return good(what, format!("at most {limit}"));
    }
    warning(
        what,
        format!("at most {limit}, which is enough for {connections} connections, not {wanted}"),
        format!(
            "LimitNOFILE={FILES_WANTED} in the unit, or ulimit -Hn {FILES_WANTED}; or fewer --connections"
        ),
    )
}

fn memory(options: &Options) -> Finding {
    let plan = Plan::of_machine(options.memory_budget);
    let (total, guests) = (format_bytes(plan.total), format_bytes(plan.guests));
    let found = format!("{total} for the node, of which {guests} are for functions");
    if plan.total < MEMORY_MIN {
        let fix = "give the machine or the control group more, or raise --memory-budget";
        return warning("memory", found, fix);
    }
    good("memory", found)
}

/// The clock is behind if something was written later than now: this program, or the data.
fn clock(data: &Path) -> Finding {
    let program = std::env::current_exe().ok();
    let files = fs::read_dir(data).into_iter().flatten().flatten().map(|entry| entry.path());
    let latest = program
        .into_iter()
        .chain(files)
        .filter_map(|path| Some((fs::metadata(&path).ok()?.modified().ok()?, path)))
        .max();
    clock_against(SystemTime::now(), latest)
}

fn clock_against(now: SystemTime, latest: Option<(SystemTime, std::path::PathBuf)>) -> Finding {
    let what = "clock";
    let shown = |time| {
        jiff::Timestamp::try_from(time).map_or_else(|_| "?".into(), |time| format!("{time:.0}"))
    };
    match latest {
        Some((written, path)) if written > now + CLOCK_SLACK => bad(
            what,
            format!("{}, but {} was written at {}", shown(now), path.display(), shown(written)),
            "set the clock, and have it kept: timedatectl set-ntp true",
        ),
        _ => good(what, shown(now)),
    }
}

/// The nearest directory that there is.
fn existing(path: &Path) -> Option<&Path> {
    path.ancestors().find(|path| path.is_dir()).or(path.is_relative().then_some(Path::new(".")))
}

fn data(data: &Path, reserve: Option<u64>) -> Vec<Finding> {
    let what = "data directory";
    let Some(at) = existing(data) else {
        return vec![bad(
            what,
            format!("{} cannot be reached", data.display()),
            "name another: --data",
        )];
    };
    let mut findings = vec![directory(data, at)];
    match Disk::of_path(at).and_then(|disk| Ok((disk, rustix::fs::statfs(at)?.f_type))) {
        Ok((Disk { size, free }, kind)) => {
            let reserve = reserve.unwrap_or_else(|| default_reserve(size));
            findings.push(disk(free, reserve));
            findings.extend(file_system(u64::try_from(kind).unwrap_or(0)));
        }
        Err(error) => findings.push(warning("disk", format!("it says nothing: {error}"), "")),
    }
    findings
}

fn directory(data: &Path, at: &Path) -> Finding {
    let what = "data directory";
    let shown = data.display();
    let is_new = at != data;
    let writable = rustix::fs::access(at, rustix::fs::Access::WRITE_OK).is_ok();
    if !writable {
        let user = rustix::process::geteuid().as_raw();
        let fix = format!("run as its owner, or: chown {user} {}", at.display());
        return bad(what, format!("{} cannot be written to", at.display()), fix);
    }
    #[cfg(unix)]
    if !is_new
        && let Ok(metadata) = fs::metadata(data)
        && std::os::unix::fs::MetadataExt::mode(&metadata) & 0o002 != 0
    {
        return bad(what, format!("every user may write to {shown}"), format!("chmod o-w {shown}"));
    }
    good(what, if is_new { format!("{shown}, which is to be made") } else { shown.to_string() })
}

fn disk(free: u64, reserve: u64) -> Finding {
    let found = format!(
        "{} free; below {} only deletes are taken",
        format_bytes(free),
        format_bytes(reserve)
    );
    let fix = "make room, or keep less free: --disk-reserve";
    match free {
        free if free < reserve => bad("disk", found, fix),
        free if free < reserve.saturating_mul(2) => warning("disk", found, fix),
        _ => good("disk", found),
    }
}

fn file_system(kind: u64) -> Option<Finding> {
    match kind {
        TMPFS => Some(warning(
            "file system",
            "the data directory is in memory, and gone when the machine restarts",
            "name one on a disk: --data",
        )),
        NFS => Some(bad(
            "file system",
            "the data directory is on NFS, on which databases are not safe",
            "name one on a disk of this machine: --data",
        )),
        _ => None,
    }
}

fn port(listen: SocketAddr) -> Finding {
    let what = "port";
    match TcpListener::bind(listen) {
        Ok(_) => good(what, format!("{listen} is free")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => warning(
            what,
            format!("{listen} is in use"),
            "if that is no node of yours, name another: --listen",
        ),
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => bad(
            what,
            format!("{listen} may not be listened on"),
            "AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit, or a port from 1024 on",
        ),
        Err(error) => bad(what, format!("{listen}: {error}"), "name another address: --listen"),
    }
}

fn kernel(Confinement { seccomp, landlock }: Confinement) -> Vec<Finding> {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let release = if release.is_empty() { "unknown" } else { release.trim() };
    let mut findings = vec![if seccomp {
        good("kernel", format!("{release}, with seccomp"))
    } else {
        bad(
            "kernel",
            format!("{release}, without seccomp, so no function can be compiled"),
            "use a kernel with CONFIG_SECCOMP_FILTER",
        )
    }];
    findings.push(if landlock {
        good("landlock", "compilers are kept from files and the network twice")
    } else {
        warning(
            "landlock",
            "the kernel has none; compilers are confined by seccomp alone",
            "use Linux 5.13 or later with landlock among its modules (lsm=landlock,…)",
        )
    });
    findings.push(match rustix::fs::memfd_create("lambent", rustix::fs::MemfdFlags::CLOEXEC) {
        Ok(_) => good("memfd", "memories are reset by copy-on-write"),
        Err(error) => warning(
            "memfd",
            format!("not allowed ({error}); memories are copied where they could be mapped"),
            "allow memfd_create in the filter of the container or the unit",
        ),
    });
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_compared_with_what_is_needed() {
        assert_eq!(files(8192, None).verdict, Verdict::Good);
        assert_eq!(files(8192, Some(1 << 20)).verdict, Verdict::Good);
        let few = files(8192, Some(256));
        assert_eq!(few.verdict, Verdict::Warning);
        assert!(few.fix.contains("LimitNOFILE=1048576"), "{few:?}");
        assert_eq!(disk(5, 6).verdict, Verdict::Bad);
        assert_eq!(disk(9, 6).verdict, Verdict::Warning);
        assert_eq!(disk(12, 6).verdict, Verdict::Good);
    }

    #[test]
    fn a_clock_that_is_behind_what_was_written_is_wrong() {
        let (now, hour) = (SystemTime::now(), Duration::from_secs(3600));
        let at = |time| Some((time, "control.db".into()));
        assert_eq!(clock_against(now, at(now - hour)).verdict, Verdict::Good);
        assert_eq!(clock_against(now, None).verdict, Verdict::Good);
        let behind = clock_against(now, at(now + hour));
        assert_eq!(behind.verdict, Verdict::Bad);
        assert!(behind.found.contains("control.db was written at"), "{behind:?}");
    }

    #[test]
    fn what_is_wrong_has_a_remedy() {
        let confined = |seccomp, landlock| kernel(Confinement { seccomp, landlock });
        assert!(confined(false, false)[..2].iter().all(|one| !one.fix.is_empty()));
        assert!(confined(true, true)[..2].iter().all(|one| one.verdict == Verdict::Good));
        assert_eq!(file_system(NFS).unwrap().verdict, Verdict::Bad);
        assert_eq!(file_system(TMPFS).unwrap().verdict, Verdict::Warning);
        assert_eq!(file_system(0xef53), None);
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let found = port(taken.local_addr().unwrap());
        assert_eq!(found.verdict, Verdict::Warning);
        let home = tempfile::tempdir().unwrap();
        let new = home.path().join("a/b");
        assert_eq!(data(&new, Some(0))[0].verdict, Verdict::Good);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let open = fs::Permissions::from_mode(0o777);
            fs::set_permissions(home.path(), open).unwrap();
            let found = data(home.path(), Some(0));
            assert!(found[0].fix.starts_with("chmod o-w"), "{found:?}");
        }
    }
}
