use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use lambent_dispatch::{
    Body, Call, Deliveries, DeliveryStores, Dispatcher, Finish, Finished, HttpOutcome,
    Options as DispatchOptions, Runner, Unobserved,
};
use lambent_service::{
    Additions, DataPlane, Deployed, Frozen, FunctionHandle, ImageRegistries, Inspect, Inspected,
    Parts, Principal, ProvisionedState, ProvisionedVersion, Scope, SecretSeed, Service,
};
use lambent_storage::contract::samples;
use lambent_storage::memory::MemoryCode;
use lambent_storage::{Batch, Changes as _, CodeStore, OpenCode, Position, StorageError, Stores};
use lambent_storage_embedded::{DataDir, Options};
use lambent_types::{
    ConfigurationPatch, Digest, Error, ErrorCode, Event, Function, FunctionName, FunctionVersion,
    Handler, Logs, ManualClock, Meter, Namespace, Origin, Outcome, Precondition, RuntimeName,
    Trigger, VersionNumber,
};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Prepares code that is text: `bad` is refused, `empty` exports nothing, `big`
/// takes 64 MiB, `watcher` and what ends with `command` export only what they are named for.
pub(crate) struct FakeInspect {
    pub(crate) prepared: Mutex<BTreeSet<Digest>>,
    /// Which component each runtime is.
    pub(crate) runtimes: Mutex<HashMap<RuntimeName, Digest>>,
    /// Which heads, and how many instances each wants.
    pub(crate) provisioned: Mutex<Vec<(String, u32)>>,
    pub(crate) withdrawn: Mutex<Vec<(String, Option<VersionNumber>)>>,
    /// A permit lets one `prepare` go on.
    pub(crate) gate: Semaphore,
    pub(crate) waiting: Semaphore,
}

#[async_trait]
impl Inspect for FakeInspect {
    async fn prepare(
        &self,
        _: &Namespace,
        digest: Digest,
        code: Bytes,
    ) -> Result<Inspected, Error> {
        assert_eq!(Digest::of(&code), digest);
        self.waiting.add_permits(1);
        self.gate.acquire().await.unwrap().forget();
        if &code[..] == b"bad" {
            return Err(Error::new(ErrorCode::InvalidComponent, "bad"));
        }
        self.prepared.lock().unwrap().insert(digest);
        let handlers = match &code[..] {
            b"empty" => vec![],
            b"watcher" => vec![Handler::Watcher],
            b"runtime" | b"runtime 2" => vec![Handler::Event],
            code if code.ends_with(b"command") => vec![Handler::Run02],
            _ => vec![Handler::Http02],
        };
        let memory_bytes_min = if &code[..] == b"big" { 64 << 20 } else { 1 << 20 };
        let can_be_frozen = code.starts_with(b"runtime");
        Ok(Inspected { handlers, memory_bytes_min, can_be_frozen })
    }

    async fn prepared(&self, digest: Digest) -> Option<Inspected> {
        let known = self.prepared.lock().unwrap().contains(&digest);
        known.then(|| Inspected {
            handlers: vec![Handler::Event],
            memory_bytes_min: 1 << 20,
            can_be_frozen: true,
        })
    }

    fn component(&self, version: &FunctionVersion) -> Digest {
        let runtime = version.configuration.runtime.as_ref();
        let known = self.runtimes.lock().unwrap();
        let current = runtime.and_then(|runtime| known.get(runtime));
        current.copied().unwrap_or(version.code.component)
    }

    async fn snapshot(&self, version: &Arc<FunctionVersion>) -> Result<Frozen, Error> {
        let component = self.component(version);
        Ok(Frozen { component, bytes: format!("the memory of {component}").into() })
    }

    async fn imports(&self, _: &Namespace, code: Bytes) -> Result<BTreeMap<String, bool>, Error> {
        let text = String::from_utf8_lossy(&code).into_owned();
        let own = (format!("its:own/{text}"), false);
        let served = ["wasi:cli/stdout", "wasi:messaging/producer@0.2.0-draft"];
        Ok(served.map(|name| (name.to_owned(), true)).into_iter().chain([own]).collect())
    }

    async fn additions(&self, _: &Arc<FunctionVersion>) -> Additions {
        let beside = |path: &str| (path.to_owned(), b"by the runtime".to_vec());
        let files = vec![beside("var/task/added.txt"), beside("etc/passwd")];
        Additions { files, warnings: Vec::new() }
    }

    fn set_runtimes(&self, all: HashMap<RuntimeName, Digest>) {
        *self.runtimes.lock().unwrap() = all;
    }

    async fn provision(&self, head: &Arc<FunctionVersion>) {
        let (name, count) = (head.name.to_string(), head.configuration.provisioned.always());
        self.provisioned.lock().unwrap().push((name, count));
    }

