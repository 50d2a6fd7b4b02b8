use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// One CloudEvents 1.0 event, as a function's handler receives it.
///
/// Serialized without its data, which stores keep beside it as bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The same for every attempt at this event.
    pub id: String,
    /// CloudEvents `source`: a URI reference.
    pub source: String,
    /// CloudEvents `type`.
    pub kind: String,
    /// CloudEvents `subject`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// CloudEvents `time`, in nanoseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_ns: Option<u64>,
    /// CloudEvents `datacontenttype`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// CloudEvents `dataschema`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Further attributes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<(String, String)>,
    /// 1 for the first delivery.
    pub attempt: u32,
    /// The data.
    #[serde(skip)]
    pub data: Bytes,
}

/// What a function returned for an event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Output {
    /// The media type of `data`, where the function said.
    pub content_type: Option<String>,
    /// The data.
    pub data: Bytes,
}

/// What a failed function asks of further attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Retry {
    /// As the trigger is configured.
    #[default]
    Policy,
    /// Not before this long.
    After(Duration),
    /// Straight to the dead-letter destination.
    Never,
}
