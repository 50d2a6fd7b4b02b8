//! What clients are told where code cannot be prepared, loaded or run.

use lambent_engine::{CompileError, InspectError, LoadError, ModuleError, Refused};
use lambent_types::{Error, ErrorCode, FunctionVersion};

/// Runs what blocks where it may.
pub(crate) async fn blocking<R: Send + 'static>(
    work: impl FnOnce() -> R + Send + 'static,
) -> Result<R, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "a blocking task did not finish");
        internal()
    })
}

pub(crate) fn internal() -> Error {
    Error::new(ErrorCode::Internal, "the node failed to load the function; see its log")
}

/// For a guest that went down with the executor it was on.
pub(crate) fn ending() -> Error {
    Error::new(ErrorCode::ShuttingDown, "the node is stopping")
}

pub(crate) fn inspect_error(error: &InspectError) -> Error {
    Error::new(ErrorCode::InvalidComponent, error.to_string())
}

pub(crate) fn module_error(error: &ModuleError) -> Error {
    let code = match error {
        ModuleError::Import { .. } => ErrorCode::UnmetImports,
        _ => ErrorCode::InvalidComponent,
    };
    Error::new(code, error.to_string())
}

pub(crate) fn compile_error(error: &CompileError) -> Error {
    match error {
        CompileError::Failed(_) => Error::new(ErrorCode::CompileFailed, error.to_string()),
        CompileError::Unadaptable(_) => Error::new(ErrorCode::InvalidComponent, error.to_string()),
        CompileError::Limit(_) => Error::new(ErrorCode::CompileLimit, error.to_string()),
        CompileError::Busy(_) => Error::new(ErrorCode::Overloaded, error.to_string()),
        CompileError::Unavailable(reason) => {
            tracing::error!(reason, "the compiler could not be run");
            Error::new(ErrorCode::Internal, "the compiler could not be run; see the node's log")
        }
    }
}

pub(crate) fn load_error(error: &LoadError) -> Error {
    match error {
        LoadError::Link(_) => Error::new(ErrorCode::UnmetImports, error.to_string()),
        LoadError::TooLarge(_) => Error::new(ErrorCode::InvalidComponent, error.to_string()),
        LoadError::Artifact(reason) => {
            tracing::error!(reason, "an artifact could not be loaded");
            internal()
        }
    }
}

pub(crate) fn refusal(refused: &Refused) -> Error {
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

/// The refusal to run a function that was stored for a runtime which there is not.
pub(crate) fn not_served(function: &FunctionVersion) -> Error {
    let name = &function.name;
    let detail = match &function.configuration.runtime {
        Some(runtime) => format!(
            "function \"{name}\" has the runtime {runtime}, which this node does not serve; {}",
            runtime.remedy()
        ),
        None => format!("function \"{name}\" has no runtime; deploy it again with one"),
    };
    Error::new(ErrorCode::RuntimeNotServed, detail)
}
