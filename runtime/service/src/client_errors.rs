//! What clients are told when a store refuses: one function for each kind of
//! refusal, used by everything that asks a store on a client's behalf.

use std::fmt::Display;

use lambent_storage::{
    KeyValueError, ObjectError, QueueError, QuotaExceeded, ResourceError, TableError,
};
use lambent_types::{
    BucketName, Error, ErrorCode, KeyspaceName, Namespace, QueueName, Source, SourceResource,
    TableName, Trigger, TriggerName,
};

use crate::resource_name::ResourceName;

/// Most characters of a key in an error.
const KEY_CHARS_MAX: usize = 200;

/// A key as errors show it: quoted, and not longer than anyone reads.
fn shown(key: &str) -> String {
    let mut text: String = key.chars().take(KEY_CHARS_MAX).collect();
    if text.len() < key.len() {
        text.push('…');
    }
    format!("{text:?}")
}

pub(crate) fn quota(error: &QuotaExceeded) -> Error {
    Error::new(ErrorCode::QuotaExceeded, error.to_string())
}

/// There is no resource of this name.
pub(crate) fn not_found<N: ResourceName>(namespace: &Namespace, name: &N) -> Error {
    let noun = N::NOUN;
    let hint = if N::IS_CREATED_BY_NAME { create_first(noun, name) } else { String::new() };
    missing(N::NOT_FOUND, noun, name, namespace, &hint)
}

fn create_first(noun: &str, name: &impl Display) -> String {
    format!("; create it first: lambent {noun} create {name}")
}

fn missing(
    code: ErrorCode,
    noun: &str,
    name: &impl Display,
    namespace: &Namespace,
    hint: &str,
) -> Error {
    let detail = format!("{noun} \"{name}\" does not exist in namespace \"{namespace}\"{hint}");
    Error::new(code, detail)
}

/// There is no such object.
pub(crate) fn no_object(bucket: &BucketName, key: &str) -> Error {
    let detail = format!("bucket \"{bucket}\" has no object {}", shown(key));
    Error::new(ErrorCode::ObjectNotFound, detail)
}

/// There is no such key.
pub(crate) fn no_key(keyspace: &KeyspaceName, key: &str) -> Error {
    let detail = format!("keyspace \"{keyspace}\" has no key {}", shown(key));
    Error::new(ErrorCode::KeyNotFound, detail)
}

/// What the objects of `bucket` refused; `what` is the key, or the upload, that
/// was asked for.
pub(crate) fn object(
    namespace: &Namespace,
    bucket: &BucketName,
    what: &str,
    error: ObjectError,
) -> Error {
    match error {
        ObjectError::NoBucket => not_found(namespace, bucket),
        ObjectError::NoObject => no_object(bucket, what),
        ObjectError::NoVersion => Error::new(
            ErrorCode::ObjectVersionNotFound,
            format!("object {} of bucket \"{bucket}\" has no such version", shown(what)),
        ),
        ObjectError::Marker => Error::new(
            ErrorCode::DeleteMarker,
            format!(
                "this version of object {} of bucket \"{bucket}\" is a delete marker: it says that \
                 the object was deleted, and has nothing to give",
                shown(what)
            ),
        ),
        ObjectError::NoUpload => Error::new(
            ErrorCode::UploadNotFound,
            format!(
                "bucket \"{bucket}\" has no unfinished upload {}; it was completed, aborted, or \
                 never begun",
                shown(what)
            ),
        ),
        ObjectError::Exists => {
            Error::new(ErrorCode::Conflict, format!("bucket \"{bucket}\" exists already"))
        }
        ObjectError::NotEmpty => Error::new(
            ErrorCode::Conflict,
            format!(
                "bucket \"{bucket}\" is not empty; delete its objects, all their versions, and abort \
                 its uploads first"
            ),
        ),
        ObjectError::Triggered(trigger) => in_use_by_trigger("bucket", bucket, &trigger),
        ObjectError::Condition { key, current } => Error::new(
            ErrorCode::PreconditionFailed,
            match current {
                Some(etag) => format!(
                    "object {} of bucket \"{bucket}\" has the etag \"{etag}\"; read it and apply \
                     the change to what it is now",
                    shown(&key)
                ),
                None => format!("bucket \"{bucket}\" has no object {}", shown(&key)),
            },
        ),
        ObjectError::Range { size } => Error::new(
            ErrorCode::RangeNotSatisfiable,
            format!("object {} ends at byte {size}, before the range begins", shown(what)),
        ),
        ObjectError::Invalid(detail) => Error::new(ErrorCode::InvalidRequest, detail),
        ObjectError::Input(source) => input(&source),
        ObjectError::Quota(error) => quota(&error),
        ObjectError::Storage(error) => error.into(),
    }
}

