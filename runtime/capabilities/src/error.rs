use lambent_engine::wasmtime;
use lambent_engine::wasmtime::component::ResourceTableError;
use lambent_storage::{KeyValueError, ObjectError, QueueError, StorageError};
use lambent_types::Recursion;

/// Why a host call does not do what was asked, in the terms that all
/// interfaces have one or the other word for.
#[derive(Debug)]
pub(crate) enum Error {
    /// What was named is not there.
    Missing(String),
    /// The function was not granted it.
    Denied(String),
    /// Any other error of the guest.
    Other(String),
    /// The guest broke the rules, and ends.
    Trap(wasmtime::Error),
}

impl Error {
    /// For interfaces whose errors are text.
    pub(crate) fn text(self) -> wasmtime::Result<String> {
        match self {
            Self::Missing(text) | Self::Denied(text) | Self::Other(text) => Ok(text),
            Self::Trap(error) => Err(error),
        }
    }
}

/// Characters of a text of the guest that an error repeats.
const QUOTED_CHARS_MAX: usize = 100;

/// What the guest said, as an error repeats it: not all of what may be megabytes.
pub(crate) fn quoted(text: &str) -> String {
    match text.char_indices().nth(QUOTED_CHARS_MAX) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// The result as an interface has it whose errors are text.
pub(crate) fn settle<V>(result: Result<V, Error>) -> wasmtime::Result<Result<V, String>> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(error) => error.text().map(Err),
    }
}

impl From<ResourceTableError> for Error {
    fn from(error: ResourceTableError) -> Self {
        Self::Trap(error.into())
    }
}

impl From<Recursion> for Error {
    fn from(error: Recursion) -> Self {
        Self::Other(error.to_string())
    }
}

impl From<StorageError> for Error {
    fn from(error: StorageError) -> Self {
        Self::Other(lambent_types::Error::from(error).detail().to_owned())
    }
}

impl From<KeyValueError> for Error {
    fn from(error: KeyValueError) -> Self {
        match error {
            KeyValueError::NoKeyspace => Self::Missing(error.to_string()),
            KeyValueError::Storage(error) => error.into(),
            other => Self::Other(other.to_string()),
        }
    }
}

impl From<ObjectError> for Error {
    fn from(error: ObjectError) -> Self {
        match error {
            ObjectError::NoBucket | ObjectError::NoObject => Self::Missing(error.to_string()),
            ObjectError::Storage(error) => error.into(),
            other => Self::Other(other.to_string()),
        }
    }
}

impl From<QueueError> for Error {
    fn from(error: QueueError) -> Self {
        match error {
            QueueError::NoQueue => Self::Missing(error.to_string()),
            QueueError::Storage(error) => error.into(),
            other => Self::Other(other.to_string()),
        }
    }
}
