use lambent_storage::{Expected, WriteError};
use lambent_types::{Error, ErrorCode, FunctionName, Namespace, Revision};

use crate::explain::quota;

pub(crate) fn no_function(namespace: &Namespace, name: &FunctionName) -> Error {
    Error::new(
        ErrorCode::FunctionNotFound,
        format!("function \"{name}\" does not exist in namespace \"{namespace}\""),
    )
}

pub(crate) fn no_version(name: &FunctionName, number: u64) -> Error {
    Error::new(
        ErrorCode::VersionNotFound,
        format!(
            "function \"{name}\" has no version {number}; it was never published or is deleted"
        ),
    )
}

pub(crate) fn conflict(
    name: &FunctionName,
    expected: Option<Expected>,
    current: Option<Revision>,
) -> Error {
    let detail = match (expected, current) {
        (Some(Expected::Revision(Revision(expected))), Some(Revision(current))) => format!(
            "function \"{name}\" is at revision {current}, not {expected}; \
             read it and apply the change to what it is now"
        ),
        (_, Some(Revision(current))) => {
            format!("function \"{name}\" exists already, at revision {current}")
        }
        (_, None) => format!("function \"{name}\" does not exist, so it has no such revision"),
    };
    Error::new(ErrorCode::PreconditionFailed, detail)
}

/// The refusal to delete a function that `users` name.
pub(crate) fn wired(name: &FunctionName, users: &[String]) -> Error {
    let detail =
        format!("function \"{name}\" is named by {}; delete these first", users.join(", "));
    Error::new(ErrorCode::Conflict, detail)
}

/// The error for a change that the registry refused.
pub(crate) fn refused(
    error: WriteError,
    namespace: &Namespace,
    name: &FunctionName,
    expected: Option<Expected>,
) -> Error {
    match error {
        WriteError::NotFound => no_function(namespace, name),
        WriteError::VersionNotFound => Error::new(
            ErrorCode::VersionNotFound,
            format!("function \"{name}\" has no such version"),
        ),
        WriteError::Conflict { current } => conflict(name, expected, current),
        WriteError::Quota(error) => quota(&error),
        WriteError::Storage(error) => error.into(),
    }
}

/// Fails unless the function is as expected, before anything costly is done.
pub(crate) fn check(
    name: &FunctionName,
    expected: Option<Expected>,
    current: Option<Revision>,
) -> Result<(), Error> {
    let met = match expected {
        None => true,
        Some(Expected::Absent) => current.is_none(),
        Some(Expected::Revision(revision)) => current == Some(revision),
    };
    if met { Ok(()) } else { Err(conflict(name, expected, current)) }
}
