use async_trait::async_trait;
use bytes::Bytes;
use lambent_types::Namespace;

/// Turns components into machine code, and core modules into components.
///
/// Compiling is the one step whose cost a hostile upload decides: tens of
/// kilobytes can take minutes or gigabytes. Embedders who trust their
/// components compile in their own process, as `InProcess` does; a server does it in a child process.
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

/// What an engine has that is to compile nothing.
#[cfg(not(feature = "compile"))]
pub(crate) struct NoCompiler;

#[cfg(not(feature = "compile"))]
impl NoCompiler {
    fn none() -> CompileError {
        CompileError::Unavailable(
            "lambent-engine was built without its feature `compile`; load components that were \
             precompiled, or give the engine a compiler"
                .into(),
        )
    }
}

#[cfg(not(feature = "compile"))]
#[async_trait]
impl Compiler for NoCompiler {
    async fn compile(&self, _: Bytes, _: Option<&Namespace>) -> Result<Vec<u8>, CompileError> {
        Err(Self::none())
    }

    async fn adapt(&self, _: Bytes, _: Option<&Namespace>) -> Result<Vec<u8>, CompileError> {
        Err(Self::none())
    }
}
