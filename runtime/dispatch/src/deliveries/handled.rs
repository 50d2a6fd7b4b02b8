use std::time::Duration;

use lambent_types::{Error, ErrorCode, Failure, Output, Retry, TooCostly};

use crate::deliveries::record::Cause;

/// How it ended that a function was to handle an event.
pub(super) enum Handled {
    /// The function handled it.
    Ok(Output),
    /// The function failed, or there is no such function.
    Failed(Failure),
    /// It will never succeed.
    Permanent(Cause, Failure),
    /// The node did not start the function: it has no room, or an error of its own.
    NotStarted,
}

pub(super) fn failure(kind: &str, message: String) -> Failure {
    Failure { kind: kind.into(), message, trace: Vec::new(), retry: Retry::Policy }
}

/// How long ago something happened.
pub(super) fn age(now: jiff::Timestamp, then: jiff::Timestamp) -> Duration {
    Duration::try_from(now.duration_since(then)).unwrap_or_default()
}

/// Whether an error is the node's and may pass: no fault of the function, so no attempt.
pub(super) fn is_transient(error: &Error) -> bool {
    error.code().is_retryable() || error.code() == ErrorCode::Internal
}

/// The end of an event for which no function was found.
pub(super) fn unresolved(error: &Error) -> Handled {
    if is_transient(error) {
        return Handled::NotStarted;
    }
    Handled::Failed(failure("Lambent.FunctionNotFound", error.to_string()))
}

/// The end of an invocation that did not begin.
pub(super) fn refused(error: &Error) -> Handled {
    if is_transient(error) {
        return Handled::NotStarted;
    }
    Handled::Permanent(Cause::NotInvocable, failure("Lambent.Refused", error.to_string()))
}

/// Why an event is given up, and the failure to report with it.
pub(super) fn cause(handled: &Handled, too_old: bool) -> (Cause, Option<&Failure>) {
    match handled {
        Handled::Permanent(cause, failure) => (*cause, Some(failure)),
        Handled::Failed(failure) if failure.retry == Retry::Never => {
            (Cause::Rejected, Some(failure))
        }
        Handled::Failed(failure) if too_old => (Cause::EventAgeExceeded, Some(failure)),
        Handled::Failed(failure) => (Cause::RetriesExhausted, Some(failure)),
        Handled::Ok(_) | Handled::NotStarted => (Cause::EventAgeExceeded, None),
    }
}

/// The end of an event whose comparison with the patterns would take too long.
pub(super) fn too_costly(error: TooCostly) -> Handled {
    let failure = failure("Lambent.PatternTooCostly", error.to_string());
    Handled::Permanent(Cause::PatternTooCostly, failure)
}

#[cfg(test)]
mod tests {
    use lambent_storage::StorageError;

    use super::*;

    #[test]
    fn an_error_of_the_node_is_no_missing_function() {
        let damaged = StorageError::Corrupt { what: "function".into(), detail: "no JSON".into() };
        assert!(matches!(unresolved(&damaged.into()), Handled::NotStarted));
        for code in [ErrorCode::Internal, ErrorCode::StorageUnavailable] {
            assert!(matches!(unresolved(&Error::new(code, "")), Handled::NotStarted), "{code:?}");
        }
        let missing = unresolved(&Error::new(ErrorCode::FunctionNotFound, "there is no \"f\""));
        let Handled::Failed(failure) = missing else { panic!("it is missing") };
        assert_eq!(failure.kind, "Lambent.FunctionNotFound");
    }
}
