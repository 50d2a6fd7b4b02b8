//! Joins the engine to the control plane and to dispatch: which code is
//! compiled, mapped and loaded, and running it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use cap_std::fs::Dir;
use futures::future::BoxFuture;
use http_body_util::BodyExt;
use lambent_capabilities::{Ctx, Shared};
use lambent_control::{Inspect, Inspected};
use lambent_dispatch::{Answer, Body, Call, Finished, Runner};
use lambent_engine::{
    Artifact, ArtifactCache, ArtifactError, Budget, CompileError, Component, Context, Engine,
    InspectError, Inspection, Invocation, LoadError, Options, PoolAdvice, Refused,
};
use lambent_storage::{CodeStore, Registry};
use lambent_types::{
    Digest, Error, ErrorCode, Event, FunctionName, FunctionVersion, Handler, Namespace, Output,
    Start, VersionNumber,
};
use tokio::runtime::Handle;

use crate::compiler::ChildCompiler;
use crate::lineage::Doors;
use crate::open_files;
use crate::warm::{RETIRE_EVERY, Warm};

/// Components kept in memory; beyond it the least recently used leave, and
/// come back from their artifacts when called.
const LOADED_MAX: u64 = 20_000;
/// How long an unused component stays in memory.
const LOADED_IDLE: Duration = Duration::from_secs(15 * 60);

/// Bytes that a compiler takes whatever it compiles.
const COMPILE_BYTES: u64 = 64 << 20;
/// How often the size of a component it takes besides: 370 MB for an 18 MB one.
const COMPILE_TIMES: u64 = 20;

/// All the code this node can run.
pub(crate) struct Functions {
    engine: Engine<Ctx>,
    artifacts: Arc<ArtifactCache>,
    code: Arc<dyn CodeStore>,
    loaded: moka::future::Cache<Digest, Component<Ctx>>,
    warm: Warm,
    shared: Arc<Shared>,
    budget: Arc<Budget>,
}

/// What [`Functions::open`] needs.
pub(crate) struct Setup {
    /// Where the artifacts are.
    pub(crate) artifacts: Dir,
    /// What they are authenticated with.
    pub(crate) key: [u8; 32],
    /// Where the components are.
    pub(crate) code: Arc<dyn CodeStore>,
    /// Where what functions import leads.
    pub(crate) shared: Shared,
    /// The program whose `compile-worker` command compiles.
    pub(crate) program: PathBuf,
    /// Invocations that can run at once.
    pub(crate) instances: u32,
    /// Where guests go that run for long.
    pub(crate) executor: Handle,
    /// The memory that guests draw on.
    pub(crate) budget: Arc<Budget>,
    /// What may stay resident for guests to come.
    pub(crate) idle_bytes: u64,
    /// CPU time that compiling one component may take.
    pub(crate) compile_cpu_seconds: u64,
}

