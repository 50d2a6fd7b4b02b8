use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http_body_util::{BodyExt, Full};
use lambent_dispatch::{
    Body, Call, Caller, Delivered, Dispatcher, Finish, Finished, HttpOutcome, Observe, Options,
    Runner,
};
use lambent_storage::contract::samples;
use lambent_storage::memory::{MemoryLogs, MemoryRegistry};
use lambent_storage::{InvocationLogs as _, LogQuery, NamespaceQuotas, Quotas, Registry as _};
use lambent_types::{
    Error, Event, FunctionName, FunctionVersion, Handler, InvocationRecord, LogLine, LogStream,
    Logs, Meter, Namespace, Origin, Outcome, Output, Qualifier, ThrottleReason,
};

type OnHttp =
    Box<dyn Fn(Call, http::Request<Body>, Finish) -> BoxFuture<'static, HttpOutcome> + Send + Sync>;
type OnEvent =
    Box<dyn Fn(Call, Event) -> BoxFuture<'static, Result<Finished, Error>> + Send + Sync>;
type OnBatch =
    Box<dyn Fn(Call, Vec<Event>) -> BoxFuture<'static, Result<Finished, Error>> + Send + Sync>;

/// Does what the test says, and keeps the last call.
#[derive(Default)]
pub(crate) struct FakeRunner {
    on_http: Mutex<Option<OnHttp>>,
    on_event: Mutex<Option<OnEvent>>,
    on_batch: Mutex<Option<OnBatch>>,
    pub(crate) call: Mutex<Option<Call>>,
}

impl Runner for FakeRunner {
    fn http(
        &self,
        call: Call,
        request: Box<http::Request<Body>>,
        finished: Finish,
    ) -> BoxFuture<'_, HttpOutcome> {
        *self.call.lock().unwrap() = Some(call.clone());
        self.on_http.lock().unwrap().as_ref().unwrap()(call, *request, finished)
    }

    fn event(&self, call: Call, event: Event) -> BoxFuture<'_, Result<Finished, Error>> {
        *self.call.lock().unwrap() = Some(call.clone());
        self.on_event.lock().unwrap().as_ref().unwrap()(call, event)
    }

    fn batch(&self, call: Call, events: Vec<Event>) -> BoxFuture<'_, Result<Finished, Error>> {
        *self.call.lock().unwrap() = Some(call.clone());
        self.on_batch.lock().unwrap().as_ref().unwrap()(call, events)
    }
}

#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) finished: AtomicU64,
    pub(crate) throttled: AtomicU64,
    pub(crate) dropped: AtomicU64,
    pub(crate) delivered: Mutex<Vec<Delivered>>,
}

impl Observe for Counts {
    fn finished(&self, _: &InvocationRecord) {
        self.finished.fetch_add(1, Ordering::Relaxed);
    }
    fn throttled(&self, _: &FunctionVersion, _: ThrottleReason) {
        self.throttled.fetch_add(1, Ordering::Relaxed);
    }
    fn log_dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }
    fn delivered(&self, _: &Namespace, _: &FunctionName, delivered: Delivered, _: Duration) {
        self.delivered.lock().unwrap().push(delivered);
    }
}

pub(crate) struct Fixture {
    pub(crate) dispatcher: Dispatcher,
    pub(crate) runner: Arc<FakeRunner>,
    pub(crate) registry: Arc<MemoryRegistry>,
    pub(crate) quotas: Arc<NamespaceQuotas>,
    pub(crate) logs: Arc<MemoryLogs>,
    pub(crate) counts: Arc<Counts>,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self::with_concurrency(1000)
    }

    pub(crate) fn with_concurrency(concurrency_max: usize) -> Self {
        Self::with_options(Options { concurrency_max, ..Options::default() })
    }

    /// So many invocations may descend from one.
    pub(crate) fn descending(descendants_max: u64) -> Self {
        Self::with_options(Options { descendants_max, ..Options::default() })
    }

    pub(crate) fn with_options(options: Options) -> Self {
        let runner = Arc::new(FakeRunner::default());
        let quotas = NamespaceQuotas::new(Quotas::default());
        let registry = Arc::new(MemoryRegistry::new(quotas.clone()));
        let logs = Arc::new(MemoryLogs::default());
        let counts = Arc::new(Counts::default());
        let dispatcher = Dispatcher::new(
            (registry.clone(), quotas.clone()),
            runner.clone(),
            logs.clone(),
            counts.clone(),
            options,
        );
        Self { dispatcher, runner, registry, quotas, logs, counts }
    }

    pub(crate) fn on_http<F: Future<Output = HttpOutcome> + Send + 'static>(
        &self,
        run: impl Fn(Call, http::Request<Body>, Finish) -> F + Send + Sync + 'static,
    ) {
        let run = move |call, request, finish| run(call, request, finish).boxed();
        *self.runner.on_http.lock().unwrap() = Some(Box::new(run));
    }

    pub(crate) fn on_event<F: Future<Output = Result<Finished, Error>> + Send + 'static>(
        &self,
        run: impl Fn(Call, Event) -> F + Send + Sync + 'static,
    ) {
        let run = move |call, event| run(call, event).boxed();
        *self.runner.on_event.lock().unwrap() = Some(Box::new(run));
    }

    pub(crate) fn on_batch<F: Future<Output = Result<Finished, Error>> + Send + 'static>(
        &self,
        run: impl Fn(Call, Vec<Event>) -> F + Send + Sync + 'static,
    ) {
        let run = move |call, events| run(call, events).boxed();
        *self.runner.on_batch.lock().unwrap() = Some(Box::new(run));
    }

    /// Registers `name` with these handlers.
    pub(crate) async fn function(&self, name: &str, handlers: &[Handler]) -> Arc<FunctionVersion> {
        let (ns, name) = (samples::namespace("default"), samples::name(name));
        let mut head = samples::head(&ns, &name, "code");
        head.handlers = handlers.to_vec();
        self.registry.put(head, None).await.unwrap();
        self.dispatcher.resolve(&ns, &name, &Qualifier::Latest).await.unwrap().first
    }

    pub(crate) async fn records(&self, name: &str) -> Vec<InvocationRecord> {
        let query = LogQuery::new(samples::namespace("default"), samples::name(name));
        let page = self.logs.query(query).await.unwrap();
        page.records.into_iter().map(|(_, record)| record).collect()
    }

    /// The only record there is of `f`, when nothing runs any more.
    pub(crate) async fn only_record(&self) -> InvocationRecord {
        let idle = tokio::time::timeout(Duration::from_secs(10), self.dispatcher.idle()).await;
        idle.unwrap();
        let mut records = self.records("f").await;
        assert_eq!(records.len(), 1);
        assert_eq!(self.counts.finished.load(Ordering::Relaxed), 1);
        records.remove(0)
    }

    /// Nothing runs, and nothing was recorded.
    pub(crate) async fn assert_nothing_happened(&self) {
        assert_eq!(self.dispatcher.in_flight(), 0);
        assert_eq!(self.records("f").await, []);
        assert_eq!(self.counts.finished.load(Ordering::Relaxed), 0);
    }
}