/// Why the bytes of an object did not come: what the door that they come in by
/// says of it, if it says anything.
fn input(source: &std::io::Error) -> Error {
    let said = source.get_ref().and_then(|cause| cause.downcast_ref::<Error>());
    said.cloned().unwrap_or_else(|| {
        Error::new(ErrorCode::InvalidRequest, format!("nothing was written: {source}"))
    })
}

/// What the keys of `keyspace` refused.
pub(crate) fn keyvalue(
    namespace: &Namespace,
    keyspace: &KeyspaceName,
    error: KeyValueError,
) -> Error {
    match error {
        KeyValueError::NoKeyspace => not_found(namespace, keyspace),
        KeyValueError::Exists => {
            Error::new(ErrorCode::Conflict, format!("keyspace \"{keyspace}\" exists already"))
        }
        KeyValueError::NotEmpty => Error::new(
            ErrorCode::Conflict,
            format!("keyspace \"{keyspace}\" is not empty; delete its keys first"),
        ),
        KeyValueError::Triggered(trigger) => in_use_by_trigger("keyspace", keyspace, &trigger),
        KeyValueError::Expectation { key, current } => Error::new(
            ErrorCode::PreconditionFailed,
            match current {
                Some(revision) => format!(
                    "key {} of keyspace \"{keyspace}\" is at revision {revision}; read it and \
                     apply the change to what it is now",
                    shown(&key)
                ),
                None => format!("keyspace \"{keyspace}\" has no key {}", shown(&key)),
            },
        ),
        KeyValueError::NotACounter(key) => Error::new(
            ErrorCode::Conflict,
            format!(
                "the value of key {} is, or would become, no decimal number of 64 bits, so it \
                 cannot be counted with; set or delete it first",
                shown(&key)
            ),
        ),
        KeyValueError::Invalid(detail) => Error::new(ErrorCode::InvalidRequest, detail),
        KeyValueError::Quota(error) => quota(&error),
        KeyValueError::Storage(error) => error.into(),
    }
}

/// What tables refused, `table` being the one that was asked. What is said of items and of what a
/// table is, is said as DynamoDB says it.
pub(crate) fn table(namespace: &Namespace, table: &TableName, error: TableError) -> Error {
    let conflict = |detail: String| Error::new(ErrorCode::Conflict, detail);
    match error {
        TableError::NoTable(name) => not_found(namespace, &name),
        TableError::NoIndex(index) => Error::new(
            ErrorCode::InvalidRequest,
            format!("The table does not have the specified index: {index}"),
        ),
        TableError::Filling(index) => {
            conflict(format!("Cannot read from backfilling global secondary index: {index}"))
        }
        TableError::Exists => conflict(format!("table \"{table}\" exists already")),
        TableError::Restoring(name) => Error::new(
            ErrorCode::TableNotFound,
            format!("table \"{name}\" is still being restored; wait until it has all its items"),
        ),
        TableError::NoBackup(id) => Error::new(
            ErrorCode::TableNotFound,
            format!("table \"{table}\" has no back-up {id:?}; list those that there are"),
        ),
        TableError::BackupInUse => conflict(format!(
            "a back-up of table \"{table}\" is being made or restored; wait until it is done"
        )),
        TableError::Protected => conflict(format!(
            "table \"{table}\" is protected from deletion; take the protection away first"
        )),
        TableError::Changed { current } => Error::new(
            ErrorCode::PreconditionFailed,
            format!(
                "table \"{table}\" is at revision {current}; read it and apply the change to what \
                 it is now"
            ),
        ),
        TableError::NoStream(name, label) => Error::new(
            ErrorCode::TableNotFound,
            format!(
                "table \"{name}\" has no stream {label:?}, or its records are gone; turn one on \
                 with the table's setting \"stream\""
            ),
        ),
        TableError::Trimmed { oldest } => Error::new(
            ErrorCode::InvalidRequest,
            format!("the stream of table \"{table}\" is kept from {oldest} on; go on from there"),
        ),
        TableError::Invalid(invalid) => {
            Error::new(ErrorCode::InvalidRequest, invalid.message().to_owned())
        }
        TableError::Refused(_) => Error::new(
            ErrorCode::PreconditionFailed,
            "a condition of the transaction does not hold; nothing was changed",
        ),
        TableError::TokenReused => conflict(
            "the token of the transaction was given before, with other writes; give each \
             transaction its own"
                .into(),
        ),
        TableError::Quota(error) => quota(&error),
        TableError::Storage(error) => error.into(),
    }
}

