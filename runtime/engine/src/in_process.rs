use async_trait::async_trait;
use bytes::Bytes;
use lambent_types::Namespace;

use crate::abi::Abi;
use crate::adapt::adapt;
use crate::compile::{CompileError, Compiler};
use crate::memory_access;
use crate::options::Options;
use crate::wasi_candidate;

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