pub(crate) fn finished(outcome: Outcome) -> Finished {
    let line = LogLine { stream: LogStream::Stdout, text: "hello".into() };
    Finished {
        outcome,
        meter: Meter { fuel: 7, ..Meter::default() },
        logs: Logs { lines: vec![line], dropped_bytes: 0 },
        output: None,
        failed: Vec::new(),
    }
}

pub(crate) fn returned(data: &'static str) -> Finished {
    let output = Output { content_type: Some("text/plain".into()), data: Bytes::from(data) };
    Finished { output: Some(output), ..finished(Outcome::Ok) }
}

pub(crate) fn body(data: impl Into<Bytes>) -> Body {
    Full::new(data.into()).map_err(|never| match never {}).boxed_unsync()
}

pub(crate) fn request() -> Box<http::Request<Body>> {
    Box::new(http::Request::new(body("")))
}

pub(crate) fn event(data: &'static str) -> Event {
    Event {
        id: "id-1".into(),
        source: "/orders".into(),
        kind: "order.placed".into(),
        subject: None,
        time_ns: None,
        content_type: Some("application/json".into()),
        schema: None,
        extensions: Vec::new(),
        attempt: 1,
        data: Bytes::from(data),
    }
}

pub(crate) fn caller() -> Caller {
    Caller { principal: Some("root".into()), ..Caller::node(Origin::default()) }
}

/// A guest that is cancelled when it is dropped before its end, as a runner's is.
pub(crate) struct Guest(Option<Finish>);

impl Guest {
    pub(crate) fn new(finish: Finish) -> Self {
        Self(Some(finish))
    }

    pub(crate) fn end(mut self, outcome: Outcome) {
        self.0.take().unwrap()(finished(outcome));
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        if let Some(finish) = self.0.take() {
            finish(finished(Outcome::Cancelled));
        }
    }
}

/// A body that ends its guest as `outcome` when it was read, and cancels it when
/// it is dropped before that.
pub(crate) fn guest_body(guest: Guest, frames: Vec<Bytes>, outcome: Outcome) -> Body {
    let frames = frames.into_iter().map(|data| Ok(http_body::Frame::data(data)));
    let mut guest = Some((guest, outcome));
    let end = futures::stream::poll_fn(move |_| {
        if let Some((guest, outcome)) = guest.take() {
            guest.end(outcome);
        }
        std::task::Poll::Ready(None)
    });
    let stream = futures::StreamExt::chain(futures::stream::iter(frames), end);
    BodyExt::boxed_unsync(http_body_util::StreamBody::new(stream))
}

/// Logs that have no room.
#[derive(Default)]
pub(crate) struct FullLogs(pub(crate) AtomicBool);

#[async_trait::async_trait]
impl lambent_storage::InvocationLogs for FullLogs {
    fn append(&self, _: InvocationRecord) -> bool {
        self.0.store(true, Ordering::Relaxed);
        false
    }
    fn dropped(&self) -> u64 {
        1
    }
    async fn query(
        &self,
        _: LogQuery,
    ) -> Result<lambent_storage::LogPage, lambent_storage::StorageError> {
        Ok(lambent_storage::LogPage { records: Vec::new(), next: 0 })
    }
    async fn changed(&self, _: u64, _: Duration) {}
    async fn flush(&self) {}
}
