use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_std::fs::Dir;
use lambent_capabilities::{Ctx, OwnDoors, Shared};
use lambent_engine::{ArtifactCache, Budget, Engine, Options, PoolAdvice, StartError};
use lambent_storage::CodeStore;
use lambent_types::Digest;
use tokio::runtime::Handle;

use crate::compiler::ChildCompiler;
use crate::instance_pools::{InstancePools, RETIRE_EVERY};
use crate::loader::Loader;
use crate::open_files;
use crate::packages::Packages;
use crate::provisioning::Provisioning;
use crate::runtimes::Runtimes;
use crate::snapshots::Snapshots;

/// All the code this node can run.
pub struct Host {
    pub(crate) engine: Engine<Ctx>,
    pub(crate) loader: Loader,
    pub(crate) packages: Packages,
    pub(crate) snapshots: Snapshots,
    pub(crate) runtimes: Runtimes,
    pub(crate) pools: InstancePools,
    pub(crate) provisioning: Provisioning,
    pub(crate) shared: Arc<Shared>,
}

/// What [`Host::open`] needs.
pub struct Setup {
    /// Where the artifacts are.
    pub artifacts: Dir,
    /// What they are authenticated with.
    pub key: [u8; 32],
    /// Where the components and the packages are.
    pub code: Arc<dyn CodeStore>,
    /// Where what functions write to `/tmp` is, in files without names.
    pub scratch: Dir,
    /// Where what functions import leads.
    pub shared: Shared,
    /// The program whose `compile-worker` command compiles.
    pub program: PathBuf,
    /// Invocations that can run at once.
    pub instances: u32,
    /// Where guests go that run for long.
    pub executor: Handle,
    /// The memory that guests draw on.
    pub budget: Arc<Budget>,
    /// What may stay resident for guests to come.
    pub idle_bytes: u64,
    /// CPU time that compiling one component may take.
    pub compile_cpu_seconds: u64,
}

impl Host {
    /// Opens the engine and the artifacts. Blocks.
    ///
    /// # Errors
    /// The engine or the compiler cannot be had.
    pub fn open(setup: Setup) -> Result<Arc<Self>, StartError> {
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
        let packages = Packages::new(setup.code.clone(), setup.scratch);
        let snapshots = Snapshots::new(setup.code.clone(), setup.budget.clone(), cores);
        let loader = Loader::new(engine.clone(), artifacts, setup.code, setup.budget);
        let (pools, shared) = (InstancePools::default(), Arc::new(setup.shared));
        let runtimes = Runtimes::default();
        let provisioning = Provisioning::default();
        Ok(Arc::new(Self {
            engine,
            loader,
            packages,
            snapshots,
            runtimes,
            pools,
            provisioning,
            shared,
        }))
    }

    /// Says where the node's own doors are; see
    /// [`Shared::set_doors`](lambent_capabilities::Shared::set_doors).
    pub fn set_doors(&self, doors: Arc<dyn OwnDoors>) {
        self.shared.set_doors(doors);
    }

    /// What about this machine makes running slower or smaller than it could be.
    pub fn advice(&self) -> &[PoolAdvice] {
        self.engine.advice()
    }

    /// Checks every artifact and compiles those that are missing or damaged, so
    /// that no request has to wait for it. Done in the background after start.
    pub async fn restore(&self, digests: BTreeSet<Digest>) {
        self.loader.restore(digests).await;
    }

    /// Gives back, again and again, what instances that nobody uses hold.
    pub async fn retire(&self) {
        loop {
            tokio::time::sleep(RETIRE_EVERY).await;
            self.pools.retire();
        }
    }
}

fn no_compiler(program: &Path, error: &std::io::Error) -> StartError {
    let reason = format!("cannot open {}, which compiles: {error}", program.display());
    StartError::Engine(reason)
}
