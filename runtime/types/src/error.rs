//! The errors of the native API.
//!
//! A client acts on three things: the `code`, which is stable; the status,
//! which the code determines; and whether trying again may help, which the
//! code determines too. The detail is for people and may change. What went
//! wrong inside the runtime is never part of an [`Error`]: it is logged where
//! it happened, and the client gets [`ErrorCode::Internal`] with the request id.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Every error code on the wire, in alphabetical order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorCode {
    /// The component cannot be compiled within the compiler's limits.
    CompileLimit,
    /// The component is valid but cannot be compiled.
    CompileFailed,
    /// No function of that name.
    FunctionNotFound,
    /// The failure is inside the runtime.
    Internal,
    /// The upload is not a WebAssembly component that this runtime can run.
    InvalidComponent,
    /// A configuration value is out of bounds.
    InvalidConfiguration,
    /// A name is malformed.
    InvalidName,
    /// The request is malformed: JSON, query, headers or body.
    InvalidRequest,
    /// The request descends from the function that it is for, too often or through
    /// too many invocations.
    LoopDetected,
    /// The memory that the node may use is used up.
    MemoryExhausted,
    /// The method does not exist for this resource.
    MethodNotAllowed,
    /// No resource at this path.
    NotFound,
    /// The key is valid and may not do this.
    Forbidden,
    /// The function has no export that this trigger can call.
    NotInvocable,
    /// The node is out of instances or CPU time for the moment.
    Overloaded,
    /// The payload is larger than allowed.
    PayloadTooLarge,
    /// `If-Match` names another revision than the current one.
    PreconditionFailed,
    /// The node is draining.
    ShuttingDown,
    /// The store cannot be written to.
    StorageUnavailable,
    /// Too many invocations at once.
    Throttled,
    /// No valid key came with the request.
    Unauthorized,
    /// The component imports something that is not served.
    UnmetImports,
    /// The body's media type is not one that is accepted here.
    UnsupportedMediaType,
    /// No such version.
    VersionNotFound,
    /// No bucket of that name.
    BucketNotFound,
    /// The resource exists already, is not empty, or is still in use.
    Conflict,
    /// No such key in the keyspace.
    KeyNotFound,
    /// No keyspace of that name.
    KeyspaceNotFound,
    /// The function was not granted what it asked for.
    NotGranted,
    /// No such object in the bucket.
    ObjectNotFound,
    /// No queue of that name.
    QueueNotFound,
    /// The namespace would hold more than its quota.
    QuotaExceeded,
    /// The range begins after the object's end.
    RangeNotSatisfiable,
    /// The receipt is no longer the last one of its message.
    ReceiptExpired,
    /// No schedule of that name.
    ScheduleNotFound,
    /// No trigger of that name.
    TriggerNotFound,
    /// No such multipart upload.
    UploadNotFound,
    /// The disk has less free than the reserve: only deletes are taken.
    DiskReserve,
}

impl ErrorCode {
    /// Every code.
    pub const ALL: [Self; 38] = [
        Self::BucketNotFound,
        Self::CompileFailed,
        Self::CompileLimit,
        Self::Conflict,
        Self::DiskReserve,
        Self::Forbidden,
        Self::FunctionNotFound,
        Self::Internal,
        Self::InvalidComponent,
        Self::InvalidConfiguration,
        Self::InvalidName,
        Self::InvalidRequest,
        Self::KeyNotFound,
        Self::KeyspaceNotFound,
        Self::LoopDetected,
        Self::MemoryExhausted,
        Self::MethodNotAllowed,
        Self::NotFound,
        Self::NotGranted,
        Self::NotInvocable,
        Self::ObjectNotFound,
        Self::Overloaded,
        Self::PayloadTooLarge,
        Self::PreconditionFailed,
        Self::QueueNotFound,
        Self::QuotaExceeded,
        Self::RangeNotSatisfiable,
        Self::ReceiptExpired,
        Self::ScheduleNotFound,
        Self::ShuttingDown,
        Self::StorageUnavailable,
        Self::Throttled,
        Self::TriggerNotFound,
        Self::Unauthorized,
        Self::UnmetImports,
        Self::UnsupportedMediaType,
        Self::UploadNotFound,
        Self::VersionNotFound,
    ];

