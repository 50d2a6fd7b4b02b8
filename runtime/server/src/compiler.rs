//! Compiles in a child process, so that a component made to be expensive to
//! compile takes down the child and not the node.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{ExitCode, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use lambent_engine::{CompileError, Compiler, InProcess, Options};
use rustix::process::{Resource, Rlimit, nice, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// The hidden command of the binary that runs [`compile_worker`].
pub const COMPILE_WORKER: &str = "compile-worker";

/// Address space of one compilation: five times what an 18 MB Python component
/// takes.
const MEMORY_BYTES_MAX: u64 = 2 << 30;
/// Wall-clock time of one compilation: a busy machine may give the child,
/// which has the lowest priority, a fraction of a core.
const WALL_TIME_MAX: Duration = Duration::from_secs(300);
/// Machine code of one component: what fits in the address space, several times.
const ARTIFACT_BYTES_MAX: u64 = 1 << 30;
/// Text of an error that is passed on.
const MESSAGE_BYTES_MAX: u64 = 16 << 10;

/// Runs `lambent compile-worker` for each component.
pub(crate) struct ChildCompiler {
    program: PathBuf,
    slots: Arc<Semaphore>,
    cpu_seconds: u64,
}

impl ChildCompiler {
    /// A compiler that runs `program`, at most `slots` at a time, each for at
    /// most `cpu_seconds`.
    pub(crate) fn new(program: PathBuf, slots: usize, cpu_seconds: u64) -> Self {
        Self { program, slots: Arc::new(Semaphore::new(slots.max(1))), cpu_seconds }
    }

    fn spawn(&self) -> Result<Child, CompileError> {
        Command::new(&self.program)
            .args([COMPILE_WORKER, "--cpu-seconds"])
            .arg(self.cpu_seconds.to_string())
            // Nothing the node knows is the compiler's business.
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(unavailable)
    }
}

fn unavailable(error: impl std::fmt::Display) -> CompileError {
    CompileError::Unavailable(error.to_string())
}

#[async_trait]
impl Compiler for ChildCompiler {
    async fn compile(&self, wasm: Bytes) -> Result<Vec<u8>, CompileError> {
        let slot = self.slots.clone().acquire_owned().await.map_err(unavailable)?;
        let child = self.spawn()?;
        let (answer, answered) = oneshot::channel();
        // If nobody waits any more, the child still has to be waited for.
        tokio::spawn(attend(child, wasm, answer, slot));
        let result = answered.await.map_err(unavailable)?;
        let (status, code, message) = result?;
        verdict(status, code, &message, self.cpu_seconds)
    }
}

/// How a child ended, and what it wrote to standard output and error.
type Ended = Result<(ExitStatus, Vec<u8>, String), CompileError>;

/// Sees a child to its end, which comes at once when nobody wants the answer.
/// The slot is free when the child is gone.
async fn attend(
    mut child: Child,
    wasm: Bytes,
    mut answer: oneshot::Sender<Ended>,
    _slot: OwnedSemaphorePermit,
) {
    let ended = tokio::select! {
        ended = tokio::time::timeout(WALL_TIME_MAX, converse(&mut child, wasm)) => Some(ended),
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

async fn converse(child: &mut Child, wasm: Bytes) -> Ended {
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
    let (mut code, mut message) = (Vec::new(), Vec::new());
    let (mut stdout, mut stderr) =
        (stdout.take(ARTIFACT_BYTES_MAX), stderr.take(MESSAGE_BYTES_MAX));
    let ((), read, _) =
        tokio::join!(send, stdout.read_to_end(&mut code), stderr.read_to_end(&mut message),);
    read.map_err(unavailable)?;
    let status = child.wait().await.map_err(unavailable)?;
    Ok((status, code, String::from_utf8_lossy(&message).into_owned()))
}

fn verdict(
    status: ExitStatus,
    code: Vec<u8>,
    message: &str,
    cpu_seconds: u64,
) -> Result<Vec<u8>, CompileError> {
    use std::os::unix::process::ExitStatusExt;
    const ABORT: i32 = 6;
    const KILL: i32 = 9;
    const SEGV: i32 = 11;
    const CPU_TIME: i32 = 24;
    if status.success() {
        return Ok(code);
    }
    match status.signal() {
        Some(CPU_TIME) => {
            Err(CompileError::Limit(format!("more than {cpu_seconds} s of CPU time")))
        }
        // Not by its own limits, which send other signals first.
        Some(KILL) => {
            let what = "more than the machine has to spare: something killed the compiler";
            Err(CompileError::Limit(what.into()))
        }
        // An allocation that fails aborts the process.
        Some(ABORT) if message.contains("memory allocation") => {
            Err(CompileError::Limit("more than 2 GiB of memory".into()))
        }
        Some(SEGV | ABORT) => Err(CompileError::Limit("more stack or memory than there is".into())),
        _ if message.is_empty() => Err(unavailable(status)),
        _ => Err(CompileError::Failed(message.trim().to_owned())),
    }
}

/// The child's side: reads a component from standard input, its length before
/// it, and writes machine code to standard output or why there is none to
/// standard error.
///
/// Limits itself first, to `cpu_seconds` among others, so that no code that
/// looks at the component runs without limits.
#[must_use]
pub fn compile_worker(cpu_seconds: u64) -> ExitCode {
    match compile_stdin(cpu_seconds) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            // Nobody to tell if even this fails.
            let _ = write!(std::io::stderr(), "{message}");
            ExitCode::FAILURE
        }
    }
}

fn compile_stdin(cpu_seconds: u64) -> Result<(), String> {
    let limit = |resource, soft, hard| {
        setrlimit(resource, Rlimit { current: Some(soft), maximum: Some(hard) })
            .map_err(|error| format!("could not limit the compiler: {error}"))
    };
    limit(Resource::Core, 0, 0)?;
    // At the soft limit comes the signal that tells it from other ends.
    limit(Resource::Cpu, cpu_seconds, cpu_seconds.saturating_add(5))?;
    limit(Resource::As, MEMORY_BYTES_MAX, MEMORY_BYTES_MAX)?;
    // Already at the lowest priority is as good.
    let _ = nice(19);

    let wasm = read_component().map_err(|error| format!("could not read: {error}"))?;
    std::thread::Builder::new()
        .spawn(end_with_node)
        .map_err(|error| format!("could not watch the node: {error}"))?;
    let options = Options { parallel_compilation: false, ..Options::default() };
    let code = InProcess::new(options).compile_blocking(&wasm).map_err(|error| match error {
        CompileError::Failed(message) => message,
        other => other.to_string(),
    })?;
    std::io::stdout().write_all(&code).map_err(|error| error.to_string())
}

fn read_component() -> std::io::Result<Vec<u8>> {
    let mut stdin = std::io::stdin().lock();
    let mut length = [0; 8];
    stdin.read_exact(&mut length)?;
    let mut wasm = Vec::new();
    stdin.take(u64::from_le_bytes(length)).read_to_end(&mut wasm)?;
    Ok(wasm)
}

/// A node that dies kills nobody, so its compilers have to notice: then
/// standard input ends.
fn end_with_node() {
    let _ = std::io::stdin().read(&mut [0]);
    std::process::abort();
}
