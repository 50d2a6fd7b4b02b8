//! What a compiler child takes from itself before it looks at a component.
//!
//! What the child writes is authenticated and run by the node, and cranelift
//! reads input that a stranger chose. A fault in it must not reach the node's
//! keys, databases or processes, so the child keeps three pipes, memory and the CPU.

use std::collections::BTreeMap;
use std::env::consts::ARCH;
use std::fs;
use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible as _, Ruleset, RulesetAttr, Scope,
};
use rustix::process::{Resource, Rlimit, nice, setrlimit};
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch,
};

/// Address space of one compilation: five times what an 18 MB Python component
/// takes.
pub(super) const MEMORY_BYTES_MAX: u64 = 2 << 30;

/// How far the child steps back behind the node: about a tenth of a core where
/// every core is busy. At the lowest priority there is a large component would take
/// a quarter of an hour on a machine that serves.
const NICE: i32 = 10;

/// What this kernel has to confine compilers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confinement {
    /// Filters of system calls, without which nothing is compiled.
    pub seccomp: bool,
    /// Landlock, the second layer.
    pub landlock: bool,
}

/// Looks what this kernel has, and confines nothing.
#[must_use]
pub fn confinement() -> Confinement {
    let seccomp = Path::new("/proc/sys/kernel/seccomp/actions_avail").exists();
    let ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::Execute)
        .and_then(Ruleset::create);
    Confinement { seccomp, landlock: ruleset.is_ok() }
}

/// Limits the calling process, which must have no other thread yet, and takes
/// the file system and the network from it where the kernel has Landlock.
///
/// # Errors
/// The kernel refuses a limit.
pub(super) fn limit(cpu_seconds: u64) -> Result<(), String> {
    let limit = |resource, soft, hard| {
        setrlimit(resource, Rlimit { current: Some(soft), maximum: Some(hard) })
            .map_err(|error| format!("could not limit the compiler: {error}"))
    };
    // If the machine runs out of memory all the same, the kernel takes the
    // child and not the node. Best effort: there may be no /proc.
    let _ = fs::write("/proc/self/oom_score_adj", "1000");
    limit(Resource::Core, 0, 0)?;
    // At the soft limit comes the signal that tells it from other ends.
    limit(Resource::Cpu, cpu_seconds, cpu_seconds.saturating_add(5))?;
    limit(Resource::As, MEMORY_BYTES_MAX, MEMORY_BYTES_MAX)?;
    limit(Resource::Fsize, 0, 0)?;
    // Further behind already is as good.
    let _ = nice(NICE);
    landlock().map_err(|error| format!("could not confine the compiler: {error}"))
}

/// Leaves the process memory, its pipes and the threads that it has. Whatever
/// else it tries kills it.
///
/// Landlock is a second layer, for kernels that have it: this filter alone leaves no
/// way to open or to address anything.
///
/// # Errors
/// The kernel has no seccomp, or refuses it.
pub(super) fn confine() -> Result<(), String> {
    let failed = |error: &dyn std::fmt::Display| format!("could not confine the compiler: {error}");
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Nofile, none).map_err(|error| failed(&error))?;
    setrlimit(Resource::Nproc, none).map_err(|error| failed(&error))?;
    let filter = filter().map_err(|error| failed(&error))?;
    seccompiler::apply_filter_all_threads(&filter).map_err(|error| failed(&error))
}

/// Denies every file, every TCP port, and whatever is outside the process.
fn landlock() -> Result<(), landlock::RulesetError> {
    let abi = ABI::V6;
    Ruleset::default()
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .scope(Scope::from_all(abi))?
        .create()?
        .restrict_self()?;
    Ok(())
}

/// The system calls that compiling takes: memory, waiting for a lock, ending,
/// and its three pipes.
fn filter() -> Result<BpfProgram, BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        ALLOWED.iter().map(|call| (*call, Vec::new())).collect();
    for call in [libc::SYS_read, libc::SYS_readv] {
        rules.insert(call, vec![first_argument(0)?]);
    }
    for call in [libc::SYS_write, libc::SYS_writev] {
        rules.insert(call, vec![first_argument(1)?, first_argument(2)?]);
    }
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        rules.insert(call, vec![not_executable()?]);
    }
    // With it the allocator names its mappings; nothing else of `prctl` is allowed.
    let name = libc::PR_SET_VMA.unsigned_abs().into();
    rules.insert(libc::SYS_prctl, vec![first_argument(name)?]);
    // `abort`, which tells the node that memory ran out.
    for call in [libc::SYS_tgkill, libc::SYS_tkill] {
        let own = rustix::process::getpid().as_raw_pid().unsigned_abs();
        rules.insert(call, vec![first_argument(own.into())?]);
    }
    let arch: TargetArch = ARCH.try_into()?;
    SeccompFilter::new(rules, SeccompAction::KillProcess, SeccompAction::Allow, arch)?.try_into()
}

