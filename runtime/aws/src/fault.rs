//! What went wrong, in the terms of AWS: a status, an error code that programs match on, and a text.

use std::borrow::Cow;

use http::StatusCode;
use lambent_types::{Error, ErrorCode};
use serde_json::Value;

/// A request that was not served, and why.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fault {
    pub(crate) status: StatusCode,
    /// The error code, such as `ResourceNotFoundException`.
    pub(crate) code: Cow<'static, str>,
    /// The code in AWS's query protocol, where that is another.
    pub(crate) query_code: Option<&'static str>,
    /// What is not believed of who asks, if it is that.
    pub(crate) auth: Option<AuthFault>,
    pub(crate) message: Cow<'static, str>,
    /// Further members of the error's shape.
    pub(crate) members: Vec<(&'static str, Value)>,
}

/// Why it is not known, or not believed, who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AuthFault {
    /// The request is not signed.
    Missing,
    /// The signature does not say all that it has to.
    Incomplete,
    /// There is no such access key.
    UnknownKey,
    /// The signature is not that of the request.
    Mismatch,
    /// The signature is too old, or not good yet.
    Expired,
    /// The token that came with a temporary key is none of the node's, or opens nothing any more.
    UnknownToken,
    /// The temporary key is over.
    ExpiredToken,
}

impl AuthFault {
    /// The codes of AWS's JSON protocols and of its query protocol.
    const fn codes(self) -> (&'static str, &'static str) {
        match self {
            Self::Missing => ("MissingAuthenticationTokenException", "MissingAuthenticationToken"),
            Self::Incomplete => ("IncompleteSignatureException", "IncompleteSignature"),
            Self::UnknownKey | Self::UnknownToken => {
                ("UnrecognizedClientException", "InvalidClientTokenId")
            }
            Self::ExpiredToken => ("ExpiredTokenException", "ExpiredToken"),
            Self::Mismatch | Self::Expired => {
                ("InvalidSignatureException", "SignatureDoesNotMatch")
            }
        }
    }
}

impl Fault {
    pub(crate) fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        let (code, message) = (code.into(), message.into());
        Self { status, code, query_code: None, auth: None, message, members: Vec::new() }
    }

    /// The client is to blame.
    pub(crate) fn bad_request(
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// It is not known, or not believed, who asks.
    pub(crate) fn auth(fault: AuthFault, message: impl Into<Cow<'static, str>>) -> Self {
        let (code, query_code) = fault.codes();
        let (auth, query_code) = (Some(fault), Some(query_code));
        Self { query_code, auth, ..Self::new(StatusCode::FORBIDDEN, code, message) }
    }

    /// The operation is one of AWS's, and is not served.
    pub(crate) fn not_served(service: &str, operation: Option<&str>) -> Self {
        let what = match operation {
            Some(operation) => format!("the operation {operation} of {service}"),
            None => service.to_owned(),
        };
        let message = format!(
            "This node does not serve {what}. What it serves of AWS's APIs is listed in its \
             documentation, under \"AWS tools\"."
        );
        Self::new(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message)
    }

    pub(crate) fn with(mut self, member: &'static str, value: impl Into<Value>) -> Self {
        self.members.push((member, value.into()));
        self
    }

    /// Whether the client is to blame.
    pub(crate) fn is_of_client(&self) -> bool {
        self.status.is_client_error()
    }

    /// What the service refused, as a service of AWS's would that has no code of its own for it.
    /// `code` gives those of the service in question.
    pub(crate) fn of(
        error: &Error,
        code: impl FnOnce(ErrorCode) -> Option<(u16, &'static str)>,
    ) -> Self {
        let (status, name) = code(error.code()).unwrap_or_else(|| general(error.code()));
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::new(status, name, error.detail().to_owned())
    }
}

/// The status and the code that AWS's services have in common.
fn general(code: ErrorCode) -> (u16, &'static str) {
    match code {
        ErrorCode::Forbidden | ErrorCode::NotGranted => (403, "AccessDeniedException"),
        ErrorCode::Unauthorized => (403, "MissingAuthenticationTokenException"),
        ErrorCode::Throttled => (429, "TooManyRequestsException"),
        ErrorCode::NotImplemented => (501, "NotImplemented"),
        ErrorCode::Overloaded
        | ErrorCode::MemoryExhausted
        | ErrorCode::ShuttingDown
        | ErrorCode::DiskReserve
        | ErrorCode::StorageUnavailable => (503, "ServiceUnavailable"),
        ErrorCode::Internal => (500, "InternalFailure"),
        code if code.status() == 404 => (404, "ResourceNotFoundException"),
        code if code.status() < 500 => (400, "ValidationException"),
        _ => (500, "InternalFailure"),
    }
}
