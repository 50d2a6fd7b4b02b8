use jiff::Timestamp;
use lambent_types::occurrence::ObjectCause;
use lambent_types::{BucketName, Event, KeyspaceName, ObjectChange, Source, VersionId, occurrence};

use crate::keyvalue::Entry;
use crate::objects::Object;

/// A change, as far as its event tells it.
pub enum ChangeEvent<'a> {
    /// An object was written or deleted.
    Object {
        /// The bucket of the object.
        bucket: &'a BucketName,
        /// What did it.
        cause: ObjectCause,
        /// The key of the object.
        key: &'a str,
        /// The object as it is, or was; none if what was made or deleted is a delete marker.
        object: Option<&'a Object>,
        /// Which version that is; none if its bucket keeps none.
        version: Option<VersionId>,
        /// The change's own sequence number.
        sequence: u64,
    },
    /// A key was set, deleted, or expired.
    Key {
        /// The keyspace of the key.
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

impl ChangeEvent<'_> {
    /// Whether a trigger with this source is for this change.
    pub fn fits(&self, source: &Source) -> bool {
        match (self, source) {
            (
                Self::Object { bucket, cause, key, .. },
                Source::Object { bucket: wanted, changes, prefix, suffix },
            ) => {
                *bucket == wanted
                    && (changes.is_empty() || changes.contains(&cause.change()))
                    && key.starts_with(prefix)
                    && key.ends_with(suffix)
            }
            (Self::Key { keyspace, key, .. }, Source::KeyValue { keyspace: wanted, prefix }) => {
                keyspace.key() == wanted.key() && key.starts_with(prefix)
            }
            _ => false,
        }
    }

    /// Whether something is no longer there.
    pub const fn is_deletion(&self) -> bool {
        match self {
            Self::Object { cause, .. } => matches!(cause.change(), ObjectChange::Deleted),
            Self::Key { new, .. } => new.is_none(),
        }
    }

    /// What comes in order with others of its kind: the changes of one key.
    pub const fn group(&self) -> Option<&str> {
        match self {
            Self::Object { .. } => None,
            Self::Key { key, .. } => Some(key),
        }
    }

    /// The event.
    pub fn event(&self, now: Timestamp) -> Event {
        match self {
            Self::Object { bucket, cause, key, object, version, sequence } => {
                let data = occurrence::ObjectData {
                    bucket: bucket.to_string(),
                    key: (*key).to_owned(),
                    size: object.map_or(0, |object| object.size),
                    etag: object.map(|object| object.etag.clone()).unwrap_or_default(),
                    content_type: object.and_then(|object| object.content_type.clone()),
                    metadata: object.map(|object| object.metadata.clone()).unwrap_or_default(),
                    sequence: *sequence,
                    version: *version,
                    cause: Some(*cause),
                };
                occurrence::object(cause.change(), &data, now)
            }
            Self::Key { keyspace, key, old, new, revision, expired } => {
                let value = |entry: &Entry| occurrence::KeyValueData::new(&entry.value);
                let data = occurrence::KeyData {
                    keyspace: keyspace.to_string(),
                    key: (*key).to_owned(),
                    revision: *revision,
                    old: old.map(value),
                    new: new.map(value),
                    expired: *expired,
                };
                occurrence::key(&data, now)
            }
        }
    }
}
