use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::Deserialize;

use super::kind;
use crate::{Event, Failure, FromEvent};

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ObjectChange {
    /// It was written, for the first time or anew.
    Created,
    /// It was deleted.
    Deleted,
}

/// A change of an object in a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectEvent {
    /// The same for every attempt at this event.
    pub id: String,
    /// 1 for the first delivery of this event, then 2, and so on.
    pub attempt: u32,
    /// When it happened.
    pub time: Option<SystemTime>,
    /// What happened.
    pub change: ObjectChange,
    /// The object's bucket.
    pub bucket: String,
    /// Its key, exactly: any text, also with slashes.
    pub key: String,
    /// Its size in bytes; of a deleted one, what it was.
    pub size: u64,
    /// Its etag; of a deleted one, what it was.
    pub etag: String,
    /// Its media type, if its writer said.
    pub content_type: Option<String>,
    /// What its writer attached, by name.
    pub metadata: BTreeMap<String, String>,
    /// Grows with every change of the bucket.
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
