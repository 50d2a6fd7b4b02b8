use std::sync::Arc;

use lambent_types::Handler;
use tokio::runtime::Handle;
use wasmtime::component::InstancePre;
use wasmtime_wasi::{p2, p3};
use wasmtime_wasi_http::{p2 as http_p2, p3 as http_p3};

use crate::bindings::{batch_function, function, function_async};
use crate::engine::LoadError;
use crate::host::Host;
use crate::instances::Slots;
use crate::limiter::TABLE_ELEMENT_BYTES;
use crate::reclaim::Memory;
use crate::turns::{Pace, Turns};

/// Compiled code in memory, linked and ready to be instantiated. Cheap to clone.
pub struct Component<T: 'static>(pub(crate) Arc<Linked<T>>);

impl<T: 'static> Clone for Component<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// A component with what it exports, looked up once.
pub(crate) struct Linked<T: 'static> {
    pub(crate) engine: wasmtime::Engine,
    pub(crate) turns: Arc<Turns>,
    pub(crate) slots: Arc<Slots>,
    pub(crate) memory: Arc<Memory>,
    /// What its guests use of the CPU of late.
    pub(crate) pace: Arc<Pace>,
    /// Where long guests go; without, they stay where they were called.
    pub(crate) executor: Option<Handle>,
    pub(crate) pre: InstancePre<Host<T>>,
    pub(crate) event: Option<function::FunctionIndices>,
    pub(crate) batch: Option<batch_function::BatchFunctionIndices>,
    pub(crate) event_async: Option<function_async::FunctionIndices>,
    pub(crate) http_02: Option<http_p2::bindings::ProxyIndices>,
    pub(crate) http_03: Option<http_p3::bindings::ServiceIndices>,
    pub(crate) run_02: Option<p2::bindings::CommandIndices>,
    pub(crate) run_03: Option<p3::bindings::CommandIndices>,
    /// Those that capabilities call.
    others: Vec<Handler>,
}

impl<T: Send + 'static> Component<T> {
    pub(crate) fn new(
        engine: wasmtime::Engine,
        turns: Arc<Turns>,
        slots: Arc<Slots>,
        memory: Arc<Memory>,
        executor: Option<Handle>,
        pre: InstancePre<Host<T>>,
        others: Vec<Handler>,
    ) -> Result<Self, LoadError> {
        // Where the heap's first contents come from, now rather than in the
        // first invocation.
        pre.component()
            .initialize_copy_on_write_image()
            .map_err(|error| LoadError::Artifact(format!("{error:#}")))?;
        Ok(Self(Arc::new(Linked {
            event: function::FunctionIndices::new(&pre).ok(),
            batch: batch_function::BatchFunctionIndices::new(&pre).ok(),
            event_async: function_async::FunctionIndices::new(&pre).ok(),
            http_02: http_p2::bindings::ProxyIndices::new(&pre).ok(),
            http_03: http_p3::bindings::ServiceIndices::new(&pre).ok(),
            run_02: p2::bindings::CommandIndices::new(&pre).ok(),
            run_03: p3::bindings::CommandIndices::new(&pre).ok(),
            others,
            engine,
            turns,
            slots,
            memory,
            pace: Arc::default(),
            executor,
            pre,
        })))
    }

    /// How it can be called, in order of preference; the exports' types have
    /// been checked, not only their names.
    #[must_use]
    pub fn handlers(&self) -> Vec<Handler> {
        let has = |handler: &Handler| match handler {
            Handler::Event => self.0.event.is_some(),
            Handler::EventAsync => self.0.event_async.is_some(),
            Handler::Http03 => self.0.http_03.is_some(),
            Handler::Http02 => self.0.http_02.is_some(),
            Handler::Batch => self.0.batch.is_some(),
            Handler::Messaging | Handler::Watcher | Handler::Watcher2 => {
                self.0.others.contains(handler)
            }
            Handler::Run03 => self.0.run_03.is_some(),
            Handler::Run02 => self.0.run_02.is_some(),
        };
        Handler::ALL.into_iter().filter(has).collect()
    }

    /// Bytes of memory and tables an instance takes at the least before it has
    /// run at all; `None` where that cannot be known without instantiating it.
    #[must_use]
    pub fn memory_bytes_min(&self) -> Option<u64> {
        let required = self.0.pre.component().resources_required()?;
        // Only the largest is told, in pages; the others may be smaller.
        let memory = required.max_initial_memory_size.unwrap_or(0).saturating_mul(PAGE_BYTES);
        let table =
            required.max_initial_table_size.unwrap_or(0).saturating_mul(TABLE_ELEMENT_BYTES);
        Some(memory.saturating_add(table))
    }
}

/// Bytes of a WebAssembly page.
const PAGE_BYTES: u64 = 64 << 10;
