//! For hosts without an executor: every call of the engine from a plain thread.
//!
//! [`Engine::block_on`] waits for any future of this crate;
//! the methods ending in `_blocking` are short for the most common ones. They may be called from
//! as many threads as there are; guests run on the threads that call. What the engine needs an
//! executor for, such as the clocks of guests, is done by one of its own with a single thread,
//! which is started at the first such call and ends with the engine and its components.
//!
//! The `async` methods need no executor of tokio's either: polled by another, they use the
//! engine's own. Only what goes on after it has returned, which is
//! [`Component::http`](crate::Component::http) and pools, is to be called in an executor of
//! tokio's, or by [`Engine::block_on`].

use std::convert::Infallible;

use bytes::Bytes;
use futures::future::BoxFuture;
use tokio::runtime::Handle;
use wasmtime::Store;
use wasmtime::component::Instance as Guest;

use crate::component::Component;
use crate::engine::Engine;
use crate::error::ComponentError;
use crate::invocation::{Finished, Invocation, Refused};
use crate::own_runtime::OwnRuntime;
use crate::plugin::{CallError, Completed, Plugin};
use crate::store_data::Host;

/// Why a call that blocks was not made, or its own error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlockingError<E> {
    /// The thread belongs to an executor, whose other tasks would wait too.
    #[error(
        "a call that blocks was made in an executor of tokio's; await the async method instead, or \
         call from a thread of `std::thread::spawn`"
    )]
    InsideRuntime,
    /// The system gives the engine no thread for its own executor.
    #[error("the engine's executor could not be started: {0}")]
    NoRuntime(String),
    /// The call was made, and failed.
    #[error(transparent)]
    Failed(#[from] E),
}

impl<T: Send + 'static> Engine<T> {
    /// Waits for a future, such as those that the methods of this crate return, on this thread.
    ///
    /// # Errors
    /// The thread belongs to an executor of tokio's, or the engine's own cannot be started.
    pub fn block_on<F: Future>(&self, future: F) -> Result<F::Output, BlockingError<Infallible>> {
        block_on(self.own_runtime(), async { Ok(future.await) })
    }

    /// Does what [`Engine::component`] does, and waits.
    ///
    /// # Errors
    /// See [`BlockingError`] and [`ComponentError`].
    pub fn component_blocking(
        &self,
        wasm: impl Into<Bytes>,
    ) -> Result<Component<T>, BlockingError<ComponentError>> {
        block_on(self.own_runtime(), self.component(wasm.into()))
    }
}

impl<T: Send + 'static> Component<T> {
    /// Does what [`Component::call`] does, and waits.
    ///
    /// # Errors
    /// See [`BlockingError`] and [`Refused`].
    pub fn call_blocking<R: Send>(
        &self,
        invocation: Invocation<T>,
        guest: impl for<'a> FnOnce(&'a mut Store<Host<T>>, Guest) -> BoxFuture<'a, wasmtime::Result<R>>,
    ) -> Result<Finished<R>, BlockingError<Refused>> {
        block_on(&self.linked.runtime.own, self.call(invocation, guest))
    }
}

impl<T: Send + 'static> Plugin<T> {
    /// Does what [`Plugin::call`] does, and waits: for its turn, and for the call.
    ///
    /// # Errors
    /// See [`BlockingError`] and [`CallError`].
    pub fn call_blocking<R: Send>(
        &self,
        guest: impl for<'a> FnOnce(&'a mut Store<Host<T>>, Guest) -> BoxFuture<'a, wasmtime::Result<R>>,
    ) -> Result<Completed<R>, BlockingError<CallError>> {
        block_on(&self.own_runtime(), self.call(guest))
    }

    /// Does what [`Plugin::restart`] does, and waits.
    ///
    /// # Errors
    /// See [`BlockingError`] and [`CallError`].
    pub fn restart_blocking(&self) -> Result<(), BlockingError<CallError>> {
        block_on(&self.own_runtime(), self.restart())
    }
}

fn block_on<V, E>(
    own: &OwnRuntime,
    future: impl Future<Output = Result<V, E>>,
) -> Result<V, BlockingError<E>> {
    if Handle::try_current().is_ok() {
        return Err(BlockingError::InsideRuntime);
    }
    let handle = own.handle().map_err(|error| BlockingError::NoRuntime(error.to_owned()))?;
    handle.block_on(future).map_err(BlockingError::Failed)
}