    fn provisioned(
        &self,
        _: &Namespace,
        _: &FunctionName,
        number: u64,
    ) -> Option<ProvisionedVersion> {
        let state = match number {
            1 => ProvisionedState::Ready,
            _ => ProvisionedState::Failed("no memory".into()),
        };
        Some(ProvisionedVersion { requested: 9, allocated: 9, available: 1, state })
    }

    fn withdraw(&self, _: &Namespace, name: &FunctionName, version: Option<VersionNumber>) {
        self.withdrawn.lock().unwrap().push((name.to_string(), version));
    }

    async fn forget(&self, digest: Digest) {
        self.prepared.lock().unwrap().remove(&digest);
    }
}

/// A code store that can be out of order.
#[derive(Default)]
pub(crate) struct FlakyCode {
    pub(crate) code: MemoryCode,
    pub(crate) broken: AtomicBool,
}

#[async_trait]
impl CodeStore for FlakyCode {
    async fn put(&self, digest: Digest, code: Bytes) -> Result<(), StorageError> {
        if self.broken.load(Ordering::Relaxed) {
            let source = "disk full".into();
            return Err(StorageError::Unavailable { action: "write code", source });
        }
        self.code.put(digest, code).await
    }
    async fn get(&self, digest: Digest) -> Result<Option<Bytes>, StorageError> {
        self.code.get(digest).await
    }
    async fn open(&self, digest: Digest) -> Result<Option<OpenCode>, StorageError> {
        self.code.open(digest).await
    }
    async fn contains(&self, digest: Digest) -> Result<bool, StorageError> {
        self.code.contains(digest).await
    }
    async fn delete(&self, digest: Digest) -> Result<(), StorageError> {
        self.code.delete(digest).await
    }
    async fn list(&self) -> Result<Vec<Digest>, StorageError> {
        self.code.list().await
    }
}

const SEED: SecretSeed = SecretSeed([7; 32]);

pub(crate) struct Fixture {
    pub(crate) service: Arc<Service>,
    /// The root key's, in the namespace `default`.
    pub(crate) scope: Scope,
    pub(crate) stores: Stores,
    pub(crate) code: Arc<FlakyCode>,
    pub(crate) inspect: Arc<FakeInspect>,
    pub(crate) runner: Arc<FakeRunner>,
    pub(crate) ns: Namespace,
    pub(crate) f: FunctionName,
    pub(crate) clock: Arc<ManualClock>,
    directory: tempfile::TempDir,
}

/// What a function does with an event.
type OnEvent = Arc<dyn Fn(Call, Event) -> BoxFuture<'static, Outcome> + Send + Sync>;

/// Does what a test says functions do, or nothing: what runs is tested where it is run.
#[derive(Default)]
pub(crate) struct FakeRunner {
    pub(crate) on_event: Mutex<Option<OnEvent>>,
}

impl Runner for FakeRunner {
    fn http(&self, _: Call, _: Box<http::Request<Body>>, _: Finish) -> BoxFuture<'_, HttpOutcome> {
        async { HttpOutcome::Ended(Outcome::Ok) }.boxed()
    }

    fn event(&self, call: Call, event: Event) -> BoxFuture<'_, Result<Finished, Error>> {
        let on_event = self.on_event.lock().unwrap().clone();
        async {
            let Some(on_event) = on_event else { return Ok(finished()) };
            Ok(Finished { outcome: on_event(call, event).await, ..finished() })
        }
        .boxed()
    }

    fn batch(&self, _: Call, _: Vec<Event>) -> BoxFuture<'_, Result<Finished, Error>> {
        async { Ok(finished()) }.boxed()
    }
}

fn finished() -> Finished {
    let (meter, logs) = (Meter::default(), Logs::default());
    Finished { outcome: Outcome::Ok, meter, logs, output: None, failed: Vec::new() }
}

fn service(
    stores: Stores,
    inspect: Arc<FakeInspect>,
    runner: Arc<FakeRunner>,
    clock: Arc<ManualClock>,
) -> Service {
    let dispatcher = Dispatcher::new(
        (stores.registry.clone(), stores.quotas.clone()),
        runner,
        stores.logs.clone(),
        Arc::new(Unobserved),
        DispatchOptions { concurrency_max: 10, descendants_max: 10, scaling_rate: 1000 },
    );
    let delivery = DeliveryStores::from(&stores);
    let deliveries = Deliveries::new(dispatcher.clone(), delivery, clock.clone());
    let data = Arc::new(DataPlane::new(stores, CancellationToken::new()));
    let images = ImageRegistries::default();
    Service::new(Parts { data, inspect, dispatcher, deliveries, clock, images, seed: SEED })
}

impl Fixture {
    /// Collects at once what is not referred to.
    pub(crate) async fn new() -> Self {
        Self::with_grace(Duration::ZERO).await
    }

    pub(crate) async fn with_grace(grace: Duration) -> Self {
        Self::open(tempfile::tempdir().unwrap(), grace).await
    }