/// A call whose first argument is that descriptor or process.
fn first_argument(value: u64) -> Result<SeccompRule, BackendError> {
    let is = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value)?;
    SeccompRule::new(vec![is])
}

/// A mapping, or a change of one, that makes no memory executable: compiling
/// makes machine code and runs none.
fn not_executable() -> Result<SeccompRule, BackendError> {
    let masked = SeccompCmpOp::MaskedEq(libc::PROT_EXEC.unsigned_abs().into());
    let is = SeccompCondition::new(2, SeccompCmpArgLen::Dword, masked, 0)?;
    SeccompRule::new(vec![is])
}

/// What is allowed with any arguments: none of it reaches outside the process.
const ALLOWED: &[i64] = &[
    libc::SYS_brk,
    libc::SYS_clock_gettime,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_futex,
    libc::SYS_getpid,
    libc::SYS_getrandom,
    libc::SYS_gettid,
    libc::SYS_madvise,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_restart_syscall,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_yield,
    libc::SYS_sigaltstack,
];

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::{Command, ExitStatus};

    use super::*;

    /// Names what [`attempt`] tries in a child of the test.
    const ATTEMPT: &str = "LAMBENT_TEST_ATTEMPT";
    const BAD_SYSTEM_CALL: i32 = 31;

    /// Runs [`attempt`] alone in a process of its own.
    fn confined(attempt: &str) -> ExitStatus {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "compiler::confine::tests::attempt", "--test-threads=1"])
            .env(ATTEMPT, attempt)
            .output()
            .unwrap()
            .status
    }

    #[test]
    fn whatever_reaches_outside_the_process_kills_it() {
        let attempts = [
            "open",
            "socket",
            "fork",
            "exec",
            "thread",
            "kill",
            "signal another",
            "ptrace",
            "executable memory",
            "read another pipe",
            "write another pipe",
        ];
        for attempt in attempts {
            let status = confined(attempt);
            assert_eq!(status.signal(), Some(BAD_SYSTEM_CALL), "{attempt}: {status}");
        }
    }

    #[test]
    fn what_compiling_takes_is_allowed() {
        for attempt in ["nothing", "memory"] {
            let status = confined(attempt);
            assert!(status.success(), "{attempt}: {status}");
        }
        assert_eq!(confined("abort").signal(), Some(libc::SIGABRT));
    }

    /// Not a test by itself: what the others run in a process of its own.
    #[test]
    fn attempt() {
        let Ok(attempt) = std::env::var(ATTEMPT) else { return };
        let pipe = std::io::pipe().unwrap();
        confine().unwrap();
        // SAFETY: every call is a plain system call with valid arguments; those that would do harm end
        // the process, which is what is tested.
        unsafe { make(&attempt, &pipe) };
        // At once: to go on as a test would makes calls that are not allowed either.
        std::process::exit(0);
    }

    unsafe fn make(attempt: &str, pipe: &(std::io::PipeReader, std::io::PipeWriter)) {
        use std::os::fd::AsRawFd as _;
        let mut byte = [0_u8; 1];
        unsafe {
            match attempt {
                "open" => drop(fs::read("/proc/self/status")),
                "socket" => drop(std::net::TcpListener::bind("127.0.0.1:0")),
                "fork" => drop(libc::fork()),
                "exec" => drop(libc::execv(c"/bin/true".as_ptr(), std::ptr::null())),
                "thread" => drop(std::thread::Builder::new().spawn(|| ())),
                "kill" => drop(libc::kill(libc::getppid(), 0)),
                "signal another" => drop(libc::syscall(libc::SYS_tgkill, 1, 1, 0)),
                "ptrace" => drop(libc::ptrace(libc::PTRACE_TRACEME)),
                "executable memory" => {
                    let all = libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC;
                    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
                    libc::mmap(std::ptr::null_mut(), 4096, all, flags, -1, 0);
                }
                "read another pipe" => {
                    libc::read(pipe.0.as_raw_fd(), byte.as_mut_ptr().cast(), 1);
                }
                "write another pipe" => {
                    libc::write(pipe.1.as_raw_fd(), byte.as_ptr().cast(), 1);
                }
                "memory" => assert_eq!(
                    vec![1_u8; 64 << 20].iter().filter(|byte| **byte == 1).count(),
                    64 << 20
                ),
                "abort" => std::process::abort(),
                _ => {}
            }
        }
    }
}
