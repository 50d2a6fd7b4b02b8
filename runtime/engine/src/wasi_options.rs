//! What a host gives one guest of its machine.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use lambent_types::LogStream;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use wasmtime_wasi::cli::{StdinStream, StdoutStream};
use wasmtime_wasi::clocks::{HostMonotonicClock, HostWallClock};
use wasmtime_wasi::p2::pipe::MemoryInputPipe;
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

use crate::log::Log;

/// What an instance is given of the machine, through WASI: by default an empty standard input, an
/// output that is logged, real clocks and real randomness, and no directory. It counts when an
/// instance is made: with a [`Plugin`](crate::Plugin), for all calls to it.
///
/// A guest that is given a directory reaches the host's own files below it, through
/// `wasi:filesystem` as wasmtime serves it, which bounds neither the bytes that a guest writes
/// nor their number. It is for hosts that trust their plugins with a directory; functions of
/// Lambent, the server, have files of another kind and never this.
#[derive(Default)]
pub struct WasiOptions {
    builder: WasiCtxBuilder,
    has_args: bool,
    has_stdout: bool,
    has_stderr: bool,
}

impl WasiOptions {
    /// Nothing but what every guest has.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One more argument; the first is the name of the program.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<str>) -> Self {
        self.builder.arg(arg);
        self.has_args = true;
        self
    }

    /// A directory of the host, which the guest sees at `guest` and can read.
    ///
    /// # Errors
    /// There is no such directory, or it cannot be opened.
    pub fn read_only_dir(
        self,
        host: impl AsRef<Path>,
        guest: impl AsRef<str>,
    ) -> std::io::Result<Self> {
        self.dir(host.as_ref(), guest.as_ref(), FsPerms::ReadOnly)
    }

    /// A directory of the host, which the guest sees at `guest` and can change.
    ///
    /// # Errors
    /// There is no such directory, or it cannot be opened.
    pub fn writable_dir(
        self,
        host: impl AsRef<Path>,
        guest: impl AsRef<str>,
    ) -> std::io::Result<Self> {
        self.dir(host.as_ref(), guest.as_ref(), FsPerms::ReadWrite)
    }

    fn dir(mut self, host: &Path, guest: &str, perms: FsPerms) -> std::io::Result<Self> {
        let opened = self.builder.preopened_dir(host, guest, perms);
        opened.map_err(|error| match error.downcast::<std::io::Error>() {
            Ok(error) => error,
            Err(error) => std::io::Error::other(format!("{error:#}")),
        })?;
        Ok(self)
    }

    /// What it reads from its standard input.
    #[must_use]
    pub fn stdin_bytes(self, bytes: impl Into<Bytes>) -> Self {
        self.stdin(MemoryInputPipe::new(bytes))
    }

    /// Where it reads its standard input from.
    #[must_use]
    pub fn stdin(mut self, stream: impl StdinStream + 'static) -> Self {
        self.builder.stdin(stream);
        self
    }

    /// Where its standard output goes in place of the log. A stream of the host's own is not
    /// bounded by [`Limits::log_bytes`](lambent_types::Limits).
    #[must_use]
    pub fn stdout(mut self, stream: impl StdoutStream + 'static) -> Self {
        self.builder.stdout(stream);
        self.has_stdout = true;
        self
    }

    /// Where its standard error goes in place of the log.
    #[must_use]
    pub fn stderr(mut self, stream: impl StdoutStream + 'static) -> Self {
        self.builder.stderr(stream);
        self.has_stderr = true;
        self
    }

    /// Has all of `wasi:random` give what follows from `seed`, the same with each run of the same
    /// version of this crate: for tests, and for nothing that is to be secret.
    #[must_use]
    pub fn random_seed(mut self, seed: u64) -> Self {
        self.builder.secure_random(StdRng::seed_from_u64(seed));
        self.builder.insecure_random(StdRng::seed_from_u64(!seed));
        self.builder.insecure_random_seed(u128::from(seed));
        self
    }

    /// Has all clocks show what `clock` does.
    #[must_use]
    pub fn clock(mut self, clock: &ManualClock) -> Self {
        self.builder.wall_clock(clock.clone()).monotonic_clock(clock.clone());
        self
    }

    /// A builder of the context in which what was not given is as every guest has it.
    pub(crate) fn into_builder(mut self, name: &str, logs: &Log) -> WasiCtxBuilder {
        if !self.has_args {
            self.builder.arg(name);
        }
        if !self.has_stdout {
            self.builder.stdout(logs.stream(LogStream::Stdout));
        }
        if !self.has_stderr {
            self.builder.stderr(logs.stream(LogStream::Stderr));
        }
        self.builder
    }
}

/// A clock that goes as the host says, for guests whose runs are to be the same each time: wall
/// time and monotonic time alike. Clones show the same time.
///
/// Time passes when the host [advances](Self::advance) it, and, if it [ticks](Self::ticking),
/// with each reading. A guest that sleeps does so in real time, which the clock does not follow:
/// one that sleeps until the clock shows a time needs a clock that ticks.
#[derive(Debug, Clone)]
pub struct ManualClock {
    /// Nanoseconds since the beginning.
    passed: Arc<AtomicU64>,
    began: Duration,
    tick: u64,
}

impl ManualClock {
    /// A clock that stands at this time.
    #[must_use]
    pub fn new(time: SystemTime) -> Self {
        let began = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { passed: Arc::default(), began, tick: 0 }
    }

    /// A clock that goes forward by `tick` with each reading.
    #[must_use]
    pub fn ticking(mut self, tick: Duration) -> Self {
        self.tick = nanoseconds(tick);
        self
    }

    /// Has `time` pass.
    pub fn advance(&self, time: Duration) {
        self.passed.fetch_add(nanoseconds(time), Relaxed);
    }

    fn read(&self) -> u64 {
        self.passed.fetch_add(self.tick, Relaxed)
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl HostMonotonicClock for ManualClock {
    fn resolution(&self) -> u64 {
        self.tick.max(1)
    }

    fn now(&self) -> u64 {
        self.read()
    }
}

impl HostWallClock for ManualClock {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(self.tick.max(1))
    }

    fn now(&self) -> Duration {
        self.began + Duration::from_nanos(self.read())
    }
}
