//! What goes wrong, as Secrets Manager words it.

use std::borrow::Cow;

use http::StatusCode;
use lambent_types::{Error, ErrorCode};

use crate::fault::Fault;

/// A member that is not what it can be.
pub(super) fn invalid(message: impl Into<Cow<'static, str>>) -> Fault {
    Fault::bad_request("InvalidParameterException", message)
}

/// What cannot be done in the state that something is in.
pub(super) fn not_now(message: impl Into<Cow<'static, str>>) -> Fault {
    Fault::bad_request("InvalidRequestException", message)
}

/// No such secret.
pub(super) fn not_found() -> Fault {
    Fault::bad_request(
        "ResourceNotFoundException",
        "Secrets Manager can't find the specified secret.",
    )
}

/// A token that is none of a page's.
pub(super) fn next_token() -> Fault {
    Fault::bad_request("InvalidNextTokenException", "The NextToken value is invalid.")
}

/// What the service refused.
pub(super) fn fault(error: Error) -> Fault {
    let said = || error.detail().to_owned();
    match error.code() {
        ErrorCode::SecretNotFound
        | ErrorCode::FunctionNotFound
        | ErrorCode::VersionNotFound
        | ErrorCode::AliasNotFound => Fault::bad_request("ResourceNotFoundException", said()),
        ErrorCode::Conflict => Fault::bad_request("ResourceExistsException", said()),
        ErrorCode::InvalidRequest => not_now(said()),
        ErrorCode::InvalidConfiguration => invalid(said()),
        ErrorCode::InvalidName => Fault::bad_request("ValidationException", said()),
        ErrorCode::QuotaExceeded => Fault::bad_request("LimitExceededException", said()),
        ErrorCode::Throttled => Fault::bad_request("ThrottlingException", said()),
        ErrorCode::Internal => {
            Fault::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalServiceError", said())
        }
        _ => Fault::of(&error, |_| None),
    }
}
