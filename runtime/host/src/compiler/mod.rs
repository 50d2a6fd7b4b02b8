//! Compiles and adapts in a child process, so that a component made to be expensive
//! to compile takes down the child and not the node.

mod confine;
mod job;
mod worker;

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use lambent_engine::{CompileError, Compiler};
use lambent_types::Namespace;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;

pub use self::confine::{Confinement, confinement};
use self::job::Job;
pub use self::worker::{COMPILE_WORKER, compile_worker};
use crate::fair_semaphore::{FairPermit, FairSemaphore};

/// Wall-clock time of one compilation: a busy machine gives the child, which
/// has a low priority, a tenth of a core.
const WALL_TIME_MAX: Duration = Duration::from_secs(900);
/// CPU time that any component may take, however small.
const CPU_SECONDS_LEAST: u64 = 15;
/// CPU time that a component may take for each MiB. Python, JavaScript and Rust
/// components take 0.4 to 1.4 s, so this leaves room for machines that are several times slower,
/// while sixty kilobytes that are made to be expensive cost no minute.
const CPU_SECONDS_PER_MIB: u64 = 8;
/// Text of an error that is passed on.
const MESSAGE_BYTES_MAX: u64 = 16 << 10;

/// Runs `lambent compile-worker` for each component.
pub(crate) struct ChildCompiler {
    /// Open, so that a child is of this build also when the file was replaced since.
    program: File,
    permits: Arc<FairSemaphore>,
    cpu_seconds_max: u64,
}

impl ChildCompiler {
    /// A compiler that runs `program`, at most `at_once` at a time, each for at
    /// most `cpu_seconds_max`.
    ///
    /// # Errors
    /// `program` cannot be opened.
    pub(crate) fn open(program: &Path, at_once: usize, cpu_seconds_max: u64) -> io::Result<Self> {
        Ok(Self {
            program: File::open(program)?,
            permits: FairSemaphore::new(at_once, "compilations"),
            cpu_seconds_max,
        })
    }

    /// What compiling a component of that many bytes may take.
    fn cpu_seconds(&self, bytes: usize) -> u64 {
        let by_size = (bytes as u64 * CPU_SECONDS_PER_MIB) >> 20;
        (CPU_SECONDS_LEAST + by_size).min(self.cpu_seconds_max)
    }

    fn spawn(&self, job: Job, cpu_seconds: u64) -> Result<Child, CompileError> {
        // The child has the same descriptor until the program is in its place.
        Command::new(format!("/proc/self/fd/{}", self.program.as_raw_fd()))
            .args([COMPILE_WORKER, "--cpu-seconds"])
            .arg(cpu_seconds.to_string())
            .args(job.argument())
            // Nothing the node knows is the compiler's business.
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(unavailable)
    }

    /// Has a child do it, when the namespace has a permit.
    async fn run(
        &self,
        job: Job,
        wasm: Bytes,
        namespace: Option<&Namespace>,
    ) -> Result<Vec<u8>, CompileError> {
        let permit = self.permits.take(namespace.cloned()).await;
        let permit = permit.map_err(|full| CompileError::Busy(full.to_string()))?;
        let cpu_seconds = self.cpu_seconds(wasm.len());
        let child = self.spawn(job, cpu_seconds)?;
        let (answer, answered) = oneshot::channel();
        let most = job.output_bytes_max(wasm.len());
        // If nobody waits any more, the child still has to be waited for.
        tokio::spawn(attend(child, wasm, most, answer, permit));
        let ended = answered.await.map_err(unavailable)??;
        verdict(job, ended, cpu_seconds)
    }
}

fn unavailable(error: impl std::fmt::Display) -> CompileError {
    CompileError::Unavailable(error.to_string())
}

#[async_trait]
impl Compiler for ChildCompiler {
    async fn compile(
        &self,
        wasm: Bytes,
        namespace: Option<&Namespace>,
    ) -> Result<Vec<u8>, CompileError> {
        self.run(Job::Compile, wasm, namespace).await
    }

    async fn adapt(
        &self,
        wasm: Bytes,
        namespace: Option<&Namespace>,
    ) -> Result<Vec<u8>, CompileError> {
        self.run(Job::Adapt, wasm, namespace).await
    }
}

/// How a child ended, and what it wrote to standard output and error.
struct Ended {
    status: ExitStatus,
    /// Nothing if it wrote more than it may.
    output: Option<Vec<u8>>,
    message: String,
}

