//! One engine, each guest compiled once, and a world of stores for each test.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock, Mutex, OnceLock};
use std::time::Duration;

use futures::future::BoxFuture;
use lambent_capabilities::{Ctx, Network, Resolve, Shared};
use lambent_engine::{Component, Engine, Finished, Invocation, Options};
use lambent_service::DataPlane;
use lambent_storage::contract::samples;
use lambent_storage::{Objects, Quotas, Stores};
use lambent_types::{
    Environment, Event, FunctionVersion, Grants, Handler, Limits, Origin, Outcome, Output,
    SystemClock,
};
use serde_json::Value;
use tokio_rustls::rustls::RootCertStore;
use tokio_util::sync::CancellationToken;

use crate::doubles::{Keys, Mailbox};

pub(crate) static ENGINE: LazyLock<Engine<Ctx>> = LazyLock::new(|| {
    lambent_capabilities::engine(Options { instances: 20, ..Options::default() }).build().unwrap()
});

/// A guest, compiled at its first use.
pub(crate) async fn component(name: &'static str) -> Component<Ctx> {
    type Slot = Arc<tokio::sync::OnceCell<Component<Ctx>>>;
    static COMPONENTS: OnceLock<Mutex<HashMap<&'static str, Slot>>> = OnceLock::new();
    let slot =
        COMPONENTS.get_or_init(Mutex::default).lock().unwrap().entry(name).or_default().clone();
    let compile = || async {
        let read = move || lambent_test_support::guest_bytes(name);
        let wasm = tokio::task::spawn_blocking(read).await.unwrap();
        ENGINE.component(wasm.into()).await.unwrap()
    };
    slot.get_or_init(compile).await.clone()
}

/// Names that the network of the tests knows.
pub(crate) struct Names(pub(crate) &'static [(&'static str, &'static [&'static str])]);

impl Resolve for Names {
    fn resolve(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let found = self.0.iter().find(|(own, _)| *own == name);
        let found = found.map(|(_, found)| found.iter().map(|ip| ip.parse().unwrap()).collect());
        Box::pin(async move { found.ok_or_else(|| io::Error::other("no such name")) })
    }
}

/// What the functions of one test share.
pub(crate) struct World {
    pub(crate) shared: Arc<Shared>,
    pub(crate) objects: Arc<dyn Objects>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) mailbox: Arc<Mailbox>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Quotas::default(), Names(&[]), RootCertStore::empty())
    }

    pub(crate) fn with(quotas: Quotas, names: Names, roots: RootCertStore) -> Self {
        let mut stores = Stores::memory(Arc::new(SystemClock), quotas);
        let objects = stores.objects.clone();
        let (keys, mailbox) = (Arc::new(Keys::new(quotas)), Arc::new(Mailbox::default()));
        (stores.keyvalue, stores.queues) = (keys.clone(), mailbox.clone());
        let data = Arc::new(DataPlane::new(stores, CancellationToken::new()));
        let network = Network::new(Arc::new(names), roots).unwrap();
        let shared = Shared::new(data, network, [7; 32]);
        Self { shared: Arc::new(shared), objects, keys, mailbox }
    }

    pub(crate) async fn create_bucket(&self, namespace: &str, bucket: &str) {
        let namespace = samples::namespace(namespace);
        self.objects.create_bucket(&namespace, &bucket.parse().unwrap()).await.unwrap();
    }

    /// Runs one export of a function with one event.
    pub(crate) async fn event(
        &self,
        (guest, handler): (&'static str, Handler),
        function: FunctionVersion,
        (origin, limits): (Origin, Limits),
        event: Event,
    ) -> Finished<Output> {
        let function = Arc::new(function);
        let ctx = Ctx::new(self.shared.clone(), function.clone(), origin);
        let outgoing = ctx.outgoing();
        let environment = function.configuration.environment.clone();
        let mut invocation = Invocation::new(ctx).limits(limits);
        invocation.outgoing = Some(outgoing);
        invocation.environment = environment;
        let component = component(guest).await;
        lambent_capabilities::event(&component, invocation, handler, event).await.unwrap()
    }

    /// Lets function `f` make some calls.
    pub(crate) async fn run(&self, grants: Value, calls: Value) -> Run {
        self.run_in("default", grants, calls).await
    }

    /// The same in another namespace.
    pub(crate) async fn run_in(&self, namespace: &str, grants: Value, calls: Value) -> Run {
        let end = self.try_run(namespace, grants, calls).await;
        assert_eq!(end.outcome, Outcome::Ok, "{:?}", end.logs.lines);
        let answers = serde_json::from_slice(&end.value.unwrap().data).unwrap();
        Run { answers, log: end.logs.lines.into_iter().map(|line| line.text).collect() }
    }

    pub(crate) async fn try_run(
        &self,
        namespace: &str,
        grants: Value,
        calls: Value,
    ) -> Finished<Output> {
        let function = function(namespace, grants);
        let call = ("guest-capabilities", Handler::Event);
        let data = serde_json::to_vec(&calls).unwrap();
        self.event(call, function, (Origin::default(), limits()), event("test", data)).await
    }
}

/// What came of some calls.
pub(crate) struct Run {
    pub(crate) answers: Vec<Value>,
    pub(crate) log: Vec<String>,
}

impl Run {
    /// The value of a call that worked.
    #[track_caller]
    pub(crate) fn ok(&self, index: usize) -> &Value {
        let answer = &self.answers[index];
        answer.get("ok").unwrap_or_else(|| panic!("call {index}: {answer}, {:?}", self.log))
    }

    /// The error of one that did not.
    #[track_caller]
    pub(crate) fn error(&self, index: usize) -> &str {
        let error = self.answers[index].get("error").and_then(Value::as_str);
        error.unwrap_or_else(|| panic!("call {index} worked: {}", self.answers[index]))
    }

    /// Whether the log has a line with this in it.
    pub(crate) fn logged(&self, text: &str) -> bool {
        self.log.iter().any(|line| line.contains(text))
    }
}

/// Function `f` with these grants.
pub(crate) fn function(namespace: &str, grants: Value) -> FunctionVersion {
    let mut head = samples::head(&samples::namespace(namespace), &samples::name("f"), "code");
    head.configuration.grants = serde_json::from_value::<Grants>(grants).unwrap();
    let variables = [("COLOUR", "red"), ("EMPTY", "")];
    let variables = variables.map(|(key, value)| (key.to_owned(), value.to_owned()));
    head.configuration.environment = Environment(Arc::new(variables.into()));
    head
}

pub(crate) fn limits() -> Limits {
    Limits { timeout: Duration::from_secs(600), fuel: 100_000_000_000, ..Limits::default() }
}

pub(crate) fn event(source: &str, data: impl Into<bytes::Bytes>) -> Event {
    Event {
        id: "1".into(),
        source: source.into(),
        kind: "test".into(),
        subject: None,
        time_ns: None,
        content_type: Some("application/json".into()),
        schema: None,
        extensions: Vec::new(),
        attempt: 1,
        data: data.into(),
    }
}
