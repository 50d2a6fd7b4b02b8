use lambent_types::TriggerName;

use crate::error::StorageError;
use crate::quota::QuotaExceeded;

/// Why nothing was done with a bucket or an object.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// There is no such bucket.
    #[error("no such bucket")]
    NoBucket,
    /// There is no such object.
    #[error("no such object")]
    NoObject,
    /// There is no such upload, or it was completed or aborted.
    #[error("no such upload")]
    NoUpload,
    /// The bucket is there already.
    #[error("the bucket exists")]
    Exists,
    /// The object has no such version.
    #[error("no such version of the object")]
    NoVersion,
    /// The version is a delete marker, which has nothing to give.
    #[error("the version is a delete marker")]
    Marker,
    /// The bucket holds objects, versions of them, or unfinished uploads.
    #[error("the bucket is not empty")]
    NotEmpty,
    /// A trigger is for its changes.
    #[error("trigger \"{0}\" is for its changes")]
    Triggered(TriggerName),
    /// The condition does not hold.
    #[error("the object is not as expected")]
    Condition {
        /// The object's key.
        key: String,
        /// The etag of the object that is there, if any.
        current: Option<String>,
    },
    /// The range begins after the end.
    #[error("the range begins after the object's end, which is at {size}")]
    Range {
        /// The object's size.
        size: u64,
    },
    /// A key, a part or metadata is out of bounds.
    #[error("{0}")]
    Invalid(String),
    /// The bytes that were given ended early or in an error.
    #[error("the bytes did not all arrive")]
    Input(#[source] std::io::Error),
    /// The namespace is full.
    #[error(transparent)]
    Quota(#[from] QuotaExceeded),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}
