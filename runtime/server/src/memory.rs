//! How much memory the node may use, and what for.

use std::fs;
use std::path::{Path, PathBuf};

/// Of what there is, in hundredths: the rest is for the system, for page tables,
/// and for what the node reads from files.
const PART: u64 = 80;
/// The most that is set aside for one of the node's own purposes.
const RESERVE_MAX: u64 = 1 << 30;

/// What the memory that the node may use is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    /// All of it.
    pub(crate) total: u64,
    /// For guests, for components and events that are taken in, and for compiling.
    pub(crate) guests: u64,
    /// What slots of the pools keep while nobody uses them.
    pub(crate) idle: u64,
}

impl Plan {
    /// Of so much, where the node itself has `own` when it starts: an eighth is for
    /// idle slots, an eighth more for the node: connections, caches, records.
    pub(crate) fn new(total: u64, own: u64) -> Self {
        let part = (total / 8).min(RESERVE_MAX);
        let guests = total.saturating_sub(own + 2 * part).max(total / 4);
        Self { total, guests, idle: part }
    }

    /// Of what was asked for, or else of what the machine or the control groups
    /// of this process allow, whichever is less.
    pub(crate) fn of_machine(asked: Option<u64>) -> Self {
        let allowed = || limit(Path::new("/")).map_or(u64::MAX, |bytes| bytes / 100 * PART);
        Self::new(asked.unwrap_or_else(allowed), own().unwrap_or(0))
    }
}

/// What this process holds and could not be read back from files.
fn own() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    kilobytes(&status, "RssAnon:")
}

/// What this process can have at the most: the machine's memory, or the least
/// limit of the control groups that it is in, by version 1 and 2.
fn limit(root: &Path) -> Option<u64> {
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
    let machine = kilobytes(&read("proc/meminfo"), "MemTotal:");
    let groups = read("proc/self/cgroup");
    let mounts = read("proc/self/mountinfo");
    let limits = mounts.lines().filter_map(|mount| {
        let mount = Mount::parse(mount)?;
        let group = groups.lines().find_map(|group| mount.group(group))?;
        least(root, &mount, group)
    });
    machine.into_iter().chain(limits).min()
}

fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(name))?;
    value.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Where a hierarchy of control groups that limits memory is mounted.
struct Mount<'a> {
    /// The group that is seen there.
    top: &'a str,
    at: &'a str,
    v2: bool,
}

impl<'a> Mount<'a> {
    /// Of a line of proc(5) mountinfo, if it is of one.
    fn parse(line: &'a str) -> Option<Self> {
        let (place, kind) = line.split_once(" - ")?;
        let mut place = place.split(' ').skip(3);
        let (top, at) = (place.next()?, place.next()?);
        let mut kind = kind.split(' ');
        let name = kind.next()?;
        let v2 = name == "cgroup2";
        let mut memory =
            || kind.nth(1).is_some_and(|options| options.split(',').any(|o| o == "memory"));
        (v2 || (name == "cgroup" && memory())).then_some(Self { top, at, v2 })
    }

    /// The group of this process, if the line of cgroups(7) is of this hierarchy.
    fn group(&self, line: &'a str) -> Option<&'a str> {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, group) = (fields.next()?, fields.next()?);
        let ours = match self.v2 {
            true => controllers.is_empty(),
            false => controllers.split(',').any(|controller| controller == "memory"),
        };
        ours.then_some(group)
    }

    /// The files that hold the limits of a group.
    const fn files(&self) -> &'static [&'static str] {
        match self.v2 {
            true => &["memory.max", "memory.high"],
            false => &["memory.limit_in_bytes"],
        }
    }
}

/// The least limit of a group and of all it is in, as far as they can be seen.
fn least(root: &Path, mount: &Mount<'_>, group: &str) -> Option<u64> {
    let at = root.join(mount.at.trim_start_matches('/'));
    // A group outside of what is mounted is named by the way to it.
    let below = group.strip_prefix(mount.top).unwrap_or(group);
    let below = if below.split('/').any(|part| part == "..") { "" } else { below };
    let group: PathBuf = at.join(below.trim_start_matches('/'));
    let groups = group.ancestors().take_while(|group| group.starts_with(&at));
    let files = groups.flat_map(|group| mount.files().iter().map(|file| group.join(file)));
    // "max", or no such file at the top, is no limit.
    files.filter_map(|file| fs::read_to_string(file).ok()?.trim().parse().ok()).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    /// A root directory with these files.
    fn root(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    const MEMINFO: (&str, &str) = ("proc/meminfo", "MemTotal:        8388608 kB\nMemFree: 1 kB\n");

    #[test]
    fn without_groups_it_is_the_machines() {
        assert_eq!(limit(root(&[MEMINFO]).path()), Some(8192 * MIB));
        assert_eq!(limit(root(&[]).path()), None);
    }

    #[test]
    fn of_nested_groups_the_least_counts() {
        let v2 = root(&[
            MEMINFO,
            ("proc/self/cgroup", "0::/system.slice/lambent.service\n"),
            (
                "proc/self/mountinfo",
                "25 30 0:23 / /sys rw - sysfs sysfs rw\n\
                 30 25 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n",
            ),
            ("sys/fs/cgroup/system.slice/memory.max", "536870912\n"),
            ("sys/fs/cgroup/system.slice/memory.high", "max\n"),
            ("sys/fs/cgroup/system.slice/lambent.service/memory.max", "max\n"),
            ("sys/fs/cgroup/system.slice/lambent.service/memory.high", "1073741824\n"),
        ]);
        assert_eq!(limit(v2.path()), Some(512 * MIB));
        let v1 = root(&[
            MEMINFO,
            ("proc/self/cgroup", "4:cpu,cpuacct:/docker/ab\n3:memory:/docker/ab/child\n0::/\n"),
            (
                "proc/self/mountinfo",
                "31 30 0:27 /docker/ab /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n\
                 32 30 0:28 /docker/ab /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
            ),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "268435456\n"),
            ("sys/fs/cgroup/memory/child/memory.limit_in_bytes", "9223372036854771712\n"),
        ]);
        assert_eq!(limit(v1.path()), Some(256 * MIB));
    }

    #[test]
    fn what_cannot_be_read_is_no_limit() {
        let odd = root(&[
            MEMINFO,
            ("proc/self/cgroup", "nonsense\n0::/../..\n::\n"),
            ("proc/self/mountinfo", "- \n1 2 - cgroup2\n30 25 0:26 / /c rw - cgroup2 c rw\n"),
        ]);
        assert_eq!(limit(odd.path()), Some(8192 * MIB));
    }

    #[test]
    fn the_node_has_its_own_part() {
        let plan = Plan::new(800 * MIB, 50 * MIB);
        assert_eq!(plan, Plan { total: 800 * MIB, guests: 550 * MIB, idle: 100 * MIB });
        assert_eq!(Plan::new(64 * MIB, 60 * MIB).guests, 16 * MIB);
        assert!(Plan::of_machine(None).guests > 0);
        assert_eq!(Plan::of_machine(Some(1 << 30)).total, 1 << 30);
    }
}
