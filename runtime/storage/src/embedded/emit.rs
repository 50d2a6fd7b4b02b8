use lambent_types::{BucketName, KeyspaceName, Namespace, ObjectChange, Origin};

use crate::embedded::shard::Tx;
use crate::error::StorageError;
use crate::keyvalue::Entry;
use crate::objects::Object;

/// A change, as far as its event tells it.
pub(crate) enum Happened<'a> {
    /// An object was written or deleted.
    Object {
        /// Its bucket.
        bucket: &'a BucketName,
        /// Which of the two.
        change: ObjectChange,
        /// The object as it is, or was.
        object: &'a Object,
        /// The change's own sequence number.
        sequence: u64,
    },
    /// A key was set, deleted, or expired.
    Key {
        /// Its keyspace.
        keyspace: &'a KeyspaceName,
        /// The key.
        key: &'a str,
        /// What it was.
        old: Option<&'a Entry>,
        /// What it is.
        new: Option<&'a Entry>,
        /// The change's own revision.
        revision: u64,
        /// Whether time did it.
        expired: bool,
    },
}

/// Appends the event of a change to the channel of every trigger that it fits,
/// in the transaction of the change.
pub(crate) fn emit(
    _tx: &mut Tx<'_>,
    _namespace: &Namespace,
    _happened: &Happened<'_>,
    _origin: &Origin,
) -> Result<(), StorageError> {
    Ok(())
}
