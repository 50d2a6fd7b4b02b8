//! What went wrong, as S3 says it.

use http::StatusCode;
use lambent_types::{Error, ErrorCode};
use s3s::{S3Error, S3ErrorCode};

use crate::fault::{AuthFault, Fault};

/// What the service refused.
pub(super) fn of(error: &Error) -> S3Error {
    let (code, status) = match error.code() {
        ErrorCode::BucketNotFound => (S3ErrorCode::NoSuchBucket, 404),
        ErrorCode::ObjectNotFound => (S3ErrorCode::NoSuchKey, 404),
        ErrorCode::ObjectVersionNotFound => (S3ErrorCode::NoSuchVersion, 404),
        ErrorCode::DeleteMarker => (S3ErrorCode::MethodNotAllowed, 405),
        ErrorCode::UploadNotFound => (S3ErrorCode::NoSuchUpload, 404),
        ErrorCode::PreconditionFailed => (S3ErrorCode::PreconditionFailed, 412),
        ErrorCode::RangeNotSatisfiable => (S3ErrorCode::InvalidRange, 416),
        ErrorCode::InvalidName => (S3ErrorCode::InvalidBucketName, 400),
        ErrorCode::InvalidRequest | ErrorCode::InvalidConfiguration => {
            (S3ErrorCode::InvalidArgument, 400)
        }
        ErrorCode::PayloadTooLarge => (S3ErrorCode::EntityTooLarge, 400),
        ErrorCode::QuotaExceeded => (custom("QuotaExceeded"), 403),
        ErrorCode::Conflict => (S3ErrorCode::OperationAborted, 409),
        ErrorCode::Forbidden | ErrorCode::NotGranted | ErrorCode::Unauthorized => {
            (S3ErrorCode::AccessDenied, 403)
        }
        ErrorCode::NotImplemented => (S3ErrorCode::NotImplemented, 501),
        ErrorCode::Throttled | ErrorCode::Overloaded | ErrorCode::MemoryExhausted => {
            (S3ErrorCode::SlowDown, 503)
        }
        ErrorCode::ShuttingDown | ErrorCode::DiskReserve | ErrorCode::StorageUnavailable => {
            (S3ErrorCode::ServiceUnavailable, 503)
        }
        code if code.status() < 500 => (S3ErrorCode::InvalidArgument, code.status()),
        _ => (S3ErrorCode::InternalError, 500),
    };
    let mut refused = S3Error::with_message(code, error.detail().to_owned());
    refused.set_status_code(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST));
    refused
}

/// A code that S3 has and `s3s` does not.
pub(super) fn custom(code: &'static str) -> S3ErrorCode {
    S3ErrorCode::Custom(code.into())
}

/// An error with a code that `s3s` does not have.
pub(super) fn other(code: &'static str, status: StatusCode, message: impl Into<String>) -> S3Error {
    let mut error = S3Error::with_message(custom(code), message.into());
    error.set_status_code(status);
    error
}

/// There is no such access key.
pub(super) fn unknown_key() -> S3Error {
    let message = "The AWS Access Key Id you provided does not exist in our records.";
    S3Error::with_message(S3ErrorCode::InvalidAccessKeyId, message)
}

/// What was found wrong with a request's head.
pub(super) fn of_fault(fault: &Fault) -> S3Error {
    let code = match fault.auth {
        Some(AuthFault::UnknownKey) => return unknown_key(),
        Some(AuthFault::UnknownToken) => {
            let message = "The provided token is malformed or otherwise invalid.";
            return S3Error::with_message(S3ErrorCode::InvalidToken, message);
        }
        Some(AuthFault::ExpiredToken) => {
            let message = "The provided token has expired.";
            return S3Error::with_message(S3ErrorCode::ExpiredToken, message);
        }
        Some(AuthFault::Incomplete) => S3ErrorCode::AuthorizationHeaderMalformed,
        Some(AuthFault::Missing | AuthFault::Mismatch | AuthFault::Expired) => {
            S3ErrorCode::AccessDenied
        }
        None if fault.status == StatusCode::SERVICE_UNAVAILABLE => S3ErrorCode::ServiceUnavailable,
        None if fault.is_of_client() => S3ErrorCode::InvalidRequest,
        None => S3ErrorCode::InternalError,
    };
    S3Error::with_message(code, fault.message.clone())
}

/// The node does not do this.
pub(super) fn not_served(what: &str) -> S3Error {
    S3Error::with_message(
        S3ErrorCode::NotImplemented,
        format!(
            "This node does not serve {what}. What it serves of S3 is listed in its documentation."
        ),
    )
}
