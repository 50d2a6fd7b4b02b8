//! The child's side of compiling.

use std::io::{Read, Write};
use std::process::ExitCode;
use std::sync::mpsc;

use lambent_engine::{CompileError, InProcess, Options};

use super::confine;
use super::job::Job;

/// The hidden command of the binary that runs [`compile_worker`].
pub const COMPILE_WORKER: &str = "compile-worker";

/// Reads a component from standard input, its length before it, and writes
/// machine code to standard output or why there is none to standard error; or, if it is
/// to `adapt`, reads a core module and writes a component.
///
/// Limits and confines itself first, to `cpu_seconds` among others, so that no
/// code that looks at the component runs without limits.
#[must_use]
pub fn compile_worker(cpu_seconds: u64, adapt: bool) -> ExitCode {
    match work(Job::of(adapt), cpu_seconds) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            // Nobody to tell if even this fails.
            let _ = write!(std::io::stderr(), "{message}");
            ExitCode::FAILURE
        }
    }
}

fn work(job: Job, cpu_seconds: u64) -> Result<(), String> {
    confine::limit(cpu_seconds)?;
    let (whole, taken_in) = mpsc::channel();
    let (started, is_started) = mpsc::channel();
    // Started before threads can no longer be, and idle until the component was read.
    std::thread::Builder::new()
        .spawn(move || {
            // Whoever waits for it is there.
            let _ = started.send(());
            if taken_in.recv().is_ok() {
                end_with_node();
            }
        })
        .map_err(|error| format!("could not watch the node: {error}"))?;
    // A thread that begins makes system calls that are not allowed any more then.
    is_started.recv().map_err(|error| format!("could not watch the node: {error}"))?;
    confine::confine()?;

    let wasm = read_wasm().map_err(|error| format!("could not read: {error}"))?;
    // Fails only if that thread is gone, and the process with it.
    let _ = whole.send(());
    let made = make(job, &wasm).map_err(|error| match error {
        CompileError::Failed(message) | CompileError::Unadaptable(message) => message,
        other => other.to_string(),
    })?;
    std::io::stdout().write_all(&made).map_err(|error| error.to_string())
}

fn make(job: Job, wasm: &[u8]) -> Result<Vec<u8>, CompileError> {
    match job {
        Job::Compile => {
            let options = Options { parallel_compilation: false, ..Options::default() };
            InProcess::new(options).compile_blocking(wasm)
        }
        Job::Adapt => {
            // Of a panic only that there was one is told, and not in these words.
            std::panic::set_hook(Box::new(|_| ()));
            InProcess::adapt_blocking(wasm)
        }
    }
}

fn read_wasm() -> std::io::Result<Vec<u8>> {
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
    // Not `abort`: its signal to this thread would be one of those that are not allowed.
    std::process::exit(1);
}
