use lambent_engine::wasmtime::component::ResourceTableError;
use lambent_engine::{Log, wasmtime};
use lambent_types::ErrorCode;

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

impl From<lambent_types::Error> for Error {
    fn from(error: lambent_types::Error) -> Self {
        let detail = error.detail().to_owned();
        match error.code() {
            ErrorCode::Forbidden => Self::Denied(detail),
            code if code.status() == 404 => Self::Missing(detail),
            _ => Self::Other(detail),
        }
    }
}

/// What the service answers. That the function may not do something, or that what it
/// was granted is not there, its log says too: whoever deployed it can mend that.
pub(crate) fn told<T>(log: &Log, answer: Result<T, lambent_types::Error>) -> Result<T, Error> {
    if let Err(error) = &answer
        && let ErrorCode::Forbidden
        | ErrorCode::BucketNotFound
        | ErrorCode::KeyspaceNotFound
        | ErrorCode::QueueNotFound = error.code()
    {
        log.line(error.detail());
    }
    answer.map_err(Error::from)
}
