use lambent_types::{ErrorCode, Problem};

use super::endpoint::Endpoint;

/// Why an operation was not done, or why it is not known whether it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server refused, and said why.
    #[error("{}", .problem.detail)]
    Refused {
        /// What the server said.
        problem: Box<Problem>,
        /// The path and the query of the request.
        target: String,
    },
    /// The server refused with a code that this version does not know.
    #[error("{detail}")]
    RefusedAnew {
        /// The status of the answer.
        status: u16,
        /// The code.
        code: String,
        /// What the server said.
        detail: String,
    },
    /// Something answered that is no server of this API.
    #[error("{endpoint} answered {status}: {text}")]
    NotLambent {
        /// Where it is.
        endpoint: Endpoint,
        /// The status of its answer, with the words for it.
        status: http::StatusCode,
        /// The beginning of its answer.
        text: String,
    },
    /// The answer leads elsewhere. No client follows, since the key must not go there.
    #[error("{endpoint} answered {status}: it redirects to {location}")]
    Redirected {
        /// Where it is.
        endpoint: Endpoint,
        /// The status of its answer, with the words for it.
        status: http::StatusCode,
        /// Where it leads.
        location: String,
    },
    /// There was no answer, or not all of it.
    #[error("{0}")]
    NoAnswer(String),
    /// The request cannot be sent: nothing was tried.
    #[error("this cannot be sent as an HTTP header: {0}")]
    Unsendable(String),
    /// The certificates to trust cannot be used: nothing was tried.
    #[error("{0}")]
    Certificates(String),
    /// The answer is not JSON: whoever answered is no server of this API.
    #[error("the answer is not JSON: {0}")]
    NotJson(String),
    /// The answer is not what this version takes it for.
    #[error("the answer is not of the form expected: {0}")]
    Unexpected(String),
}

impl Error {
    pub(crate) fn unsendable(error: impl ToString) -> Self {
        Self::Unsendable(error.to_string())
    }

    /// The server's problem, if it refused with one.
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused { problem, .. } => Some(problem),
            _ => None,
        }
    }

    /// The code of the server's problem.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        self.problem().map(|problem| problem.code)
    }

    /// The status that the server answered with, if it refused.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { problem, .. } => Some(problem.status),
            Self::RefusedAnew { status, .. } => Some(*status),
            Self::NotLambent { status, .. } | Self::Redirected { status, .. } => {
                Some(status.as_u16())
            }
            _ => None,
        }
    }

    /// Whether the same request may succeed later, unchanged. Without an answer it is
    /// not known whether the request was done.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.problem().is_some_and(|problem| problem.retryable)
    }
}

/// Turns the error that there is no such thing into `None`.
///
/// # Errors
/// Any other error.
pub fn found<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Error::Refused { problem, .. }) if problem.status == 404 => Ok(None),
        Err(error) => Err(error),
    }
}
