use lambent_storage::WriteError;
use lambent_types::{
    AliasName, EntityTags, Error, ErrorCode, FunctionName, Namespace, Precondition, Revision,
    Validators,
};

use crate::client_errors::{not_found, quota};

pub(crate) fn no_version(name: &FunctionName, number: u64) -> Error {
    Error::new(
        ErrorCode::VersionNotFound,
        format!(
            "function \"{name}\" has no version {number}; it was never published or is deleted"
        ),
    )
}

fn conflict(name: &FunctionName, expected: &Precondition, current: Option<Revision>) -> Error {
    let detail = match (&expected.if_match, current) {
        (Some(EntityTags::Of(tags)), Some(Revision(current))) => {
            let tags: Vec<_> = tags.iter().map(|tag| tag.to_string().replace('"', "")).collect();
            format!(
                "function \"{name}\" is at revision {current}, not {}; \
                 read it and apply the change to what it is now",
                tags.join(" or ")
            )
        }
        (_, Some(Revision(current))) => {
            format!("function \"{name}\" exists already, at revision {current}")
        }
        (_, None) => format!("function \"{name}\" does not exist, so it has no such revision"),
    };
    Error::new(ErrorCode::PreconditionFailed, detail)
}

/// The refusal to delete a version to which an alias leads.
pub(crate) fn led_to(name: &FunctionName, number: u64, alias: &AliasName) -> Error {
    let detail = format!(
        "alias \"{alias}\" leads to version {number} of function \"{name}\"; have it lead elsewhere, \
         or delete it, first"
    );
    Error::new(ErrorCode::Conflict, detail)
}

/// The error for a change that the registry refused.
pub(crate) fn refused(error: WriteError, namespace: &Namespace, name: &FunctionName) -> Error {
    match error {
        WriteError::NotFound => not_found(namespace, name),
        WriteError::VersionNotFound => Error::new(
            ErrorCode::VersionNotFound,
            format!("function \"{name}\" has no such version"),
        ),
        WriteError::Concurrency(refused) => {
            let detail = format!("function \"{name}\": {refused}");
            Error::new(ErrorCode::InvalidConfiguration, detail)
        }
        // Those who put and delete aliases say what of them it is.
        WriteError::AliasNotFound
        | WriteError::TooManyAliases
        | WriteError::VersionInUse { .. } => Error::new(ErrorCode::Conflict, error.to_string()),
        // Those who expect something look again; see `check`.
        WriteError::Conflict { current } => conflict(name, &Precondition::NONE, current),
        WriteError::Quota(error) => quota(&error),
        WriteError::Storage(error) => error.into(),
    }
}

/// Fails unless the function is as expected, before anything costly is done.
/// What is changed then is changed only if it is still at that revision.
pub(crate) fn check(
    name: &FunctionName,
    expected: &Precondition,
    current: Option<Revision>,
) -> Result<(), Error> {
    let tag = current.map(|revision| revision.0.to_string());
    let validators = tag.as_deref().map(|tag| Validators { tag: Some(tag), modified: None });
    expected.check(validators).map_err(|_| conflict(name, expected, current))
}
