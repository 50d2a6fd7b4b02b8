//! An executor for hosts that have none.
//!
//! Timeouts, clocks and files of guests need one of tokio's. A host that calls from another
//! executor, or from a plain thread, need not know: the engine lends it its own.

use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};

use tokio::runtime::{Builder, Handle, Runtime};

/// The engine's own executor, which is started when it is needed for the first time and ended
/// with the engine and its components.
#[derive(Default)]
pub(crate) struct OwnRuntime(OnceLock<Result<Runtime, String>>);

impl OwnRuntime {
    /// The executor; or why there is none.
    pub(crate) fn handle(&self) -> Result<&Handle, &str> {
        let started = self.0.get_or_init(|| {
            let mut builder = Builder::new_multi_thread();
            // It keeps time and moves bytes; guests run on the threads that call them.
            builder.worker_threads(1).thread_name("lambent").enable_all();
            builder.build().map_err(|error| error.to_string())
        });
        started.as_ref().map(Runtime::handle).map_err(String::as_str)
    }

    /// Runs `future` in the executor of whoever polls it, or, if that is none of tokio's, with
    /// this one at its disposal.
    pub(crate) fn enter<F: Future>(&self, future: F) -> Entered<F> {
        let handle = match Handle::try_current() {
            Ok(_) => None,
            Err(_) => self.handle().ok().cloned(),
        };
        Entered { future, handle }
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(Ok(runtime)) = self.0.take() {
            // The last to let go of it may be a thread that must not wait.
            runtime.shutdown_background();
        }
    }
}

pin_project_lite::pin_project! {
    /// A future that finds an executor wherever it is polled.
    pub(crate) struct Entered<F> {
        #[pin]
        future: F,
        handle: Option<Handle>,
    }
}

impl<F: Future> Future for Entered<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = this.handle.as_ref().map(Handle::enter);
        this.future.poll(cx)
    }
}
