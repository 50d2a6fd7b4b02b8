use std::collections::HashSet;
#[cfg(feature = "compile")]
use std::collections::hash_map::DefaultHasher;
#[cfg(feature = "compile")]
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use bytes::Bytes;
use lambent_types::{FunctionVersion, Interface, Namespace};
use tokio::runtime::Handle;
use wasmtime::component::Linker;

use crate::abi::Abi;
#[cfg(feature = "compile")]
use crate::adapt;
use crate::artifact::Artifact;
use crate::budget::Budget;
use crate::capability::Capability;
#[cfg(not(feature = "compile"))]
use crate::compile::NoCompiler;
use crate::compile::{CompileError, Compiler};
use crate::component::Component;
use crate::core_module::{self, CoreModule, ModuleError, is_module};
use crate::epochs::Epochs;
use crate::error::{ComponentError, LoadError, StartError};
use crate::guest_memory::GuestMemory;
use crate::idle_slots::IdleSlots;
#[cfg(feature = "compile")]
use crate::in_process::InProcess;
use crate::inspect::{InspectError, Inspection, inspect};
use crate::linked::Linked;
use crate::memory_access;
use crate::options::Options;
use crate::own_runtime::OwnRuntime;
use crate::pool::{Pool, PoolAdvice, Resident};
use crate::runtime::Runtime;
use crate::scheduler::{Migrating, Scheduler};
use crate::store_data::Host;
use crate::tenant::tenant;
use crate::trim::Trimmer;
use crate::wasi_interfaces::Wasi;

/// Compiles, loads and runs components. Cheap to clone; one per process is
/// right, since each reserves a pool.
pub struct Engine<T: 'static> {
    inner: Arc<Inner<T>>,
}

struct Inner<T: 'static> {
    /// The target of [`Abi::Sync`], and the target of [`Abi::Async`].
    targets: [Target<T>; 2],
    served: Vec<Interface>,
    capabilities: Vec<Served<T>>,
    compiler: Arc<dyn Compiler>,
    advice: Vec<PoolAdvice>,
    runtime: Runtime,
}

/// A capability of an engine.
struct Served<T: 'static> {
    capability: Box<dyn Capability<T>>,
    /// Whether it may define what was defined before.
    replaces: bool,
    /// Whether it is there without being asked for.
    is_default: bool,
}

impl<T: 'static> Served<T> {
    fn new(capability: impl Capability<T> + 'static, replaces: bool) -> Self {
        Self { capability: Box::new(capability), replaces, is_default: false }
    }

    fn link(&self, linker: &mut Linker<Host<T>>, abi: Abi) -> wasmtime::Result<()> {
        linker.allow_shadowing(self.replaces);
        let mut linked = self.capability.link(linker);
        if abi == Abi::Async {
            // The first may have ended it.
            linker.allow_shadowing(self.replaces);
            linked = linked.and_then(|()| self.capability.link_async(linker));
        }
        linker.allow_shadowing(false);
        linked
    }
}

#[cfg(feature = "compile")]
fn default_compiler(options: Options) -> Arc<dyn Compiler> {
    Arc::new(InProcess::new(options))
}

#[cfg(not(feature = "compile"))]
fn default_compiler(_: Options) -> Arc<dyn Compiler> {
    Arc::new(NoCompiler)
}

/// What runs the components of one [`Abi`].
struct Target<T: 'static> {
    wasmtime: wasmtime::Engine,
    linker: Linker<Host<T>>,
}

impl<T: Send + 'static> Target<T> {
    /// A target with a pool, or without one and why.
    fn new(
        abi: Abi,
        options: &Options,
        pool: &Pool,
        capabilities: &[Served<T>],
    ) -> Result<(Self, Option<PoolAdvice>), StartError> {
        let config = options.run_config(abi, Some(pool));
        let (wasmtime, advice) = match wasmtime::Engine::new(&config) {
            Ok(engine) => (engine, None),
            Err(error) => {
                let advice = PoolAdvice::NoPool { reason: format!("{error:#}") };
                let engine = wasmtime::Engine::new(&options.run_config(abi, None))
                    .map_err(|error| StartError::Engine(format!("{error:#}")))?;
                (engine, Some(advice))
            }
        };
        let mut linker = Linker::new(&wasmtime);
        memory_access::link(&mut linker).map_err(|error| StartError::Link(format!("{error:#}")))?;
        for served in capabilities {
            let linked = served.link(&mut linker, abi);
            linked.map_err(|error| StartError::Link(format!("{error:#}")))?;
        }
        Ok((Self { wasmtime, linker }, advice))
    }
}

