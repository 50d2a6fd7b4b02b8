use std::sync::Arc;
use std::time::Instant;

use lambent_types::{Environment, Limits, Logs, Meter, Outcome, Start};

use crate::budget::Exhausted;
use crate::context::Context;
use crate::egress::Egress;
use crate::response_stream::BeginStream;
use crate::snapshot::Snapshot;
use crate::wasi_options::WasiOptions;

/// An invocation that is to begin: what it may use, and what the host knows about it.
pub struct Invocation<T> {
    /// What it may use.
    pub limits: Limits,
    /// The host's own state, for the capabilities.
    pub state: T,
    /// Environment variables.
    pub environment: Environment,
    /// What it is given of the machine besides, if it has a fresh instance; nothing if this is
    /// `None`.
    pub wasi: Option<Box<WasiOptions>>,
    /// What sends the HTTP requests it makes; without it they are refused.
    pub outgoing: Option<Arc<dyn Egress>>,
    /// What the guest may know about this invocation.
    pub context: Context,
    /// How the code came to be in memory; only reported.
    pub start: Start,
    /// When the clock of [`Limits::timeout`] and of the meter started.
    pub began: Instant,
    /// Whether the instance is taken as it is instantiated, without what it does once before
    /// anything is asked of it.
    pub uninitialized: bool,
    /// What a fresh instance starts from in place of what it does once, if that can be.
    pub snapshot: Option<Arc<Snapshot>>,
    /// Whether the component, unless it exports a handler of events, is a program that takes them
    /// by Lambda's Runtime API, which it finds at [`RUNTIME_API`](crate::RUNTIME_API): its
    /// `wasi:cli/run` is called once in an instance.
    pub program: bool,
    /// What takes the response of a program as it comes, if it streams that; otherwise it is
    /// returned as a whole.
    pub stream: Option<BeginStream>,
}

impl<T> Invocation<T> {
    /// An invocation under the default limits that begins now.
    #[must_use]
    pub fn new(state: T) -> Self {
        Self {
            limits: Limits::default(),
            state,
            environment: Environment::default(),
            wasi: None,
            outgoing: None,
            context: Context::default(),
            start: Start::Loaded,
            began: Instant::now(),
            uninitialized: false,
            snapshot: None,
            program: false,
            stream: None,
        }
    }

    /// When it is ended if it has not ended by itself.
    pub(crate) fn deadline(&self) -> Instant {
        self.began + self.limits.timeout
    }

    /// Gives its instance something of the machine.
    #[must_use]
    pub fn wasi(mut self, options: WasiOptions) -> Self {
        self.wasi = Some(Box::new(options));
        self
    }

    /// Changes its limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

/// An invocation that has ended.
#[derive(Debug)]
pub struct Finished<R> {
    /// How it ended.
    pub outcome: Outcome,
    /// What it returned, if it did.
    pub value: Option<R>,
    /// What it used.
    pub meter: Meter,
    /// What it wrote.
    pub logs: Logs,
    /// What an import, or the host's own part of a call, returned as an error, if that ended it:
    /// the value itself, to be [downcast](wasmtime::Error::downcast_ref). The client of a server is
    /// told [`Outcome::Trapped`] for it; [`into_result`](Self::into_result) tells them apart.
    pub host_error: Option<wasmtime::Error>,
}

impl<R> Finished<R> {
    /// What was returned, or who failed: the host or the guest.
    ///
    /// # Errors
    /// See [`Failed`].
    pub fn into_result(self) -> Result<R, Failed> {
        match (self.value, self.host_error) {
            (Some(value), _) if self.outcome.is_ok() => Ok(value),
            (_, Some(error)) => Err(Failed::Host(error)),
            _ => Err(Failed::Guest(self.outcome)),
        }
    }
}

/// Why an invocation returned nothing.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The host did: an import or the host's own part of the call returned this error, or
    /// wasmtime refused what was passed, such as a handle of another instance.
    #[error("the host failed: {0}")]
    Host(wasmtime::Error),
    /// The guest did: it trapped, reached a limit, reported a failure or called `exit`, which
    /// with code 0 is [`Outcome::Ok`] without a value.
    #[error("the guest did not return: {}", .0.message())]
    Guest(Outcome),
}

/// Why an invocation did not start. Nothing of the guest ran.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Every slot of the pool is taken.
    #[error("every instance slot is taken")]
    PoolExhausted,
    /// The memory of the node is used up.
    #[error(transparent)]
    MemoryExhausted(#[from] Exhausted),
    /// The component has no export of the kind asked for.
    #[error("the component does not export {0}")]
    NoSuchExport(lambent_types::Handler),
}
