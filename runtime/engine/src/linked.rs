use std::sync::Arc;

use lambent_types::Handler;
use wasmtime::component::InstancePre;
use wasmtime_wasi::{p2, p3};
use wasmtime_wasi_http::{p2 as http_p2, p3 as http_p3};

use crate::bindings::{batch_function, function, function_async, initialized};
use crate::error::LoadError;
use crate::freezing::Freezing;
use crate::runtime::Runtime;
use crate::scheduler::MeanCpuTime;
use crate::store_data::Host;

/// A component that was loaded and linked, with the indices of what it exports, which
/// are looked up once.
pub(crate) struct Linked<T: 'static> {
    pub(crate) engine: wasmtime::Engine,
    pub(crate) runtime: Runtime,
    /// What its guests use of the CPU.
    pub(crate) cpu_time: Arc<MeanCpuTime>,
    pub(crate) pre: InstancePre<Host<T>>,
    /// What is done once for an instance, if the component wants that.
    pub(crate) initialization: Option<initialized::InitializedIndices>,
    /// Whether it may send HTTP requests.
    pub(crate) sends_http: bool,
    /// By which snapshots are taken and restored, if it can be frozen.
    pub(crate) freezing: Option<Freezing>,
    pub(crate) event: Option<function::FunctionIndices>,
    pub(crate) batch: Option<batch_function::BatchFunctionIndices>,
    pub(crate) event_async: Option<function_async::FunctionIndices>,
    pub(crate) http_02: Option<http_p2::bindings::ProxyIndices>,
    pub(crate) http_03: Option<http_p3::bindings::ServiceIndices>,
    pub(crate) run_02: Option<p2::bindings::CommandIndices>,
    pub(crate) run_03: Option<p3::bindings::CommandIndices>,
    /// The handlers that capabilities call.
    others: Vec<Handler>,
}

/// The interfaces by which a component sends HTTP requests, without their versions.
const HTTP_CLIENTS: [&str; 2] = ["wasi:http/outgoing-handler", "wasi:http/client"];

fn sends_http<T>(pre: &InstancePre<Host<T>>, engine: &wasmtime::Engine) -> bool {
    let of = pre.component().component_type();
    let mut imports = of.imports(engine).map(|(name, _)| name.split('@').next());
    imports.any(|name| name.is_some_and(|name| HTTP_CLIENTS.contains(&name)))
}

impl<T: Send + 'static> Linked<T> {
    pub(crate) fn new(
        engine: wasmtime::Engine,
        runtime: Runtime,
        pre: InstancePre<Host<T>>,
        others: Vec<Handler>,
    ) -> Result<Arc<Self>, LoadError> {
        // The image that the heap's first contents come from is made now rather than in
        // the first invocation.
        pre.component()
            .initialize_copy_on_write_image()
            .map_err(|error| LoadError::Artifact(format!("{error:#}")))?;
        Ok(Arc::new(Self {
            initialization: initialized::InitializedIndices::new(&pre).ok(),
            sends_http: sends_http(&pre, &engine),
            freezing: Freezing::of(&pre),
            event: function::FunctionIndices::new(&pre).ok(),
            batch: batch_function::BatchFunctionIndices::new(&pre).ok(),
            event_async: function_async::FunctionIndices::new(&pre).ok(),
            http_02: http_p2::bindings::ProxyIndices::new(&pre).ok(),
            http_03: http_p3::bindings::ServiceIndices::new(&pre).ok(),
            run_02: p2::bindings::CommandIndices::new(&pre).ok(),
            run_03: p3::bindings::CommandIndices::new(&pre).ok(),
            others,
            engine,
            runtime,
            cpu_time: Arc::default(),
            pre,
        }))
    }

    /// Whether the component has the handler.
    pub(crate) fn has(&self, handler: Handler) -> bool {
        match handler {
            Handler::Event => self.event.is_some(),
            Handler::EventAsync => self.event_async.is_some(),
            Handler::Http03 => self.http_03.is_some(),
            Handler::Http02 => self.http_02.is_some(),
            Handler::Batch => self.batch.is_some(),
            Handler::Messaging | Handler::Watcher | Handler::Watcher2 => {
                self.others.contains(&handler)
            }
            Handler::Run03 => self.run_03.is_some(),
            Handler::Run02 => self.run_02.is_some(),
        }
    }
}
