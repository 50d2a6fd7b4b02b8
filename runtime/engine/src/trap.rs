//! From wasmtime's errors to outcomes.

use lambent_types::{Limits, Outcome};
use wasmtime::component::ResourceTableError;
use wasmtime::{PoolConcurrencyLimitError, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::budget::Exhausted;
use crate::invocation::Refused;
use crate::limiter::Denied;
use crate::store_data::Host;

/// Whether the instance never came to be because what it needs is used up.
pub(crate) fn refusal(error: &wasmtime::Error) -> Option<Refused> {
    if let Some(exhausted) = error.downcast_ref::<Exhausted>() {
        return Some(Refused::MemoryExhausted(*exhausted));
    }
    error.is::<PoolConcurrencyLimitError>().then_some(Refused::PoolExhausted)
}

/// Whether the error is neither of the guest's making nor a limit's, but what an import or the
/// host's own part of the call returned.
pub(crate) fn is_of_host(error: &wasmtime::Error, outcome: &Outcome) -> bool {
    let trapped = matches!(outcome, Outcome::Trapped { .. });
    trapped && !error.is::<Trap>() && !error.is::<ResourceTableError>()
}

/// What the error that ended a guest means.
pub(crate) fn outcome<T>(error: &wasmtime::Error, host: &mut Host<T>, limits: &Limits) -> Outcome {
    if let Some(I32Exit(code)) = error.downcast_ref() {
        return if *code == 0 { Outcome::Ok } else { Outcome::Exited { code: *code } };
    }
    let backtrace = backtrace(error);
    let trap = error.downcast_ref::<Trap>();
    if trap == Some(&Trap::OutOfFuel) {
        return Outcome::OutOfFuel { limit: limits.fuel, backtrace };
    }
    if trap == Some(&Trap::Interrupt) {
        return timed_out(limits);
    }
    if let Some(mut failure) = host.abandoned.take() {
        if failure.trace.is_empty() {
            failure.trace = backtrace;
        }
        return Outcome::FunctionError(failure);
    }
    if let Some(denied) = host.limiter.denied() {
        let node = denied == Denied::Node;
        return Outcome::OutOfMemory { limit: limits.memory_bytes, node, backtrace };
    }
    match trap {
        Some(trap) => Outcome::Trapped { message: trap.to_string(), backtrace },
        // Anything else is the host refusing what the guest did: too many
        // handles, a malformed value, a resource used after it was dropped.
        None => Outcome::Trapped { message: error.root_cause().to_string(), backtrace },
    }
}

/// The outcome of a guest whose time is over.
pub(crate) fn timed_out(limits: &Limits) -> Outcome {
    let limit_ms = u64::try_from(limits.timeout.as_millis()).unwrap_or(u64::MAX);
    Outcome::TimedOut { limit_ms }
}

fn backtrace(error: &wasmtime::Error) -> Vec<String> {
    let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() else { return Vec::new() };
    let frames = backtrace.frames().iter();
    frames
        .map(|frame| match (frame.func_name(), frame.module().name()) {
            (Some(name), _) => demangle(name),
            (None, Some(module)) => format!("{module}!<function {}>", frame.func_index()),
            (None, None) => format!("<function {}>", frame.func_index()),
        })
        .collect()
}

/// Rust's mangled names as people write them; others unchanged.
fn demangle(name: &str) -> String {
    let demangled = format!("{:#}", rustc_demangle::demangle(name));
    demangled.chars().take(FRAME_CHARS_MAX).collect()
}

/// The longest name of a frame that is kept: generic Rust names can be huge.
const FRAME_CHARS_MAX: usize = 256;
