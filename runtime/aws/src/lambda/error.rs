//! What the service refuses, in Lambda's terms.

use http::StatusCode;
use lambent_types::{Error, ErrorCode};

use crate::fault::Fault;

/// The refusal of an operation.
pub(super) fn fault(error: Error) -> Fault {
    let fault = Fault::of(&error, code);
    match error.reason() {
        Some(reason) => fault.with("Reason", reason.as_str()),
        None => fault,
    }
}

/// The refusal of an operation on a function by the name `arn`: whether there is one is told as AWS does.
pub(super) fn of_function(error: Error, arn: &str) -> Fault {
    match error.code() {
        ErrorCode::FunctionNotFound | ErrorCode::VersionNotFound | ErrorCode::AliasNotFound => {
            not_found(arn)
        }
        _ => fault(error),
    }
}

pub(super) fn not_found(arn: &str) -> Fault {
    let message = format!("Function not found: {arn}");
    Fault::new(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
}

/// The refusal of an operation on a layer.
pub(super) fn of_layer(error: Error) -> Fault {
    match error.code() {
        ErrorCode::LayerNotFound => {
            let message = "The resource you requested does not exist.";
            Fault::new(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
        }
        _ => fault(error),
    }
}

/// A value that the operation does not take.
pub(super) fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::bad_request("InvalidParameterValueException", message)
}

fn code(code: ErrorCode) -> Option<(u16, &'static str)> {
    Some(match code {
        ErrorCode::Conflict => (409, "ResourceConflictException"),
        ErrorCode::PreconditionFailed => (412, "PreconditionFailedException"),
        ErrorCode::QuotaExceeded => (400, "CodeStorageExceededException"),
        ErrorCode::PayloadTooLarge => (413, "RequestTooLargeException"),
        ErrorCode::LoopDetected => (400, "RecursiveInvocationException"),
        ErrorCode::UnsupportedMediaType => (415, "UnsupportedMediaTypeException"),
        ErrorCode::Overloaded | ErrorCode::MemoryExhausted => (503, "ServiceException"),
        ErrorCode::RuntimeNotServed => (502, "InvalidRuntimeException"),
        ErrorCode::Internal => (500, "ServiceException"),
        code if code.status() < 500
            && code.status() != 404
            && code.status() != 403
            && code.status() != 429 =>
        {
            (400, "InvalidParameterValueException")
        }
        _ => return None,
    })
}
