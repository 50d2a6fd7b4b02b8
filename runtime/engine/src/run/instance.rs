use std::panic::AssertUnwindSafe;
use std::time::Instant;

use futures::FutureExt;
use futures::future::BoxFuture;
use lambent_types::{Limits, LogStream, Logs, Meter, Outcome, Start};
use wasmtime::Store;
use wasmtime_wasi::cli::{StdinStream, StdoutStream};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder};

use crate::host::Host;
use crate::invocation::{Invocation, Refused};
use crate::log::Log;
use crate::options::{FUEL_YIELD_INTERVAL, HOSTCALL_BYTES_MAX, RANDOM_BYTES_MAX, RESOURCES_MAX};
use crate::trap;

/// One store with all its limits set: what a single invocation runs in.
///
/// Used once and dropped: whatever happened in it, nothing of it is seen again.
pub(crate) struct Instance<T: 'static> {
    store: Store<Host<T>>,
    limits: Limits,
    start: Start,
    began: Instant,
}

/// Where a command's standard input comes from and its output goes; other
/// guests have an empty input, and their output is logged.
pub(crate) struct Stdio {
    pub(crate) stdin: Box<dyn StdinStream + Sync>,
    pub(crate) stdout: Box<dyn StdoutStream + Sync>,
}

impl<T: Send + 'static> Instance<T> {
    pub(crate) fn new(
        engine: &wasmtime::Engine,
        invocation: Invocation<T>,
        stdio: Option<Stdio>,
    ) -> Self {
        let Invocation { limits, state, environment, outgoing, context, start, began } = invocation;
        let logs = Log::new(limits.log_bytes);
        let mut wasi = WasiCtx::builder();
        for (key, value) in &*environment.0 {
            wasi.env(key, value);
        }
        wire(&mut wasi, &logs, stdio);
        let deadline = began + limits.timeout;
        let host = Host::new(state, wasi.build(), outgoing, logs, context, limits, deadline);
        let mut store = Store::new(engine, host);
        store.limiter(|host| &mut host.limiter);
        store.set_hostcall_fuel(HOSTCALL_BYTES_MAX);
        store.set_max_component_handles(RESOURCES_MAX);
        if let Some(table) = store.concurrent_resource_table() {
            table.set_max_capacity(RESOURCES_MAX);
        }
        Self { store, limits, start, began }
    }

    /// Runs `guest` until it ends or reaches a limit.
    pub(crate) async fn run<R>(
        &mut self,
        guest: impl for<'a> FnOnce(&'a mut Store<Host<T>>) -> BoxFuture<'a, wasmtime::Result<R>>,
    ) -> Result<(Outcome, Option<R>), Refused> {
        let fuel = self
            .store
            .set_fuel(self.limits.fuel)
            .and_then(|()| self.store.fuel_async_yield_interval(Some(FUEL_YIELD_INTERVAL)));
        if let Err(error) = fuel {
            tracing::error!(%error, "could not set the fuel of a store");
            return Ok((Outcome::Internal, None));
        }
        let deadline = self.store.data().deadline;
        let guarded = AssertUnwindSafe(guest(&mut self.store)).catch_unwind();
        match tokio::time::timeout_at(deadline.into(), guarded).await {
            Ok(Ok(Ok(value))) => Ok((Outcome::Ok, Some(value))),
            Ok(Ok(Err(error))) => match trap::refusal(&error) {
                Some(refused) => Err(refused),
                None => Ok((trap::outcome(&error, self.store.data_mut(), &self.limits), None)),
            },
            Ok(Err(panic)) => {
                let message = panic_message(&*panic);
                tracing::error!(message, "the host panicked while it ran a guest");
                Ok((Outcome::Internal, None))
            }
            Err(_elapsed) => {
                let limit_ms = u64::try_from(self.limits.timeout.as_millis()).unwrap_or(u64::MAX);
                Ok((Outcome::TimedOut { limit_ms }, None))
            }
        }
    }

    /// Reads the meter and takes the logs; the instance is not run again.
    pub(crate) fn read(&mut self) -> (Meter, Logs) {
        let left = self.store.get_fuel().unwrap_or(0);
        let host = self.store.data_mut();
        let meter = Meter {
            fuel: self.limits.fuel.saturating_sub(left),
            duration: self.began.elapsed(),
            memory_bytes: host.limiter.peak(),
            bytes_in: 0,
            bytes_out: 0,
            start: self.start,
        };
        (meter, host.logs.take())
    }
}

fn wire(wasi: &mut WasiCtxBuilder, logs: &Log, stdio: Option<Stdio>) {
    wasi.stderr(logs.stream(LogStream::Stderr));
    wasi.max_random_size(RANDOM_BYTES_MAX);
    wasi.allow_tcp(false).allow_udp(false);
    match stdio {
        Some(stdio) => wasi.stdin(stdio.stdin).stdout(stdio.stdout),
        None => wasi.stdout(logs.stream(LogStream::Stdout)),
    };
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