    /// The node started again over what the stores wrote. Code is not kept.
    pub(crate) async fn restart(self) -> Self {
        let directory = self.directory;
        drop((self.service, self.scope, self.stores));
        Self::open(directory, Duration::ZERO).await
    }

    async fn open(directory: tempfile::TempDir, grace: Duration) -> Self {
        let clock = Arc::new(ManualClock::new(jiff::Timestamp::UNIX_EPOCH));
        let data = DataDir::open(directory.path()).unwrap();
        let mut stores =
            lambent_storage_embedded::open(&data, Options::default(), clock.clone()).unwrap();
        let code = Arc::new(FlakyCode::default());
        let inspect = Arc::new(FakeInspect {
            prepared: Mutex::default(),
            provisioned: Mutex::default(),
            withdrawn: Mutex::default(),
            gate: Semaphore::new(10_000),
            waiting: Semaphore::new(0),
            runtimes: Mutex::default(),
        });
        stores.code = code.clone();
        let runner = Arc::new(FakeRunner::default());
        let service = service(stores.clone(), inspect.clone(), runner.clone(), clock.clone());
        let service = Arc::new(service.with_grace(grace));
        service.load_quotas().await.unwrap();
        let scope = service.scope(Principal::Root, None, Origin::default()).await.unwrap();
        let (ns, f) = (samples::namespace("default"), samples::name("f"));
        Self { service, scope, stores, code, inspect, runner, ns, f, clock, directory }
    }

    /// The root key's, in `namespace`.
    pub(crate) async fn scope_of(&self, namespace: &str) -> Scope {
        self.scope.put_namespace(namespace, None).await.unwrap();
        let namespace = Some(namespace.parse().unwrap());
        self.service.scope(Principal::Root, namespace, Origin::default()).await.unwrap()
    }

    /// The same service over other stores.
    pub(crate) fn over(&self, stores: Stores) -> Arc<Service> {
        Arc::new(service(stores, self.inspect.clone(), self.runner.clone(), self.clock.clone()))
    }

    /// How many changes of triggers are in their feed.
    pub(crate) async fn trigger_changes(&self) -> usize {
        let feed = self.stores.resources.of::<Trigger>().changes();
        let start = Position { sequence: 0, ..feed.position().await.unwrap() };
        match feed.since(start, Duration::ZERO).await.unwrap() {
            Batch::Changes { changed, .. } => changed.len(),
            Batch::ListAgain { .. } => panic!("the feed keeps more than the tests change"),
        }
    }

    /// The directory that everything is stored in.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The function that tests deploy.
    pub(crate) fn handle(&self) -> FunctionHandle<'_> {
        self.scope.handle::<FunctionName>("f").unwrap()
    }

    /// Makes every `prepare` wait for a permit of the gate.
    pub(crate) fn close_gate(&self) {
        self.inspect.gate.forget_permits(10_000);
        self.inspect.waiting.forget_permits(10_000);
    }

    pub(crate) async fn deploy(&self, code: &'static str) -> Result<Deployed, Error> {
        self.deploy_with(code, ConfigurationPatch::default()).await
    }

    pub(crate) async fn deploy_with(
        &self,
        code: &'static str,
        patch: ConfigurationPatch,
    ) -> Result<Deployed, Error> {
        self.handle().deploy(Bytes::from(code), patch, &ANY).await
    }

    /// A deploy in a task of its own, once it has begun to compile.
    pub(crate) async fn begin_deploy(
        &self,
        code: &'static str,
    ) -> tokio::task::JoinHandle<Result<Deployed, Error>> {
        let scope = self.scope.clone();
        let patch = ConfigurationPatch::default();
        let task = tokio::spawn(async move {
            scope.handle::<FunctionName>("f")?.deploy(Bytes::from(code), patch, &ANY).await
        });
        self.inspect.waiting.acquire().await.unwrap().forget();
        task
    }

    pub(crate) async fn function(&self) -> Option<Arc<Function>> {
        self.stores.registry.function(&self.ns, &self.f).await.unwrap()
    }

    /// The code that is stored, in the order of `among`; what is prepared must
    /// be the same.
    pub(crate) async fn stored(&self, among: &[&'static str]) -> Vec<&'static str> {
        let digest = |code: &&&str| Digest::of(code.as_bytes());
        let stored: BTreeSet<_> = self.code.list().await.unwrap().into_iter().collect();
        assert_eq!(*self.inspect.prepared.lock().unwrap(), stored);
        among.iter().filter(|code| stored.contains(&digest(code))).copied().collect()
    }
}

pub(crate) fn memory(bytes: u64) -> ConfigurationPatch {
    ConfigurationPatch { memory_bytes: Some(bytes), ..ConfigurationPatch::default() }
}

/// Nothing is expected of the function.
pub(crate) static ANY: Precondition = Precondition::NONE;

pub(crate) fn description(text: &str) -> ConfigurationPatch {
    ConfigurationPatch { description: Some(text.into()), ..ConfigurationPatch::default() }
}
