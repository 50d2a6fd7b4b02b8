//! What goes wrong, as SNS words it.

use http::StatusCode;
use lambent_types::{Error, ErrorCode};

use crate::fault::Fault;

/// A value that an operation does not take.
pub(super) fn invalid(what: impl std::fmt::Display) -> Fault {
    Fault::bad_request("InvalidParameter", format!("Invalid parameter: {what}"))
}

/// There is none of what was named.
pub(super) fn not_found(message: &'static str) -> Fault {
    Fault::new(StatusCode::NOT_FOUND, "NotFound", message)
}

pub(super) fn no_topic() -> Fault {
    not_found("Topic does not exist")
}

pub(super) fn no_subscription() -> Fault {
    not_found("Subscription does not exist")
}

/// A caller who may not.
pub(super) fn unauthorized(message: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::new(StatusCode::FORBIDDEN, "AuthorizationError", message)
}

/// What the service refused.
pub(super) fn fault(error: Error) -> Fault {
    match error.code() {
        ErrorCode::TopicNotFound => no_topic(),
        ErrorCode::SubscriptionNotFound => no_subscription(),
        ErrorCode::InvalidName => invalid("Topic Name"),
        ErrorCode::Forbidden | ErrorCode::NotGranted => unauthorized(error.detail().to_owned()),
        ErrorCode::Throttled => {
            Fault::new(StatusCode::TOO_MANY_REQUESTS, "Throttled", error.detail().to_owned())
        }
        ErrorCode::Internal => Fault::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalError",
            error.detail().to_owned(),
        ),
        code if code.status() < 500 => invalid(error.detail()),
        _ => Fault::of(&error, |_| None),
    }
}

/// What the service refused where there would be too many.
pub(super) fn on_quota(error: Error, code: &'static str) -> Fault {
    match error.code() {
        ErrorCode::QuotaExceeded => {
            Fault::new(StatusCode::FORBIDDEN, code, error.detail().to_owned())
        }
        _ => fault(error),
    }
}

/// A member that has to be there.
pub(super) fn required<T>(value: Option<T>, name: &str) -> Result<T, Fault> {
    value.ok_or_else(|| invalid(format!("{name} Reason: no value for required parameter")))
}

/// Text of a client's in an error: not longer than anyone reads.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(170).collect()
}
