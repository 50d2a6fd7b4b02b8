//! What an instance does once before anything is asked of it: Lambda's INIT.

use std::time::{Duration, Instant};

use lambent_types::{Failure, Retry};
use tokio::time::error::Elapsed;
use wasmtime::component::Instance;
use wasmtime::{Store, Trap};

use crate::bindings::function::lambent::function::types;
use crate::bindings::initialized;
use crate::store_data::Host;

/// How long it may take, beside the time of the invocation that it is done for; Lambda's.
pub(crate) const INITIALIZATION_TIME_MAX: Duration = Duration::from_secs(10);

/// Initializes an instance within `limit`. The time of the invocation begins when that is done.
///
/// # Errors
/// The guest was ended, or said why it failed, or took too long: then what it is to have failed
/// with is in the store.
pub(crate) async fn initialize<T: Send + 'static>(
    store: &mut Store<Host<T>>,
    instance: Instance,
    indices: &initialized::InitializedIndices,
    limit: Duration,
) -> wasmtime::Result<()> {
    let until = Instant::now() + limit;
    store.data_mut().expires = until;
    let exports = indices.load(&mut *store, &instance)?;
    let called = exports.lambent_runtime_initialization().call_init(&mut *store);
    let ended = tokio::time::timeout_at(until.into(), called).await;
    settle(store, ended, || took_too_long(limit))
}

/// Begins the time of the invocation if what came before it has ended well.
///
/// # Errors
/// It has not; what it is to have failed with is in the store, `late` if it took too long.
pub(crate) fn settle<T>(
    store: &mut Store<Host<T>>,
    ended: Result<wasmtime::Result<Result<(), types::Failure>>, Elapsed>,
    late: impl FnOnce() -> Failure,
) -> wasmtime::Result<()> {
    let failure = match ended {
        Ok(Ok(Ok(()))) => {
            store.data_mut().begin();
            return Ok(());
        }
        Ok(Ok(Err(failure))) => Failure::from(failure),
        Ok(Err(error)) if error.downcast_ref() != Some(&Trap::Interrupt) => return Err(error),
        Ok(Err(_)) | Err(_) => late(),
    };
    Err(failed(store, failure))
}

/// The error of what failed before the invocation began; it is to have failed with `failure`.
pub(crate) fn failed<T>(store: &mut Store<Host<T>>, failure: Failure) -> wasmtime::Error {
    store.data_mut().abandoned = Some(failure);
    wasmtime::Error::msg("the instance could not be initialized")
}

fn took_too_long(limit: Duration) -> Failure {
    let limit = limit.as_secs();
    Failure {
        kind: "Runtime.InitTimeout".into(),
        message: format!("the module was not loaded within {limit} s"),
        trace: Vec::new(),
        retry: Retry::Policy,
    }
}
