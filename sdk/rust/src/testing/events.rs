//! Events as a node makes them. Their members are public, so that a test changes what it is about.

use std::collections::BTreeMap;
use std::time::SystemTime;

use crate::{
    Batch, Event, FromEvent, KeyChange, KeyEvent, ObjectChange, ObjectEvent, QueueMessage,
    ScheduledEvent,
};

const ID: &str = "00000000-0000-7000-8000-000000000001";

/// An event with this data, as an invocation over HTTP or by `lambent invoke` gives it.
#[must_use]
pub fn invocation(data: impl Into<Vec<u8>>) -> Event {
    Event {
        id: ID.into(),
        source: "/v1/functions/function/invocations".into(),
        kind: "lambent.invocation.v1".into(),
        subject: None,
        time: Some(SystemTime::now()),
        content_type: Some("application/json".into()),
        schema: None,
        extensions: Vec::new(),
        attempt: 1,
        data: data.into(),
    }
}

/// An object that was written.
#[must_use]
pub fn object_created(bucket: &str, key: &str, size: u64) -> ObjectEvent {
    object(ObjectChange::Created, bucket, key, size)
}

/// An object that was deleted, with its last size.
#[must_use]
pub fn object_deleted(bucket: &str, key: &str, size: u64) -> ObjectEvent {
    object(ObjectChange::Deleted, bucket, key, size)
}

fn object(change: ObjectChange, bucket: &str, key: &str, size: u64) -> ObjectEvent {
    ObjectEvent {
        id: ID.into(),
        attempt: 1,
        time: Some(SystemTime::now()),
        change,
        bucket: bucket.into(),
        key: key.into(),
        size,
        etag: "d41d8cd98f00b204e9800998ecf8427e".into(),
        content_type: None,
        metadata: BTreeMap::new(),
        sequence: 1,
    }
}

/// A key that was set, and the value that it had before, if it had one.
#[must_use]
pub fn key_set(keyspace: &str, key: &str, old: Option<&[u8]>, new: impl Into<Vec<u8>>) -> KeyEvent {
    let change = KeyChange::Set;
    KeyEvent { change, new: Some(new.into()), ..gone(keyspace, key, old) }
}

/// A key that was deleted, and the value that it had.
#[must_use]
pub fn key_deleted(keyspace: &str, key: &str, old: &[u8]) -> KeyEvent {
    gone(keyspace, key, Some(old))
}

/// A key whose time to live was over, and the value that it had.
#[must_use]
pub fn key_expired(keyspace: &str, key: &str, old: &[u8]) -> KeyEvent {
    KeyEvent { change: KeyChange::Expired, ..gone(keyspace, key, Some(old)) }
}

fn gone(keyspace: &str, key: &str, old: Option<&[u8]>) -> KeyEvent {
    KeyEvent {
        id: ID.into(),
        attempt: 1,
        time: Some(SystemTime::now()),
        change: KeyChange::Deleted,
        keyspace: keyspace.into(),
        key: key.into(),
        old: old.map(<[u8]>::to_vec),
        new: None,
        revision: 1,
    }
}

/// A message that is received for the first time.
#[must_use]
pub fn message<T>(queue: &str, body: T) -> QueueMessage<T> {
    QueueMessage {
        id: ID.into(),
        queue: queue.into(),
        body,
        content_type: None,
        attributes: BTreeMap::new(),
        group: None,
        sequence: 1,
        receives: 1,
    }
}

/// A schedule that fired now.
#[must_use]
pub fn scheduled<T>(schedule: &str, input: T) -> ScheduledEvent<T> {
    let time = Some(SystemTime::now());
    ScheduledEvent { id: ID.into(), attempt: 1, schedule: schedule.into(), time, input }
}

/// Messages of a queue as a batch handler gets them. Each body is decoded as it would be from a
/// node; those that do not fit are not in the batch.
#[must_use]
pub fn batch<T: FromEvent>(
    queue: &str,
    bodies: impl IntoIterator<Item = impl Into<Vec<u8>>>,
) -> Batch<QueueMessage<T>> {
    let events = bodies.into_iter().map(|body| Event {
        source: format!("/queues/{queue}"),
        kind: "lambent.queue.message.v1".into(),
        ..invocation(body)
    });
    Batch::from_events(events).0
}
