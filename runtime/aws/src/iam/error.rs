//! What goes wrong, as IAM words it.

use std::borrow::Cow;

use http::StatusCode;
use lambent_types::{Error, ErrorCode, InvalidPolicyDocument};

use crate::fault::Fault;

/// There is none of what was named.
pub(super) fn no_such_entity(message: impl Into<Cow<'static, str>>) -> Fault {
    Fault::new(StatusCode::NOT_FOUND, "NoSuchEntity", message)
}

/// A value that an operation does not take.
pub(super) fn invalid_input(message: impl Into<Cow<'static, str>>) -> Fault {
    Fault::bad_request("InvalidInput", message)
}

/// A document that is no policy.
pub(super) fn malformed(error: InvalidPolicyDocument) -> Fault {
    Fault::bad_request("MalformedPolicyDocument", error.0)
}

/// Members that are out of bounds, under the code that IAM and STS have for it.
pub(crate) fn validation(fault: Fault) -> Fault {
    Fault { code: "ValidationError".into(), ..fault }
}

/// What the service refused.
pub(crate) fn fault(error: Error) -> Fault {
    Fault::of(&error, |code| match code {
        ErrorCode::RoleNotFound | ErrorCode::PolicyNotFound => Some((404, "NoSuchEntity")),
        ErrorCode::QuotaExceeded => Some((409, "LimitExceeded")),
        ErrorCode::Conflict => Some((409, "ConcurrentModification")),
        ErrorCode::Forbidden => Some((403, "AccessDenied")),
        ErrorCode::Throttled => Some((400, "Throttling")),
        ErrorCode::Internal => Some((500, "ServiceFailure")),
        code if code.status() == 400 => Some((400, "ValidationError")),
        _ => None,
    })
}

/// What the service refused of something that was to be made.
pub(super) fn on_create(error: Error) -> Fault {
    match error.code() {
        ErrorCode::Conflict => said(409, "EntityAlreadyExists", &error),
        _ => fault(error),
    }
}

/// What the service refused of something that was to be deleted.
pub(super) fn on_delete(error: Error) -> Fault {
    match error.code() {
        ErrorCode::Conflict => said(409, "DeleteConflict", &error),
        _ => fault(error),
    }
}

fn said(status: u16, code: &'static str, error: &Error) -> Fault {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::CONFLICT);
    Fault::new(status, code, error.detail().to_owned())
}