impl<T: 'static> Clone for Engine<T> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

/// Builds an [`Engine`].
pub struct Builder<T: 'static> {
    options: Options,
    capabilities: Vec<Served<T>>,
    compiler: Option<Arc<dyn Compiler>>,
    executor: Option<Handle>,
    budget: Option<Arc<Budget>>,
}

impl<T: Send + 'static> Builder<T> {
    /// Serves one more capability.
    #[must_use]
    pub fn capability(mut self, capability: impl Capability<T> + 'static) -> Self {
        self.capabilities.push(Served::new(capability, false));
        self
    }

    /// Serves one more capability, which may be in the place of interfaces that were there
    /// before, such as one of [`Wasi`]: those that it defines under the same names, with their
    /// [version](crate::WASI_02), are its own from then on.
    #[must_use]
    pub fn replace(mut self, capability: impl Capability<T> + 'static) -> Self {
        self.capabilities.push(Served::new(capability, true));
        self
    }

    /// Serves nothing but the capabilities that are added: no `wasi:*` at all. Components that
    /// import something of it are refused when they are loaded.
    #[must_use]
    pub fn without_wasi(mut self) -> Self {
        self.capabilities.retain(|served| !served.is_default);
        self
    }

    /// Compiles with `compiler` in place of [`InProcess`].
    #[must_use]
    pub fn compiler(mut self, compiler: Arc<dyn Compiler>) -> Self {
        self.compiler = Some(compiler);
        self
    }

    /// Sends guests that run for long to this executor, in place of letting
    /// them run on where they were called: for a product whose threads each
    /// have an executor of their own, so that none is kept busy while others idle.
    #[must_use]
    pub fn executor(mut self, executor: Handle) -> Self {
        self.executor = Some(executor);
        self
    }

    /// Has the memory of all guests together, the waiting ones included, drawn
    /// from `budget`: what does not fit is refused. Without one it is unbounded,
    /// but for each guest's own limit; a process that runs functions of others
    /// should have one.
    #[must_use]
    pub fn budget(mut self, budget: Arc<Budget>) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Reserves the pool and links the capabilities.
    ///
    /// A machine that cannot carry the pool asked for gets a smaller one, or
    /// none: [`Engine::advice`] then says what to change.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn build(self) -> Result<Engine<T>, StartError> {
        let pool = Pool::for_host(self.options.instances);
        let capabilities = self.capabilities;
        let names = capabilities.iter().flat_map(|served| served.capability.interfaces());
        let mut served: Vec<_> = names.map(Interface).collect();
        let mut named = HashSet::new();
        // One that was replaced is named twice.
        served.retain(|interface| named.insert(interface.clone()));
        let target = |abi| Target::new(abi, &self.options, &pool, &capabilities);
        let [(sync, no_pool), (concurrent, no_second_pool)] =
            [target(Abi::Sync)?, target(Abi::Async)?];
        let no_pool = no_pool.or(no_second_pool);
        let epochs = Epochs::start([&sync.wasmtime, &concurrent.wasmtime])
            .map_err(|error| StartError::Engine(format!("no thread for its clock: {error}")))?;
        let advice = no_pool.map_or_else(|| pool.advice.clone(), |advice| vec![advice]);
        let idle = self.options.idle_bytes;
        let compiler = self.compiler.unwrap_or_else(|| default_compiler(self.options));
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let engines = [sync.wasmtime.clone(), concurrent.wasmtime.clone()];
        let slot = Resident::within(idle, &pool).memory as u64;
        let trimmer = Trimmer::new(engines, idle / 2, slot);
        let budget = self.budget.unwrap_or_else(Budget::unlimited);
        let inner = Inner {
            targets: [sync, concurrent],
            served,
            capabilities,
            compiler,
            advice,
            runtime: Runtime {
                scheduler: Scheduler::new(cores, epochs),
                slots: IdleSlots::new(pool.instances),
                memory: GuestMemory::new(budget, trimmer),
                executor: self.executor,
                own: Arc::default(),
            },
        };
        Ok(Engine { inner: Arc::new(inner) })
    }
}

