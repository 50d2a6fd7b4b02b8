//! Components in memory, on disk, and compiled where they are neither.

use std::collections::BTreeSet;
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use foldhash::fast::RandomState;
use lambent_capabilities::Ctx;
use lambent_engine::{
    Artifact, ArtifactCache, ArtifactError, Budget, Component, Engine, Hold, LoadError, Snapshot,
};
use lambent_package::Format;
use lambent_storage::{CodeStore, OpenCode};
use lambent_types::{Digest, Error, ErrorCode, Namespace, Start};

use crate::errors::{blocking, compile_error, internal, load_error, module_error};

/// Components kept in memory; beyond it the least recently used leave, and
/// come back from their artifacts when called.
const LOADED_MAX: u64 = 20_000;
/// How long an unused component stays in memory.
const LOADED_IDLE: Duration = Duration::from_secs(15 * 60);

/// Bytes that a compiler takes whatever it compiles.
const COMPILE_BYTES: u64 = 64 << 20;
/// How often the size of a component it takes besides: 370 MB for an 18 MB one.
const COMPILE_TIMES: u64 = 20;

/// As many bytes of a package as show that it is one.
const HEAD_BYTES: usize = 8;

/// All the code that this node can run.
pub(crate) struct Loader {
    engine: Engine<Ctx>,
    artifacts: Arc<ArtifactCache>,
    code: Arc<dyn CodeStore>,
    loaded: moka::future::Cache<Digest, Component<Ctx>, RandomState>,
    budget: Arc<Budget>,
}

impl Loader {
    pub(crate) fn new(
        engine: Engine<Ctx>,
        artifacts: ArtifactCache,
        code: Arc<dyn CodeStore>,
        budget: Arc<Budget>,
    ) -> Self {
        let loaded = moka::future::Cache::builder()
            .max_capacity(LOADED_MAX)
            .time_to_idle(LOADED_IDLE)
            .build_with_hasher(RandomState::default());
        Self { engine, artifacts: Arc::new(artifacts), code, loaded, budget }
    }

    /// A component that is in memory.
    pub(crate) async fn loaded(&self, digest: Digest) -> Option<Component<Ctx>> {
        self.loaded.get(&digest).await
    }

    /// Keeps a component in memory.
    pub(crate) async fn keep(&self, digest: Digest, component: Component<Ctx>) {
        self.loaded.insert(digest, component).await;
    }

    /// Drops what was derived from code that no version refers to any more.
    pub(crate) async fn forget(&self, digest: Digest) {
        self.loaded.invalidate(&digest).await;
        let artifacts = self.artifacts.clone();
        // This fails only when the process is ending; the file goes at the next start.
        let _ = blocking(move || artifacts.remove(digest)).await;
    }

    /// Checks every artifact and compiles those that are missing or damaged, so
    /// that no request has to wait for it. Done in the background after start.
    pub(crate) async fn restore(&self, digests: BTreeSet<Digest>) {
        for digest in digests {
            match self.verified(digest).await {
                Ok(Some(_)) => {}
                Ok(None) if self.is_no_component(digest).await => {}
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

    /// Whether code is files that a runtime runs, or a snapshot: neither has machine code. What
    /// cannot be read is told of where it is compiled.
    async fn is_no_component(&self, digest: Digest) -> bool {
        let Ok(Some(opened)) = self.code.open(digest).await else { return false };
        let head = blocking(move || -> io::Result<_> {
            let mut head = [0; HEAD_BYTES];
            match opened {
                OpenCode::Memory(bytes) => (&bytes[..]).read_exact(&mut head)?,
                OpenCode::File(file) => file.read_exact_at(&mut head, 0)?,
            }
            Ok(head)
        });
        let known = |head: &[u8]| Format::of(head).is_some() || Snapshot::is_one(head);
        matches!(head.await, Ok(Ok(head)) if known(&head))
    }

    pub(crate) async fn component(&self, digest: Digest) -> Result<(Component<Ctx>, Start), Error> {
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

    pub(crate) fn map(&self, artifact: Artifact) -> Result<Component<Ctx>, LoadError> {
        self.engine.load(&artifact)
    }

    /// The artifact of a source; none if there is none that can be trusted.
    pub(crate) async fn verified(&self, digest: Digest) -> Result<Option<Artifact>, Error> {
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
        let component = self.component_of(None, code).await?;
        self.compile(None, digest, component).await
    }

    /// What is compiled of code that is kept: itself, or the component that it is adapted to.
    pub(crate) async fn component_of(
        &self,
        namespace: Option<&Namespace>,
        code: Bytes,
    ) -> Result<Bytes, Error> {
        let (engine, source) = (self.engine.clone(), code.clone());
        let module = blocking(move || engine.inspect_module(&source)).await?;
        if module.map_err(|error| module_error(&error))?.is_none() {
            return Ok(code);
        }
        let _hold = self.hold(namespace, code.len())?;
        self.engine.adapt(code, namespace).await.map_err(|error| compile_error(&error))
    }

    /// Draws what the compiler takes for code of so many bytes on the node's memory.
    fn hold(&self, namespace: Option<&Namespace>, bytes: usize) -> Result<Hold, Error> {
        let needed = COMPILE_BYTES.saturating_add(COMPILE_TIMES * bytes as u64);
        let hold = self.budget.hold(namespace.cloned(), None);
        hold.grow(needed.min(self.budget.usage().capacity / 4)).map_err(|exhausted| {
            let detail = format!("cannot compile now: {exhausted}; try again later");
            Error::new(ErrorCode::MemoryExhausted, detail)
        })?;
        Ok(hold)
    }

    pub(crate) async fn compile(
        &self,
        namespace: Option<&Namespace>,
        digest: Digest,
        component: Bytes,
    ) -> Result<Component<Ctx>, Error> {
        let hold = self.hold(namespace, component.len())?;
        let compiled = self.engine.compile(component, namespace).await;
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
}
