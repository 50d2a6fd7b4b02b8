use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::Deserialize;

use super::kind;
use crate::{Event, Failure, FromEvent};

/// The kind of change of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ObjectChange {
    /// The object was written, for the first time or again.
    Created,
    /// The object was deleted.
    Deleted,
}

/// A change of an object in a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectEvent {
    /// The event's id, which is the same for every attempt.
    pub id: String,
    /// The number of this attempt at the event, from 1.
    pub attempt: u32,
    /// When the change happened.
    pub time: Option<SystemTime>,
    /// The kind of change.
    pub change: ObjectChange,
    /// The object's bucket.
    pub bucket: String,
    /// The object's key, exactly: any text, also with slashes.
    pub key: String,
    /// The object's size in bytes; for a deleted object, its last size.
    pub size: u64,
    /// The object's etag; for a deleted object, its last etag.
    pub etag: String,
    /// The object's media type, if its writer gave one.
    pub content_type: Option<String>,
    /// The metadata that its writer attached, by name.
    pub metadata: BTreeMap<String, String>,
    /// A number that grows with every change of the bucket.
    pub sequence: u64,
}

#[derive(Deserialize)]
struct Data {
    bucket: String,
    key: String,
    size: u64,
    etag: String,
    content_type: Option<String>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    sequence: u64,
}

impl FromEvent for ObjectEvent {
    fn from_event(event: Event) -> Result<Self, Failure> {
        let known = [
            ("lambent.object.created.v1", ObjectChange::Created),
            ("lambent.object.deleted.v1", ObjectChange::Deleted),
        ];
        let change = kind(&event, "changes of objects", &known)?;
        let data: Data = event.json()?;
        Ok(Self {
            id: event.id,
            attempt: event.attempt,
            time: event.time,
            change,
            bucket: data.bucket,
            key: data.key,
            size: data.size,
            etag: data.etag,
            content_type: data.content_type,
            metadata: data.metadata,
            sequence: data.sequence,
        })
    }
}
