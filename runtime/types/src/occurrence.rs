//! The events that the runtime itself makes. This is the one table of their `type`,
//! `source`, `subject` and data.
//!
//! | what happened | `type` | `source` | `subject` | data |
//! |---|---|---|---|---|
//! | an object was written | `lambent.object.created.v1` | `/buckets/<bucket>` | the key | [`ObjectData`] |
//! | an object was deleted | `lambent.object.deleted.v1` | `/buckets/<bucket>` | the key | [`ObjectData`] |
//! | a key was set | `lambent.key.set.v1` | `/keyspaces/<keyspace>` | the key | [`KeyData`] |
//! | a key was deleted or expired | `lambent.key.deleted.v1` | `/keyspaces/<keyspace>` | the key | [`KeyData`] |
//! | a message was received | `lambent.queue.message.v1` | `/queues/<queue>` | its group, if any | the message's body |
//! | an item was changed | `lambent.item.changed.v1` | `/tables/<table>` | the place of the change in the stream | the record, as DynamoDB Streams has it |
//! | a schedule fired | `lambent.schedule.fired.v1` | `/schedules/<schedule>` | – | its input, else [`ScheduleData`] |
//! | a message was published to a topic | `lambent.topic.message.v1` | `/topics/<topic>` | its subject, if any | [`TopicMessage`](crate::TopicMessage) |
//! | a notification goes to a subscription's function or URL | `lambent.topic.notification.v1` | `/topics/<topic>` | the message's subject, if any | what SNS sends |
//! | an invocation was asked for | `lambent.invocation.v1`, or as asked | `/v1/functions/<function>/invocations` | as asked | as asked |
//! | an event was handled | `lambent.delivery.succeeded.v1` | `/functions/<function>` | the event's id | a record |
//! | an event was given up | `lambent.delivery.failed.v1` | `/functions/<function>` | the event's id | a record |
//!
//! A message's attributes are the extension `attributes`, one JSON object; the types of those that are
//! no `String` are `attributetypes`, another; its place in the queue is `sequence`, the receipt of this attempt is `receipt`,
//! and what SQS says of it beside is `queuefacts`, one JSON object, [`QueueFacts`].

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::event::Event;
use crate::name::TableName;
use crate::object_version::VersionId;
use crate::queue::QueueName;
use crate::schedule::ScheduleName;
use crate::trigger::ObjectChange;

/// An object was written.
pub const OBJECT_CREATED: &str = "lambent.object.created.v1";
/// An object was deleted.
pub const OBJECT_DELETED: &str = "lambent.object.deleted.v1";
/// A key was set.
pub const KEY_SET: &str = "lambent.key.set.v1";
/// A key was deleted or expired.
pub const KEY_DELETED: &str = "lambent.key.deleted.v1";
/// A message was received.
pub const QUEUE_MESSAGE: &str = "lambent.queue.message.v1";
/// An item of a table was changed.
pub const ITEM_CHANGED: &str = "lambent.item.changed.v1";
/// A schedule fired.
pub const SCHEDULE_FIRED: &str = "lambent.schedule.fired.v1";
/// A message was published to a topic.
pub const TOPIC_MESSAGE: &str = "lambent.topic.message.v1";
/// A notification of a topic is on its way to a subscription.
pub const TOPIC_NOTIFICATION: &str = "lambent.topic.notification.v1";
/// A subscriber is to be asked whether it wants the messages of a topic.
pub const TOPIC_CONFIRMATION: &str = "lambent.topic.confirmation.v1";
/// An invocation was asked for.
pub const INVOCATION: &str = "lambent.invocation.v1";
/// An event was handled.
pub const DELIVERY_SUCCEEDED: &str = "lambent.delivery.succeeded.v1";
/// An event was given up.
pub const DELIVERY_FAILED: &str = "lambent.delivery.failed.v1";

/// The extension of a message's event with the receipt that it is deleted with, which its trigger does.
pub const RECEIPT: &str = "receipt";
/// The extension of a message's event with the types of its attributes.
pub const ATTRIBUTE_TYPES: &str = "attributetypes";

/// The extension of a message's event with [`QueueFacts`].
pub const QUEUE_FACTS: &str = "queuefacts";