impl Functions {
    pub(crate) fn open(setup: Setup) -> Result<Arc<Self>, lambent_engine::StartError> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        // As many as there are cores, and one that is for another namespace than fills those.
        let slots = cores.saturating_add(1);
        let compiler = ChildCompiler::open(&setup.program, slots, setup.compile_cpu_seconds)
            .map_err(|error| no_compiler(&setup.program, &error))?;
        // Twice as many as run: half may wait for invocations to come.
        let instances = setup.instances.saturating_mul(2);
        let options = Options { instances, idle_bytes: setup.idle_bytes, ..Options::default() };
        let engine = lambent_capabilities::engine(options)
            .compiler(Arc::new(compiler))
            .executor(setup.executor)
            .budget(setup.budget.clone())
            .build()?;
        let files = open_files::raise() / open_files::ARTIFACTS;
        let kept_max = usize::try_from(files).unwrap_or(usize::MAX);
        let compatibility = engine.compatibility();
        let artifacts = ArtifactCache::new(setup.artifacts, setup.key, compatibility, kept_max);
        if let Err(error) = artifacts.remove_incompatible() {
            tracing::warn!(%error, "could not clear the artifacts of other versions");
        }
        let loaded = moka::future::Cache::builder()
            .max_capacity(LOADED_MAX)
            .time_to_idle(LOADED_IDLE)
            .build();
        Ok(Arc::new(Self {
            engine,
            artifacts: Arc::new(artifacts),
            code: setup.code,
            loaded,
            warm: Warm::default(),
            shared: Arc::new(setup.shared),
            budget: setup.budget,
        }))
    }

    /// Says where the node's own doors are; see
    /// [`Shared::set_doors`](lambent_capabilities::Shared::set_doors).
    pub(crate) fn set_doors(&self, doors: Doors) {
        self.shared.set_doors(Arc::new(doors));
    }

    /// What about this machine makes running slower or smaller than it could be.
    pub(crate) fn advice(&self) -> &[PoolAdvice] {
        self.engine.advice()
    }

    /// Checks every artifact and compiles those that are missing or damaged, so
    /// that no request has to wait for it. Done in the background after start.
    pub(crate) async fn restore(&self, digests: BTreeSet<Digest>) {
        for digest in digests {
            match self.verified(digest).await {
                Ok(Some(_)) => {}
                Ok(None) => {
                    // As a request would, so that a request that needs it waits
                    // for this compilation and begins none of its own.
                    if let Err(error) = self.component(digest).await {
                        tracing::error!(%digest, %error, "could not recompile a component");
                    }
                }
                Err(error) => tracing::error!(%digest, %error, "could not check an artifact"),
            }
        }
    }

    /// Makes the instances that are wanted before anything is called.
    pub(crate) async fn provision_all(&self, registry: &dyn Registry) {
        match registry.provisioned().await {
            Ok(heads) => {
                for head in &heads {
                    self.provision(head).await;
                }
            }
            Err(error) => tracing::error!(%error, "could not find what is to be provisioned"),
        }
    }

    /// Gives back, again and again, what instances that nobody uses hold.
    pub(crate) async fn retire(&self) {
        loop {
            tokio::time::sleep(RETIRE_EVERY).await;
            self.warm.retire();
        }
    }

    async fn component(&self, digest: Digest) -> Result<(Component<Ctx>, Start), Error> {
        if let Some(component) = self.loaded.get(&digest).await {
            return Ok((component, Start::Loaded));
        }
        let entry = self
            .loaded
            .entry(digest)
            .or_try_insert_with(self.load(digest))
            .await
            .map_err(|error| (*error).clone())?;
        let start = if entry.is_fresh() { Start::Mapped } else { Start::Loaded };
        Ok((entry.into_value(), start))
    }

    async fn load(&self, digest: Digest) -> Result<Component<Ctx>, Error> {
        match self.verified(digest).await? {
            Some(artifact) => self.map(artifact).map_err(|error| load_error(&error)),
            None => self.recompile(digest).await,
        }
    }

    fn map(&self, artifact: Artifact) -> Result<Component<Ctx>, LoadError> {
        self.engine.load(&artifact)
    }

    /// The artifact of a source; none if there is none that can be trusted.
    async fn verified(&self, digest: Digest) -> Result<Option<Artifact>, Error> {
        let artifacts = self.artifacts.clone();
        let found = blocking(move || artifacts.get(digest)).await?;
        match found {
            Ok(found) => Ok(found),
            Err(error @ ArtifactError::Forged(_)) => {
                tracing::warn!(%error, "not trusting a damaged artifact; compiling anew");
                Ok(None)
            }
            Err(ArtifactError::Io(error)) => {
                tracing::error!(%digest, %error, "could not read an artifact; compiling anew");
                Ok(None)
            }
        }
    }

    async fn recompile(&self, digest: Digest) -> Result<Component<Ctx>, Error> {
        tracing::info!(%digest, "compiling a component that has no artifact");
        let code = self.code.get(digest).await.map_err(|error| {
            tracing::error!(%digest, %error, "could not read a component");
            internal()
        })?;
        let Some(code) = code else {
            tracing::error!(%digest, "a version refers to code that is not there");
            return Err(internal());
        };
        self.compile(None, digest, code).await
    }

    async fn compile(
        &self,
        namespace: Option<&Namespace>,
        digest: Digest,
        code: Bytes,
    ) -> Result<Component<Ctx>, Error> {
        let needed = COMPILE_BYTES.saturating_add(COMPILE_TIMES * code.len() as u64);
        let hold = self.budget.hold(namespace.cloned(), None);
        hold.grow(needed.min(self.budget.usage().capacity / 4)).map_err(|exhausted| {
            let detail = format!("cannot compile now: {exhausted}; try again later");
            Error::new(ErrorCode::MemoryExhausted, detail)
        })?;
        let compiled = self.engine.compile(code, namespace).await;
        let machine_code = compiled.map_err(|error| compile_error(&error))?;
        drop(hold);
        let artifacts = self.artifacts.clone();
        let artifact = blocking(move || artifacts.put(digest, &machine_code)).await?;
        let artifact = artifact.map_err(|error| {
            tracing::error!(%digest, %error, "could not write an artifact");
            let detail = "the compiled component could not be written; is the disk full?";
            Error::new(ErrorCode::StorageUnavailable, detail)
        })?;
        self.map(artifact).map_err(|error| load_error(&error))
    }

    /// The component to run and what to run it under.
    async fn invocation(&self, call: &Call) -> Result<(Component<Ctx>, Invocation<Ctx>), Error> {
        let began = Instant::now();
        let (component, start) = self.component(call.function.digest).await?;
        let pool = self.warm.instances(&call.function, &component, &self.shared);
        // What a shared instance sends on does not say which request it was for,
        // so where recursion is to be noticed each has its own.
        let alone = call.function.configuration.shared > 1 && !call.origin.lineage.is_empty();
        let component = pool.filter(|_| !alone).map_or(component, Component::from_pool);
        let ctx = Ctx::new(self.shared.clone(), call.function.clone(), call.origin.clone());
        let invocation = Invocation {
            limits: call.limits,
            outgoing: Some(ctx.outgoing()),
            state: ctx,
            environment: call.function.configuration.environment.clone(),
            context: Context {
                id: Some(call.id),
                function: Some(call.function.clone()),
                trace_parent: call.origin.trace_parent.clone(),
                principal: call.principal.clone(),
                attributes: Vec::new(),
            },
            start,
            began,
        };
        Ok((component, invocation))
    }
}

