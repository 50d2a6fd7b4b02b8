//! What goes wrong, as DynamoDB words it.

use std::borrow::Cow;

use lambent_tables::{InputError, Invalid, Item};
use lambent_types::{Error, ErrorCode, TableName};

use crate::fault::Fault;
use crate::validation::Violations;

/// Declares errors: a function for each, with its name.
macro_rules! errors {
    ($($(#[$doc:meta])* $function:ident = $name:literal;)*) => {
        $($(#[$doc])* pub(super) fn $function(message: impl Into<Cow<'static, str>>) -> Fault {
            Fault::bad_request($name, message)
        })*
    };
}

errors! {
    /// A value that an operation does not take.
    validation = "com.amazon.coral.validate#ValidationException";
    /// A body that cannot be read.
    serialization = "com.amazon.coral.service#SerializationException";
    /// No such table.
    not_found = "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException";
    /// A table that is there already, or is being changed.
    in_use = "com.amazonaws.dynamodb.v20120810#ResourceInUseException";
    /// More than there may be.
    limit_exceeded = "com.amazonaws.dynamodb.v20120810#LimitExceededException";
    /// A condition that does not hold.
    condition_failed = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
    /// An item that is there and should not be.
    duplicate_item = "com.amazonaws.dynamodb.v20120810#DuplicateItemException";
    /// A transaction of which some write was refused.
    transaction_canceled = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
    /// A token that came with another transaction before.
    token_mismatch = "com.amazonaws.dynamodb.v20120810#IdempotentParameterMismatchException";
    /// More requests than the node takes.
    throttled = "com.amazonaws.dynamodb.v20120810#ThrottlingException";
    /// An iterator over a stream that is no longer good.
    expired_iterator = "com.amazonaws.dynamodb.v20120810#ExpiredIteratorException";
    /// Records of a stream that are no longer kept.
    trimmed_data = "com.amazonaws.dynamodb.v20120810#TrimmedDataAccessException";
    /// A back-up that there is none of.
    backup_not_found = "com.amazonaws.dynamodb.v20120810#BackupNotFoundException";
    /// A back-up that is being made or restored.
    backup_in_use = "com.amazonaws.dynamodb.v20120810#BackupInUseException";
    /// No such table, where a back-up is asked for.
    table_missing = "com.amazonaws.dynamodb.v20120810#TableNotFoundException";
    /// A table that is there already, where one is to be restored.
    table_exists = "com.amazonaws.dynamodb.v20120810#TableAlreadyExistsException";
    /// Point-in-time recovery that cannot be turned on.
    continuous_backups_unavailable =
        "com.amazonaws.dynamodb.v20120810#ContinuousBackupsUnavailableException";
    /// A table of which no moment can be restored.
    point_in_time_unavailable =
        "com.amazonaws.dynamodb.v20120810#PointInTimeRecoveryUnavailableException";
    /// A caller who may not.
    access_denied = "com.amazon.coral.service#AccessDeniedException";
}

/// The error of reading a stream where it is no longer kept.
pub(super) fn trimmed() -> Fault {
    trimmed_data(
        "The operation attempted to read past the oldest stream record in a shard. There is a limit of 24 hours on data \
         retention in DynamoDB Streams.",
    )
}

impl From<Invalid> for Fault {
    fn from(invalid: Invalid) -> Self {
        validation(invalid.message().to_owned())
    }
}

impl From<InputError> for Fault {
    fn from(error: InputError) -> Self {
        match error {
            InputError::Invalid(invalid) => invalid.into(),
            InputError::Serialization(message) => serialization(message),
        }
    }
}

/// An operation that there is none of. DynamoDB says no more.
pub(super) fn unknown_operation() -> Fault {
    Fault::bad_request("com.amazon.coral.service#UnknownOperationException", "")
}

/// What the service refused of an operation on items.
pub(super) fn fault(error: Error) -> Fault {
    let said = error.detail().to_owned();
    match error.code() {
        ErrorCode::TableNotFound => not_found("Requested resource not found"),
        ErrorCode::InvalidName | ErrorCode::InvalidRequest | ErrorCode::Conflict => {
            validation(said)
        }
        ErrorCode::QuotaExceeded => limit_exceeded(said),
        ErrorCode::Throttled => throttled(said),
        ErrorCode::PreconditionFailed => in_use(said),
        ErrorCode::Forbidden | ErrorCode::NotGranted => access_denied(said),
        _ => Fault::of(&error, |_| None),
    }
}

/// What the service refused of an operation on a table.
pub(super) fn table_fault(table: &TableName, error: Error) -> Fault {
    match error.code() {
        ErrorCode::TableNotFound => {
            not_found(format!("Requested resource not found: Table: {table} not found"))
        }
        _ => fault(error),
    }
}

/// A condition that does not hold, with the item that is there, if it was asked for.
pub(super) fn failed(item: Option<Item>) -> Fault {
    let fault = condition_failed("The conditional request failed");
    match item {
        Some(item) => fault.with("Item", serde_json::to_value(item).unwrap_or_default()),
        None => fault,
    }
}

/// Fails with the members that are out of bounds, if some are.
pub(super) fn checked(violations: Violations) -> Result<(), Fault> {
    violations.finish().map_err(|fault| validation(fault.message))
}