/// What SQS says of a message that was received, beside what its event says anyway.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct QueueFacts {
    /// What a FIFO queue knows it by when it is sent again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deduplication: Option<String>,
    /// When it was received first, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_received: Option<i64>,
    /// The header of AWS X-Ray that its sender gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_header: Option<String>,
    /// The group that its sender gave it on a queue that is not FIFO.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Of a dead letter: the queue that it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dead_letter_of: Option<String>,
}

/// The data of an event about an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectData {
    /// The object's bucket.
    pub bucket: String,
    /// The object's key, exactly.
    pub key: String,
    /// The object's size in bytes; for a deleted object, its last size.
    pub size: u64,
    /// The object's etag; for a deleted object, its last etag.
    pub etag: String,
    /// The object's media type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// The metadata that its writer attached.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// A number that grows with every change of the bucket.
    pub sequence: u64,
    /// Which version of the object, in a bucket that keeps versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionId>,
    /// What wrote or deleted it. Absent in events of releases before this was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<ObjectCause>,
}

/// What wrote or deleted an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectCause {
    /// It was written at once.
    Put,
    /// It was copied from another.
    Copy,
    /// Its parts were put together.
    CompleteMultipartUpload,
    /// It, or a version of it, was deleted for good.
    Delete,
    /// It was deleted by a delete marker, so that its former versions stay.
    DeleteMarkerCreated,
}

impl ObjectCause {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Put,
        Self::Copy,
        Self::CompleteMultipartUpload,
        Self::Delete,
        Self::DeleteMarkerCreated,
    ];

    /// Which change that is.
    #[must_use]
    pub const fn change(self) -> ObjectChange {
        match self {
            Self::Put | Self::Copy | Self::CompleteMultipartUpload => ObjectChange::Created,
            Self::Delete | Self::DeleteMarkerCreated => ObjectChange::Deleted,
        }
    }

    /// S3's name of the event.
    #[must_use]
    pub const fn s3_name(self) -> &'static str {
        match self {
            Self::Put => "ObjectCreated:Put",
            Self::Copy => "ObjectCreated:Copy",
            Self::CompleteMultipartUpload => "ObjectCreated:CompleteMultipartUpload",
            Self::Delete => "ObjectRemoved:Delete",
            Self::DeleteMarkerCreated => "ObjectRemoved:DeleteMarkerCreated",
        }
    }
}

/// The data of an event about a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyData {
    /// The key's keyspace.
    pub keyspace: String,
    /// The key.
    pub key: String,
    /// The revision of the change.
    pub revision: u64,
    /// The value before the change; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<KeyValueData>,
    /// The value after the change; absent if the key was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<KeyValueData>,
    /// Whether the key was deleted because its time to live was over.
    #[serde(default)]
    pub expired: bool,
}

/// A value: `{"text": "…"}` if it is UTF-8, else `{"base64": "…"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyValueData {
    /// UTF-8.
    Text(String),
    /// Anything else, in standard base64 with padding.
    Base64(String),
}

/// The data of an event of a schedule that has no input of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleData {
    /// The schedule.
    pub schedule: String,
    /// The time that the schedule fired for, by RFC 3339. It may have fired later.
    pub time: String,
}

const JSON: &str = "application/json";

impl KeyValueData {
    /// Chooses the form for a value.
    #[must_use]
    pub fn new(value: &[u8]) -> Self {
        match std::str::from_utf8(value) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Base64(STANDARD.encode(value)),
        }
    }

    /// Returns the value; `None` if it is not valid base64.
    #[must_use]
    pub fn bytes(&self) -> Option<Bytes> {
        match self {
            Self::Text(text) => Some(Bytes::copy_from_slice(text.as_bytes())),
            Self::Base64(text) => STANDARD.decode(text).ok().map(Bytes::from),
        }
    }
}

fn occurred(kind: &str, source: String, time: Timestamp) -> Event {
    Event {
        id: Uuid::now_v7().to_string(),
        source,
        kind: kind.into(),
        subject: None,
        time_ns: u64::try_from(time.as_nanosecond()).ok(),
        content_type: Some(JSON.into()),
        schema: None,
        extensions: Vec::new(),
        attempt: 1,
        data: Bytes::new(),
    }
}