/// What `queue` refused.
pub(crate) fn queue(namespace: &Namespace, queue: &QueueName, error: QueueError) -> Error {
    match error {
        QueueError::NoQueue => not_found(namespace, queue),
        QueueError::Exists => Error::new(
            ErrorCode::Conflict,
            format!("queue \"{queue}\" exists already, with other attributes"),
        ),
        QueueError::InUse(other) => Error::new(
            ErrorCode::Conflict,
            format!(
                "queue \"{other}\" sends its dead letters to queue \"{queue}\"; give it another \
                 dead-letter queue, or none, first"
            ),
        ),
        QueueError::Triggered(trigger) => in_use_by_trigger("queue", queue, &trigger),
        QueueError::Receipt => Error::new(
            ErrorCode::ReceiptExpired,
            format!(
                "the receipt is not the last one of any message in queue \"{queue}\"; the message \
                 was deleted or received again"
            ),
        ),
        QueueError::Invalid(detail) => Error::new(ErrorCode::InvalidRequest, detail),
        QueueError::Quota(error) => quota(&error),
        QueueError::Storage(error) => error.into(),
    }
}

/// Why `trigger` was not changed.
pub(crate) fn trigger(namespace: &Namespace, trigger: &Trigger, error: ResourceError) -> Error {
    match error {
        ResourceError::NoSource => no_source(namespace, &trigger.source),
        ResourceError::OtherSource => Error::new(
            ErrorCode::Conflict,
            format!(
                "trigger \"{}\" is for another source, and events of that may still wait; delete \
                 it first, or give this one another name",
                trigger.name
            ),
        ),
        other => resource(namespace, &trigger.name, other),
    }
}

pub(crate) fn no_source(namespace: &Namespace, source: &Source) -> Error {
    let SourceResource { noun, name, not_found } = source.resource();
    missing(not_found, noun, &name, namespace, &create_first(noun, &name))
}

/// Why a resource was not changed.
pub(crate) fn resource<N: ResourceName>(
    namespace: &Namespace,
    name: &N,
    error: ResourceError,
) -> Error {
    match error {
        ResourceError::NotFound => not_found(namespace, name),
        ResourceError::NoSource | ResourceError::OtherSource | ResourceError::Conflict => {
            Error::new(ErrorCode::Conflict, error.to_string())
        }
        ResourceError::Quota(error) => quota(&error),
        ResourceError::Storage(error) => error.into(),
    }
}

/// Nothing can be done in a namespace that is being deleted.
pub(crate) fn being_deleted(name: &Namespace) -> Error {
    let detail = format!("namespace \"{name}\" is being deleted");
    Error::new(ErrorCode::Conflict, detail)
}

fn in_use_by_trigger(what: &str, name: &impl Display, trigger: &TriggerName) -> Error {
    let detail = format!(
        "{what} \"{name}\" is the source of trigger \"{trigger}\"; delete the trigger first"
    );
    Error::new(ErrorCode::Conflict, detail)
}