    /// Returns the code as it is on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CompileFailed => "compile-failed",
            Self::BucketNotFound => "bucket-not-found",
            Self::Conflict => "conflict",
            Self::KeyNotFound => "key-not-found",
            Self::KeyspaceNotFound => "keyspace-not-found",
            Self::NotGranted => "not-granted",
            Self::ObjectNotFound => "object-not-found",
            Self::QueueNotFound => "queue-not-found",
            Self::QuotaExceeded => "quota-exceeded",
            Self::RangeNotSatisfiable => "range-not-satisfiable",
            Self::ReceiptExpired => "receipt-expired",
            Self::ScheduleNotFound => "schedule-not-found",
            Self::TriggerNotFound => "trigger-not-found",
            Self::UploadNotFound => "upload-not-found",
            Self::CompileLimit => "compile-limit",
            Self::DiskReserve => "disk-reserve",
            Self::Forbidden => "forbidden",
            Self::FunctionNotFound => "function-not-found",
            Self::Internal => "internal",
            Self::InvalidComponent => "invalid-component",
            Self::InvalidConfiguration => "invalid-configuration",
            Self::InvalidName => "invalid-name",
            Self::InvalidRequest => "invalid-request",
            Self::LoopDetected => "loop-detected",
            Self::MemoryExhausted => "memory-exhausted",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::NotFound => "not-found",
            Self::NotInvocable => "not-invocable",
            Self::Overloaded => "overloaded",
            Self::PayloadTooLarge => "payload-too-large",
            Self::PreconditionFailed => "precondition-failed",
            Self::ShuttingDown => "shutting-down",
            Self::StorageUnavailable => "storage-unavailable",
            Self::Throttled => "throttled",
            Self::Unauthorized => "unauthorized",
            Self::UnmetImports => "unmet-imports",
            Self::UnsupportedMediaType => "unsupported-media-type",
            Self::VersionNotFound => "version-not-found",
        }
    }

    /// Returns the HTTP status.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidConfiguration | Self::InvalidName | Self::InvalidRequest => 400,
            Self::Unauthorized => 401,
            Self::Forbidden | Self::NotGranted => 403,
            Self::BucketNotFound
            | Self::FunctionNotFound
            | Self::KeyNotFound
            | Self::KeyspaceNotFound
            | Self::NotFound
            | Self::ObjectNotFound
            | Self::QueueNotFound
            | Self::ScheduleNotFound
            | Self::TriggerNotFound
            | Self::UploadNotFound
            | Self::VersionNotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::Conflict => 409,
            Self::ReceiptExpired => 410,
            Self::PreconditionFailed => 412,
            Self::PayloadTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::RangeNotSatisfiable => 416,
            Self::CompileFailed
            | Self::CompileLimit
            | Self::InvalidComponent
            | Self::NotInvocable
            | Self::UnmetImports => 422,
            Self::Throttled => 429,
            Self::Internal => 500,
            Self::MemoryExhausted
            | Self::Overloaded
            | Self::ShuttingDown
            | Self::StorageUnavailable => 503,
            Self::DiskReserve | Self::QuotaExceeded => 507,
            Self::LoopDetected => 508,
        }
    }

    /// Returns whether the same request may succeed later, unchanged.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        match self {
            Self::DiskReserve
            | Self::MemoryExhausted
            | Self::Overloaded
            | Self::ShuttingDown
            | Self::StorageUnavailable
            | Self::Throttled => true,
            Self::CompileFailed
            | Self::CompileLimit
            | Self::BucketNotFound
            | Self::Conflict
            | Self::KeyNotFound
            | Self::KeyspaceNotFound
            | Self::NotGranted
            | Self::ObjectNotFound
            | Self::QueueNotFound
            | Self::QuotaExceeded
            | Self::RangeNotSatisfiable
            | Self::ReceiptExpired
            | Self::ScheduleNotFound
            | Self::TriggerNotFound
            | Self::UploadNotFound
            | Self::Forbidden
            | Self::FunctionNotFound
            | Self::Internal
            | Self::InvalidComponent
            | Self::InvalidConfiguration
            | Self::InvalidName
            | Self::InvalidRequest
            | Self::LoopDetected
            | Self::MethodNotAllowed
            | Self::NotFound
            | Self::NotInvocable
            | Self::PayloadTooLarge
            | Self::PreconditionFailed
            | Self::Unauthorized
            | Self::UnmetImports
            | Self::UnsupportedMediaType
            | Self::VersionNotFound => false,
        }
    }

    /// Returns a few words for the problem's `title`.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::CompileFailed => "component does not compile",
            Self::BucketNotFound => "no such bucket",
            Self::Conflict => "conflicts with what is there",
            Self::KeyNotFound => "no such key",
            Self::KeyspaceNotFound => "no such keyspace",
            Self::NotGranted => "not granted",
            Self::ObjectNotFound => "no such object",
            Self::QueueNotFound => "no such queue",
            Self::QuotaExceeded => "quota exceeded",
            Self::RangeNotSatisfiable => "range not satisfiable",
            Self::ReceiptExpired => "receipt has expired",
            Self::ScheduleNotFound => "no such schedule",
            Self::TriggerNotFound => "no such trigger",
            Self::UploadNotFound => "no such upload",
            Self::CompileLimit => "component needs too much to compile",
            Self::DiskReserve => "disk is nearly full",
            Self::Forbidden => "not allowed",
            Self::FunctionNotFound => "no such function",
            Self::Internal => "internal error",
            Self::InvalidComponent => "not a usable component",
            Self::InvalidConfiguration => "invalid configuration",
            Self::InvalidName => "invalid name",
            Self::InvalidRequest => "malformed request",
            Self::LoopDetected => "function calls itself",
            Self::MemoryExhausted => "node has no memory left",
            Self::MethodNotAllowed => "method not allowed",
            Self::NotFound => "no such resource",
            Self::NotInvocable => "function cannot be called this way",
            Self::Overloaded => "node is overloaded",
            Self::PayloadTooLarge => "payload too large",
            Self::PreconditionFailed => "revision has changed",
            Self::ShuttingDown => "node is shutting down",
            Self::StorageUnavailable => "storage is unavailable",
            Self::Throttled => "too many invocations at once",
            Self::Unauthorized => "no valid key",
            Self::UnmetImports => "component imports what is not served",
            Self::UnsupportedMediaType => "unsupported media type",
            Self::VersionNotFound => "no such version",
        }
    }
}

/// A failed operation: a code, and a detail written for whoever asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Error {
    code: ErrorCode,
    detail: String,
}

impl Error {
    /// An error with its detail: what was wrong, where, and what to do.
    #[must_use]
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
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
    /// Always `about:blank`: the code identifies the problem, not a page.
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
            request_id: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_form_is_the_documented_code() {
        for code in ErrorCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }

    #[test]
    fn codes_are_in_alphabetical_order() {
        assert!(ErrorCode::ALL.is_sorted_by_key(|code| code.as_str()));
    }
}