#[async_trait]
impl Inspect for Functions {
    async fn prepare(
        &self,
        namespace: &Namespace,
        digest: Digest,
        code: Bytes,
    ) -> Result<Inspected, Error> {
        if let Some(component) = self.loaded.get(&digest).await {
            return inspected(&component, &[]);
        }
        let engine = self.engine.clone();
        let source = code.clone();
        let inspection = blocking(move || engine.inspect(&source)).await?;
        let inspection = inspection.map_err(|error| inspect_error(&error))?;
        check(&inspection)?;
        let component = match self.verified(digest).await? {
            Some(artifact) => self.map(artifact).map_err(|error| load_error(&error))?,
            None => self.compile(Some(namespace), digest, code).await?,
        };
        let exports: Vec<_> = inspection.handlers;
        let inspected = inspected(&component, &exports)?;
        self.loaded.insert(digest, component).await;
        Ok(inspected)
    }

    async fn provision(&self, head: &Arc<FunctionVersion>) {
        self.warm.withdraw(&head.namespace, &head.name, Some(head.version));
        if head.configuration.provisioned.always() == 0 {
            return;
        }
        match self.component(head.digest).await {
            Ok((component, _)) => {
                if let Some(instances) = self.warm.instances(head, &component, &self.shared) {
                    instances.fill().await;
                    let (function, idle) = (&head.name, instances.idle());
                    tracing::info!(%function, idle, "instances are ready");
                }
            }
            Err(error) => {
                tracing::warn!(function = %head.name, %error, "cannot provision instances");
            }
        }
    }

    fn withdraw(&self, namespace: &Namespace, name: &FunctionName, version: Option<VersionNumber>) {
        self.warm.withdraw(namespace, name, version);
    }

    async fn forget(&self, digest: Digest) {
        self.loaded.invalidate(&digest).await;
        self.warm.forget(digest);
        let artifacts = self.artifacts.clone();
        // Only fails when the process is ending; the file goes at the next start.
        let _ = blocking(move || artifacts.remove(digest)).await;
    }
}

impl Runner for Functions {
    fn is_overloaded(&self, function: &FunctionVersion) -> bool {
        self.engine.is_overloaded(Some(function))
    }

    fn http(
        &self,
        call: Call,
        request: http::Request<Body>,
        finished: Box<dyn FnOnce(Finished) + Send>,
    ) -> BoxFuture<'_, Answer> {
        Box::pin(async move {
            let (component, invocation) = match self.invocation(&call).await {
                Ok(found) => found,
                Err(error) => return Answer::Refused(error),
            };
            let on_finished = move |end: lambent_engine::Finished<()>| {
                finished(Finished {
                    outcome: end.outcome,
                    meter: end.meter,
                    logs: end.logs,
                    output: None,
                    failed: Vec::new(),
                });
            };
            match component.http(invocation, request, on_finished).await {
                lambent_engine::HttpOutcome::Response(response) => {
                    Answer::Response(response.map(BodyExt::boxed_unsync))
                }
                lambent_engine::HttpOutcome::Ended(outcome) => Answer::Ended(outcome),
                lambent_engine::HttpOutcome::Refused(refused) => Answer::Refused(refusal(&refused)),
            }
        })
    }

    fn event(&self, call: Call, event: Event) -> BoxFuture<'_, Result<Finished, Error>> {
        Box::pin(async move {
            let (component, invocation) = self.invocation(&call).await?;
            let handled = async move {
                lambent_capabilities::event(&component, invocation, call.handler, event).await
            };
            let end = self.engine.migrating(handled).await.ok_or_else(ending)?;
            let end: lambent_engine::Finished<Output> = end.map_err(|refused| refusal(&refused))?;
            Ok(Finished {
                outcome: end.outcome,
                meter: end.meter,
                logs: end.logs,
                output: end.value,
                failed: Vec::new(),
            })
        })
    }

    fn batch(&self, call: Call, events: Vec<Event>) -> BoxFuture<'_, Result<Finished, Error>> {
        Box::pin(async move {
            let (component, invocation) = self.invocation(&call).await?;
            let handled = async move { component.batch(invocation, events).await };
            let end = self.engine.migrating(handled).await.ok_or_else(ending)?;
            let end = end.map_err(|refused| refusal(&refused))?;
            Ok(Finished {
                outcome: end.outcome,
                meter: end.meter,
                logs: end.logs,
                output: None,
                failed: end.value.unwrap_or_default(),
            })
        })
    }
}