fn json(data: &impl Serialize) -> Bytes {
    // Strings and numbers always have a JSON form.
    serde_json::to_vec(data).unwrap_or_default().into()
}

/// Makes the event of an object that was written or deleted.
#[must_use]
pub fn object(change: ObjectChange, data: &ObjectData, time: Timestamp) -> Event {
    let kind = match change {
        ObjectChange::Created => OBJECT_CREATED,
        ObjectChange::Deleted => OBJECT_DELETED,
    };
    let event = occurred(kind, format!("/buckets/{}", data.bucket), time);
    Event { subject: Some(data.key.clone()), data: json(data), ..event }
}

/// Makes the event of a key that was set, deleted, or expired.
#[must_use]
pub fn key(data: &KeyData, time: Timestamp) -> Event {
    let kind = if data.new.is_some() { KEY_SET } else { KEY_DELETED };
    let event = occurred(kind, format!("/keyspaces/{}", data.keyspace), time);
    Event { subject: Some(data.key.clone()), data: json(data), ..event }
}

/// Makes the event of an item that was changed, from the record of its stream: its id and its
/// place there are the event's.
#[must_use]
pub fn item(table: &TableName, record: &serde_json::Value, time: Timestamp) -> Event {
    let event = occurred(ITEM_CHANGED, format!("/tables/{table}"), time);
    let text = |value: &serde_json::Value| value.as_str().map(ToOwned::to_owned);
    let id = text(&record["eventID"]).unwrap_or_else(|| event.id.clone());
    let subject = text(&record["dynamodb"]["SequenceNumber"]);
    Event { id, subject, data: json(record), ..event }
}

/// A message as it was received.
#[derive(Debug, Clone)]
pub struct MessageFacts {
    /// The message's id.
    pub id: String,
    /// The message's body.
    pub body: Bytes,
    /// The body's media type.
    pub content_type: Option<String>,
    /// The attributes that its sender attached.
    pub attributes: BTreeMap<String, String>,
    /// What kind of value an attribute is, where it is no `String`.
    pub attribute_types: BTreeMap<String, String>,
    /// The receipt that it is deleted with.
    pub receipt: String,
    /// What SQS says of it beside.
    pub facts: QueueFacts,
    /// The message's group.
    pub group: Option<String>,
    /// The message's place in the queue.
    pub sequence: u64,
    /// When the message was sent.
    pub sent: Timestamp,
    /// How often the message was received.
    pub receives: u32,
}

/// Makes the event of a message that was received.
#[must_use]
pub fn message(queue: &QueueName, message: MessageFacts) -> Event {
    let mut extensions = vec![
        ("sequence".to_owned(), message.sequence.to_string()),
        (RECEIPT.to_owned(), message.receipt),
    ];
    if !message.attributes.is_empty() {
        let attributes = json(&message.attributes);
        extensions.push(("attributes".into(), String::from_utf8_lossy(&attributes).into_owned()));
    }
    if !message.attribute_types.is_empty() {
        let types = json(&message.attribute_types);
        extensions.push((ATTRIBUTE_TYPES.into(), String::from_utf8_lossy(&types).into_owned()));
    }
    if message.facts != QueueFacts::default() {
        let facts = json(&message.facts);
        extensions.push((QUEUE_FACTS.into(), String::from_utf8_lossy(&facts).into_owned()));
    }
    Event {
        id: message.id,
        subject: message.group,
        content_type: message.content_type,
        extensions,
        attempt: message.receives,
        data: message.body,
        ..occurred(QUEUE_MESSAGE, format!("/queues/{queue}"), message.sent)
    }
}

/// Makes the event of a schedule that fires for `time`. Its id depends on nothing else.
#[must_use]
pub fn schedule(name: &ScheduleName, input: Option<&serde_json::Value>, time: Timestamp) -> Event {
    let data = match input {
        Some(input) => json(input),
        None => json(&ScheduleData { schedule: name.to_string(), time: time.to_string() }),
    };
    let event = occurred(SCHEDULE_FIRED, format!("/schedules/{name}"), time);
    Event { id: format!("{name}@{time}"), data, ..event }
}