impl<T: Send + 'static> Engine<T> {
    /// Starts building an engine that serves [`Wasi`].
    #[must_use]
    pub fn builder(options: Options) -> Builder<T> {
        let capabilities = vec![Served { is_default: true, ..Served::new(Wasi, false) }];
        Builder { options, capabilities, compiler: None, executor: None, budget: None }
    }

    /// Whether so many guests of a function wait for the CPU that one more would have to
    /// wait too long: for half a second, or four times what its guests use. It is better
    /// to refuse it. `None` stands for all invocations that name no function.
    #[must_use]
    pub fn is_overloaded(&self, function: Option<&FunctionVersion>) -> bool {
        self.inner.runtime.scheduler.is_overloaded(|| tenant(function))
    }

    /// Runs a future that runs guests: here, or on the [executor](Builder::executor)
    /// once it has run for long. `None` if that has ended.
    pub fn migrating<F>(&self, future: F) -> impl Future<Output = Option<F::Output>> + Send
    where
        F: Future<Output: Send> + Send + 'static,
    {
        Migrating::new(future, self.inner.runtime.executor.clone())
    }

    /// Bytes that slots of the pools keep resident for memories while nobody uses
    /// them: at most half of [`Options::idle_bytes`], shortly after guests ended.
    #[must_use]
    pub fn idle_bytes(&self) -> u64 {
        self.inner.runtime.memory.trimmer.unused()
    }

    /// What about this machine makes the engine smaller or slower than asked.
    #[must_use]
    pub fn advice(&self) -> &[PoolAdvice] {
        &self.inner.advice
    }

    /// The interfaces that components may import.
    #[must_use]
    pub fn interfaces(&self) -> &[Interface] {
        &self.inner.served
    }

    /// Names the kind of machine code this engine makes and loads: equal for
    /// engines that can load each other's artifacts.
    #[cfg(feature = "compile")]
    #[must_use]
    pub fn compatibility(&self) -> String {
        let mut hasher = DefaultHasher::new();
        for target in &self.inner.targets {
            target.wasmtime.precompile_compatibility_hash().hash(&mut hasher);
        }
        (adapt::EDITION, memory_access::EDITION).hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }

    /// Validates a component and finds what it exports and needs.
    ///
    /// Takes time linear in the size of `wasm`, and runs none of it.
    ///
    /// # Errors
    /// The bytes are not a valid component; the error says what they are.
    pub fn inspect(&self, wasm: &[u8]) -> Result<Inspection, InspectError> {
        let [.., target] = &self.inner.targets;
        inspect(wasm, target.wasmtime.get_wasm_features(), &self.inner.served)
    }

    /// Validates a core module of WASI preview 1 and finds what it can be
    /// [adapted](Self::adapt) to; nothing if the bytes are not those of a core module.
    ///
    /// Takes time linear in the size of `wasm`, and runs none of it.
    ///
    /// # Errors
    /// It is not valid, or cannot be adapted.
    pub fn inspect_module(&self, wasm: &[u8]) -> Result<Option<CoreModule>, ModuleError> {
        let [.., target] = &self.inner.targets;
        let features = target.wasmtime.get_wasm_features();
        is_module(wasm).then(|| core_module::inspect(wasm, features)).transpose()
    }

    /// Makes a component of a core module with this engine's [`Compiler`], for a namespace or
    /// for the product itself. It is to be inspected like any other.
    ///
    /// # Errors
    /// See [`CompileError`].
    pub async fn adapt(
        &self,
        wasm: Bytes,
        namespace: Option<&Namespace>,
    ) -> Result<Bytes, CompileError> {
        Ok(self.inner.compiler.adapt(wasm, namespace).await?.into())
    }

    /// Compiles a component with this engine's [`Compiler`], for a namespace or
    /// for the product itself.
    ///
    /// # Errors
    /// See [`CompileError`].
    pub async fn compile(
        &self,
        wasm: Bytes,
        namespace: Option<&Namespace>,
    ) -> Result<Vec<u8>, CompileError> {
        self.inner.compiler.compile(wasm, namespace).await
    }

    /// Compiles a component, or a core module that is adapted first, and makes it ready to
    /// run, keeping it in memory only: what an embedder without an artifact cache needs.
    ///
    /// # Errors
    /// It cannot be compiled, or its imports are not served.
    pub async fn component(&self, wasm: Bytes) -> Result<Component<T>, ComponentError> {
        let code = self.code(wasm).await?;
        // SAFETY: the bytes come from our own compiler and went through no
        // storage in which anybody else could have changed them.
        Ok(unsafe { self.deserialize(&code) }?)
    }

    /// Machine code of a component, or of a core module that is adapted first.
    pub(crate) async fn code(&self, wasm: Bytes) -> Result<Vec<u8>, CompileError> {
        let compiled = async {
            let wasm = if is_module(&wasm) { self.adapt(wasm, None).await? } else { wasm };
            self.compile(wasm, None).await
        };
        self.own_runtime().enter(compiled).await
    }

    /// Maps an artifact into memory and makes it ready to run.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn load(&self, artifact: &Artifact) -> Result<Component<T>, LoadError> {
        self.prepare(|engine| artifact.map(engine))
    }

    /// Makes machine code ready to run.
    ///
    /// # Safety
    /// It must be what an engine of this build has compiled.
    pub(crate) unsafe fn deserialize(&self, code: &[u8]) -> Result<Component<T>, LoadError> {
        // SAFETY: promised by the caller.
        self.prepare(|engine| unsafe { wasmtime::component::Component::deserialize(engine, code) })
    }

    /// The executor for those who call from outside of any.
    pub(crate) fn own_runtime(&self) -> &OwnRuntime {
        &self.inner.runtime.own
    }

    /// Loads with the engine for the artifact's ABI, and links.
    fn prepare(
        &self,
        load: impl Fn(&wasmtime::Engine) -> wasmtime::Result<wasmtime::component::Component>,
    ) -> Result<Component<T>, LoadError> {
        let Inner { targets: [sync, concurrent], .. } = &*self.inner;
        // An engine refuses an artifact of the other ABI by its head.
        let (target, component) = match load(&sync.wasmtime) {
            Ok(component) => (sync, component),
            Err(error) => match load(&concurrent.wasmtime) {
                Ok(component) => (concurrent, component),
                Err(second) => return Err(unloadable(&error, &second)),
            },
        };
        self.link(target, &component)
    }

    fn link(
        &self,
        target: &Target<T>,
        component: &wasmtime::component::Component,
    ) -> Result<Component<T>, LoadError> {
        let pre = target
            .linker
            .instantiate_pre(component)
            .map_err(|error| LoadError::Link(format!("{error:#}")))?;
        let capabilities = self.inner.capabilities.iter();
        let handlers = capabilities.flat_map(|served| served.capability.handlers(&pre)).collect();
        let runtime = self.inner.runtime.clone();
        let linked = Linked::new(target.wasmtime.clone(), runtime, pre, handlers)?;
        Ok(Component::new(linked))
    }
}

/// What two engines say of an artifact that neither of them loads.
fn unloadable(sync: &wasmtime::Error, concurrent: &wasmtime::Error) -> LoadError {
    let messages = [format!("{sync:#}"), format!("{concurrent:#}")];
    // The pool's own words for a component beyond its bounds.
    match messages.iter().find(|message| message.contains("exceed")) {
        Some(message) => LoadError::TooLarge(message.clone()),
        None => LoadError::Artifact(messages.join("; ")),
    }
}
