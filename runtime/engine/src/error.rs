use crate::compile::CompileError;

/// Why there is no engine.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// wasmtime refuses this machine or configuration.
    #[error("could not start the engine: {0}")]
    Engine(String),
    /// Two capabilities define the same interface.
    #[error("could not link the host interfaces: {0}")]
    Link(String),
}

/// Why compiled code does not become a [`Component`](crate::Component).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// Not produced by an engine of this build, or damaged.
    #[error("the artifact cannot be loaded: {0}")]
    Artifact(String),
    /// It needs more memories, tables or instances than any slot has.
    #[error("the component does not fit into an instance: {0}")]
    TooLarge(String),
    /// An import is missing or has another type than the one served.
    #[error("the component's imports do not match what is served: {0}")]
    Link(String),
}

/// Why [`Engine::component`](crate::Engine::component) gives none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComponentError {
    /// It cannot be compiled.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// It cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
}