async fn blocking<R: Send + 'static>(
    work: impl FnOnce() -> R + Send + 'static,
) -> Result<R, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "a blocking task did not finish");
        internal()
    })
}

fn internal() -> Error {
    Error::new(ErrorCode::Internal, "the node failed to load the function; see its log")
}

/// For a guest that went down with the executor it was on.
fn ending() -> Error {
    Error::new(ErrorCode::ShuttingDown, "the node is stopping")
}

fn check(inspection: &Inspection) -> Result<(), Error> {
    if !inspection.unmet.is_empty() {
        let list: Vec<_> = inspection.unmet.iter().map(|unmet| format!("  {unmet}")).collect();
        let detail = format!("the component imports what is not served:\n{}", list.join("\n"));
        return Err(Error::new(ErrorCode::UnmetImports, detail));
    }
    if inspection.handlers.is_empty() {
        let exports: Vec<_> = inspection.exports.iter().map(ToString::to_string).collect();
        let handlers: Vec<_> = Handler::ALL.iter().map(|handler| handler.as_str()).collect();
        let detail = format!(
            "the component has no export that can be called; it exports [{}], and one of these is needed: {}",
            exports.join(", "),
            handlers.join(", ")
        );
        return Err(Error::new(ErrorCode::InvalidComponent, detail));
    }
    Ok(())
}

/// `named` are the exports with a handler's name; whether their types are
/// right is known only now.
fn inspected(component: &Component<Ctx>, named: &[Handler]) -> Result<Inspected, Error> {
    let handlers = component.handlers();
    if handlers.is_empty() {
        let named: Vec<_> = named.iter().map(|handler| handler.as_str()).collect();
        let detail = format!(
            "the component exports {}, but with other functions or types than that interface has",
            named.join(", ")
        );
        return Err(Error::new(ErrorCode::InvalidComponent, detail));
    }
    Ok(Inspected { handlers, memory_bytes_min: component.memory_bytes_min().unwrap_or(0) })
}

fn inspect_error(error: &InspectError) -> Error {
    Error::new(ErrorCode::InvalidComponent, error.to_string())
}

fn compile_error(error: &CompileError) -> Error {
    match error {
        CompileError::Failed(_) => Error::new(ErrorCode::CompileFailed, error.to_string()),
        CompileError::Limit(_) => Error::new(ErrorCode::CompileLimit, error.to_string()),
        CompileError::Busy(_) => Error::new(ErrorCode::Overloaded, error.to_string()),
        CompileError::Unavailable(reason) => {
            tracing::error!(reason, "the compiler could not be run");
            Error::new(ErrorCode::Internal, "the compiler could not be run; see the node's log")
        }
    }
}

fn no_compiler(program: &Path, error: &std::io::Error) -> lambent_engine::StartError {
    let reason = format!("cannot open {}, which compiles: {error}", program.display());
    lambent_engine::StartError::Engine(reason)
}

fn load_error(error: &LoadError) -> Error {
    match error {
        LoadError::Link(_) => Error::new(ErrorCode::UnmetImports, error.to_string()),
        LoadError::TooLarge(_) => Error::new(ErrorCode::InvalidComponent, error.to_string()),
        LoadError::Artifact(reason) => {
            tracing::error!(reason, "an artifact could not be loaded");
            internal()
        }
    }
}

fn refusal(refused: &Refused) -> Error {
    match refused {
        Refused::PoolExhausted => {
            Error::new(ErrorCode::Overloaded, "every instance slot of the node is taken")
        }
        Refused::MemoryExhausted(_) => {
            Error::new(ErrorCode::MemoryExhausted, format!("{refused}; try again later"))
        }
        Refused::NoSuchExport(_) => Error::new(ErrorCode::NotInvocable, refused.to_string()),
    }
}