/// Sees a child to its end, which comes at once when nobody wants the answer.
/// The permit is given back when the child is gone.
async fn attend(
    mut child: Child,
    wasm: Bytes,
    output_bytes_max: u64,
    mut answer: oneshot::Sender<Result<Ended, CompileError>>,
    _permit: FairPermit,
) {
    let conversation = converse(&mut child, wasm, output_bytes_max);
    let ended = tokio::select! {
        ended = tokio::time::timeout(WALL_TIME_MAX, conversation) => Some(ended),
        () = answer.closed() => None,
    };
    // Fails only if it has ended by itself.
    let _ = child.kill().await;
    if let Some(ended) = ended {
        let late = || CompileError::Limit(format!("more than {} s", WALL_TIME_MAX.as_secs()));
        // Nobody to tell is as good.
        let _ = answer.send(ended.unwrap_or_else(|_| Err(late())));
    }
}

async fn converse(
    child: &mut Child,
    wasm: Bytes,
    output_bytes_max: u64,
) -> Result<Ended, CompileError> {
    let (Some(mut stdin), Some(stdout), Some(stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(unavailable("the child has no pipes"));
    };
    // Held until the child has ended: to the child its end is the node's end.
    let send = async {
        // A child that dies early closes the pipe; its status says why.
        let _ = stdin.write_all(&(wasm.len() as u64).to_le_bytes()).await;
        let _ = stdin.write_all(&wasm).await;
    };
    // Dropped with what is too much unread, so that the child does not wait to write it.
    let take = async move {
        let mut output = Vec::new();
        stdout.take(output_bytes_max + 1).read_to_end(&mut output).await?;
        Ok::<_, io::Error>((output.len() as u64 <= output_bytes_max).then_some(output))
    };
    let mut message = Vec::new();
    let mut stderr = stderr.take(MESSAGE_BYTES_MAX);
    let ((), output, _) = tokio::join!(send, take, stderr.read_to_end(&mut message));
    let output = output.map_err(unavailable)?;
    let status = child.wait().await.map_err(unavailable)?;
    Ok(Ended { status, output, message: String::from_utf8_lossy(&message).into_owned() })
}

fn verdict(job: Job, ended: Ended, cpu_seconds: u64) -> Result<Vec<u8>, CompileError> {
    use std::os::unix::process::ExitStatusExt;
    const ABORT: i32 = 6;
    const KILL: i32 = 9;
    const SEGV: i32 = 11;
    const CPU_TIME: i32 = 24;
    const SYSTEM_CALL: i32 = 31;
    let Ended { status, output, message } = ended;
    let limit = |what: String| Err(CompileError::Limit(what));
    let Some(output) = output else { return limit("more room for its result than it may".into()) };
    if status.success() {
        return Ok(output);
    }
    match status.signal() {
        Some(CPU_TIME) => limit(format!("more than {cpu_seconds} s of CPU time")),
        // Not by its own limits, which send other signals first.
        Some(KILL) => {
            limit("more than the machine has to spare: something killed the compiler".into())
        }
        // An allocation that fails aborts the process.
        Some(ABORT) if message.contains("memory allocation") => {
            limit("more than 2 GiB of memory".into())
        }
        Some(SEGV | ABORT) => limit("more stack or memory than there is".into()),
        Some(SYSTEM_CALL) => {
            Err(unavailable("it made a system call that a compiler has no use for, and was killed"))
        }
        // Where cranelift asks first, it panics in place of aborting.
        _ if message.contains("out-of-memory error") => limit("more than 2 GiB of memory".into()),
        _ if message.is_empty() => Err(unavailable(status)),
        _ => Err(job.failed(message.trim().to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_component_cannot_buy_the_time_of_a_large_one() {
        let compiler = ChildCompiler::open(Path::new("/proc/self/exe"), 1, 300).unwrap();
        assert_eq!(compiler.cpu_seconds(60 << 10), 15);
        assert_eq!(compiler.cpu_seconds(18 << 20), 159);
        assert_eq!(compiler.cpu_seconds(250 << 20), 300);
        let strict = ChildCompiler::open(Path::new("/proc/self/exe"), 1, 3).unwrap();
        assert_eq!(strict.cpu_seconds(60 << 10), 3);
    }
}
