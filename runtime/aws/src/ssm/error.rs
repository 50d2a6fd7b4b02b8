//! What goes wrong, as Systems Manager words it.

use std::borrow::Cow;

use http::StatusCode;
use lambent_types::{Error, ErrorCode};

use crate::fault::Fault;

/// A request that is not as it can be.
pub(super) fn invalid(message: impl Into<Cow<'static, str>>) -> Fault {
    Fault::bad_request("ValidationException", message)
}

/// A token that is none of a page's.
pub(super) fn next_token() -> Fault {
    Fault::bad_request("InvalidNextToken", "The specified token isn't valid.")
}

/// What the service refused.
pub(super) fn fault(error: Error) -> Fault {
    let said = || error.detail().to_owned();
    let code = match error.code() {
        ErrorCode::ParameterNotFound => "ParameterNotFound",
        ErrorCode::VersionNotFound => "ParameterVersionNotFound",
        ErrorCode::Conflict => "ParameterAlreadyExists",
        ErrorCode::HistoryFull => "ParameterMaxVersionLimitExceeded",
        ErrorCode::PatternMismatch => "ParameterPatternMismatchException",
        ErrorCode::InvalidName | ErrorCode::InvalidRequest | ErrorCode::InvalidConfiguration => {
            "ValidationException"
        }
        ErrorCode::QuotaExceeded => "ParameterLimitExceeded",
        ErrorCode::Forbidden => "AccessDeniedException",
        ErrorCode::Throttled => "ThrottlingException",
        ErrorCode::Internal => {
            return Fault::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", said());
        }
        _ => return Fault::of(&error, |_| None),
    };
    Fault::bad_request(code, said())
}
