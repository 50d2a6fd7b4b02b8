//! What goes wrong, as SQS words it. Each error has a name in the JSON protocol and another in the query
//! protocol, which programs written for that one still match on.

use std::borrow::Cow;

use http::StatusCode;
use lambent_types::{Error, ErrorCode};

use crate::fault::Fault;

/// Declares errors: a function for each, with its status and its two names.
macro_rules! errors {
    ($($(#[$doc:meta])* $function:ident = $status:literal $name:literal $query:literal;)*) => {
        $($(#[$doc])* pub(super) fn $function(message: impl Into<Cow<'static, str>>) -> Fault {
            let status = StatusCode::from_u16($status).unwrap_or(StatusCode::BAD_REQUEST);
            Fault { query_code: Some($query), ..Fault::new(status, $name, message) }
        })*
    };
}

errors! {
    /// A value that an operation does not take.
    invalid_value = 400 "InvalidParameterValueException" "InvalidParameterValue";
    /// A member that is missing.
    missing_parameter = 400 "MissingRequiredParameterException" "MissingParameter";
    /// No such queue.
    no_queue = 400 "QueueDoesNotExist" "AWS.SimpleQueueService.NonExistentQueue";
    /// A queue of this name is there, and is another.
    queue_exists = 400 "QueueNameExists" "QueueAlreadyExists";
    /// An attribute that queues of this kind do not have.
    attribute_name = 400 "InvalidAttributeName" "InvalidAttributeName";
    /// A value that an attribute cannot have.
    attribute_value = 400 "InvalidAttributeValue" "InvalidAttributeValue";
    /// A receipt handle that none was given.
    receipt_handle = 400 "ReceiptHandleIsInvalid" "ReceiptHandleIsInvalid";
    /// A body that is no text of XML.
    contents = 400 "InvalidMessageContents" "InvalidMessageContents";
    /// A batch without entries.
    empty_batch = 400 "EmptyBatchRequest" "AWS.SimpleQueueService.EmptyBatchRequest";
    /// A batch of more than ten.
    too_many_entries = 400 "TooManyEntriesInBatchRequest" "AWS.SimpleQueueService.TooManyEntriesInBatchRequest";
    /// Two entries of the same id.
    ids_not_distinct = 400 "BatchEntryIdsNotDistinct" "AWS.SimpleQueueService.BatchEntryIdsNotDistinct";
    /// An id that entries cannot have.
    entry_id = 400 "InvalidBatchEntryId" "AWS.SimpleQueueService.InvalidBatchEntryId";
    /// A batch of too many bytes.
    batch_too_long = 400 "BatchRequestTooLong" "AWS.SimpleQueueService.BatchRequestTooLong";
    /// What SQS does, and this cannot do.
    unsupported = 400 "UnsupportedOperation" "AWS.SimpleQueueService.UnsupportedOperation";
    /// More than there may be.
    over_limit = 403 "OverLimit" "OverLimit";
    /// A queue that was purged a moment ago.
    purge_in_progress = 403 "PurgeQueueInProgress" "AWS.SimpleQueueService.PurgeQueueInProgress";
    /// A move task, or a queue of one, that is not there.
    not_found = 404 "ResourceNotFoundException" "ResourceNotFoundException";
    /// More requests than the node takes.
    throttled = 400 "RequestThrottled" "RequestThrottled";
    /// A body that cannot be read.
    serialization = 400 "SerializationException" "MalformedInput";
    /// An operation that there is none of.
    unknown_operation = 400 "UnknownOperationException" "InvalidAction";
    /// A caller who may not.
    access_denied = 403 "AccessDeniedException" "AccessDenied";
}

/// What the service refused.
pub(super) fn fault(error: Error) -> Fault {
    match error.code() {
        ErrorCode::QueueNotFound => no_queue("The specified queue does not exist."),
        ErrorCode::InvalidName | ErrorCode::InvalidRequest => invalid_value(said(&error)),
        ErrorCode::InvalidConfiguration => attribute_value(said(&error)),
        ErrorCode::ReceiptExpired => receipt_handle("The input receipt handle is invalid."),
        ErrorCode::QuotaExceeded => over_limit(said(&error)),
        ErrorCode::Conflict => unsupported(said(&error)),
        ErrorCode::Throttled => throttled(said(&error)),
        ErrorCode::Forbidden | ErrorCode::NotGranted => access_denied(said(&error)),
        _ => Fault::of(&error, |_| None),
    }
}

fn said(error: &Error) -> String {
    error.detail().to_owned()
}

/// A member that has to be there.
pub(super) fn required<T>(value: Option<T>, name: &str) -> Result<T, Fault> {
    value
        .ok_or_else(|| missing_parameter(format!("The request must contain the parameter {name}.")))
}

/// Text of a client's in an error: not longer than anyone reads.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(256).collect()
}
