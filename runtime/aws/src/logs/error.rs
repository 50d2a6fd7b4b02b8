//! What goes wrong, as CloudWatch Logs words it.

use lambent_types::{Error, ErrorCode};

use crate::fault::Fault;

/// No such group.
pub(super) fn no_group() -> Fault {
    Fault::bad_request("ResourceNotFoundException", "The specified log group does not exist.")
}

/// A value that an operation does not take.
pub(super) fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::bad_request("InvalidParameterException", message)
}

/// What the service refused.
pub(super) fn fault(error: Error) -> Fault {
    match error.code() {
        ErrorCode::FunctionNotFound | ErrorCode::InvalidName => no_group(),
        ErrorCode::Throttled => {
            Fault::bad_request("ThrottlingException", error.detail().to_owned())
        }
        ErrorCode::InvalidRequest => invalid(error.detail().to_owned()),
        _ => Fault::of(&error, |_| None),
    }
}
