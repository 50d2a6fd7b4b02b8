use async_trait::async_trait;
use bytes::Bytes;
use lambent_types::Namespace;

use crate::abi::Abi;
use crate::adapt::adapt;
use crate::memory_access;
use crate::options::Options;
use crate::wasi_candidate;

/// Turns components into machine code, and core modules into components.
///
/// Compiling is the one step whose cost a hostile upload decides: tens of
/// kilobytes can take minutes or gigabytes. Embedders who trust their
/// components compile [`InProcess`]; a server does it in a child process.
#[async_trait]
pub trait Compiler: Send + Sync {
    /// Compiles a validated component to an artifact that any engine of this
    /// build can load. A compiler that can do only so much at a time divides it
    /// among the `namespace`s that ask; none is the product itself.
    ///
    /// # Errors
    /// The component cannot be compiled, or not within the compiler's limits.
    async fn compile(
        &self,
        wasm: Bytes,
        namespace: Option<&Namespace>,
    ) -> Result<Vec<u8>, CompileError>;

    /// Makes a component of a core module that can be adapted to one, for a namespace as
    /// [`compile`](Self::compile) is. It need not be valid.
    ///
    /// # Errors
    /// The module cannot be adapted, or not within the compiler's limits.
    async fn adapt(
        &self,
        wasm: Bytes,
        namespace: Option<&Namespace>,
    ) -> Result<Vec<u8>, CompileError>;
}

/// Why there is no machine code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// The component is valid but the compiler cannot translate it.
    #[error("the component does not compile: {0}")]
    Failed(String),
    /// A core module cannot be made a component.
    #[error("the core module cannot be adapted to a component: {0}")]
    Unadaptable(String),
    /// Compiling used up what it may use.
    #[error("compiling the component took {0}; split it, or remove what it does not need")]
    Limit(String),
    /// Too much waits to be compiled already.
    #[error("{0}; try again in a minute")]
    Busy(String),
    /// The compiler itself could not be run.
    #[error("the compiler could not be run: {0}")]
    Unavailable(String),
}

/// Compiles on a thread of this process, without limits.
#[derive(Debug, Clone, Default)]
pub struct InProcess(Options);

impl InProcess {
    /// A compiler that uses as many threads as `options` say.
    #[must_use]
    pub const fn new(options: Options) -> Self {
        Self(options)
    }

    /// Compiles on the calling thread.
    ///
    /// # Errors
    /// The errors of [`Compiler::compile`].
    pub fn compile_blocking(&self, wasm: &[u8]) -> Result<Vec<u8>, CompileError> {
        let engine = |abi| {
            wasmtime::Engine::new(&self.0.compile_config(abi))
                .map_err(|error| CompileError::Unavailable(format!("{error:#}")))
        };
        let sync = engine(Abi::Sync)?;
        let engine = match Abi::of(wasm, sync.get_wasm_features()) {
            Abi::Sync => sync,
            Abi::Async => engine(Abi::Async)?,
        };
        let translated = wasi_candidate::translate(wasm);
        let accessible = memory_access::add(&translated);
        engine
            .precompile_component(accessible.as_deref().unwrap_or(&translated))
            .map_err(|error| CompileError::Failed(format!("{error:#}")))
    }

    /// Adapts on the calling thread.
    ///
    /// # Errors
    /// The errors of [`Compiler::adapt`].
    pub fn adapt_blocking(wasm: &[u8]) -> Result<Vec<u8>, CompileError> {
        adapt(wasm).map_err(CompileError::Unadaptable)
    }
}

#[async_trait]
impl Compiler for InProcess {
    async fn compile(
        &self,
        wasm: Bytes,
        _namespace: Option<&Namespace>,
    ) -> Result<Vec<u8>, CompileError> {
        let compiler = self.clone();
        blocking(move || compiler.compile_blocking(&wasm)).await
    }

    async fn adapt(
        &self,
        wasm: Bytes,
        _namespace: Option<&Namespace>,
    ) -> Result<Vec<u8>, CompileError> {
        blocking(move || Self::adapt_blocking(&wasm)).await
    }
}

async fn blocking(
    work: impl FnOnce() -> Result<Vec<u8>, CompileError> + Send + 'static,
) -> Result<Vec<u8>, CompileError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| CompileError::Unavailable(error.to_string()))?
}
