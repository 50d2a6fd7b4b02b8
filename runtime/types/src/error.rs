//! The errors of the native API.
//!
//! A client acts on three things: the `code`, which is stable; the status,
//! which the code determines; and whether trying again may help, which the
//! code determines too. The detail is for people and may change. What went
//! wrong inside the runtime is never part of an [`Error`]: it is logged where
//! it happened, and the client gets [`ErrorCode::Internal`] with the request id.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error_code::ErrorCode;
use crate::throttle::ThrottleReason;

/// A failed operation: a code, and a detail written for whoever asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Error {
    code: ErrorCode,
    detail: String,
    reason: Option<ThrottleReason>,
}

impl Error {
    /// An error with its detail: what was wrong, where, and what to do.
    #[must_use]
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), reason: None }
    }

    /// An invocation was turned away, and why.
    #[must_use]
    pub fn throttled(reason: ThrottleReason, detail: impl Into<String>) -> Self {
        Self { reason: Some(reason), ..Self::new(ErrorCode::Throttled, detail) }
    }

    /// Why it was turned away, of an invocation that was.
    #[must_use]
    pub const fn reason(&self) -> Option<ThrottleReason> {
        self.reason
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        self.code
    }

    /// The text for people.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

/// The RFC 9457 problem document of an [`Error`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `about:blank`: the code, not a page, says what it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// A few words, the same for every problem of this code.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable code.
    pub code: ErrorCode,
    /// What was wrong, where, and what to do.
    pub detail: String,
    /// Whether the same request may succeed later, unchanged.
    pub retryable: bool,
    /// Why an invocation was turned away, by Lambda's name for it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<ThrottleReason>,
    /// The request, for finding it in the server's log.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub request_id: Option<String>,
}

impl From<&Error> for Problem {
    fn from(error: &Error) -> Self {
        Self {
            kind: "about:blank".into(),
            title: error.code.title().into(),
            status: error.code.status(),
            code: error.code,
            detail: error.detail.clone(),
            retryable: error.code.is_retryable(),
            reason: error.reason,
            request_id: None,
        }
    }
}
