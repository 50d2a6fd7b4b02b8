use std::time::Duration;

use bytes::Bytes;

/// One CloudEvents 1.0 event, as a function's handler receives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The same for every attempt at this event.
    pub id: String,
    /// CloudEvents `source`: a URI reference.
    pub source: String,
    /// CloudEvents `type`.
    pub kind: String,
    /// CloudEvents `subject`.
    pub subject: Option<String>,
    /// CloudEvents `time`, in nanoseconds since the Unix epoch.
    pub time_ns: Option<u64>,
    /// CloudEvents `datacontenttype`.
    pub content_type: Option<String>,
    /// CloudEvents `dataschema`.
    pub schema: Option<String>,
    /// Further attributes.
    pub extensions: Vec<(String, String)>,
    /// 1 for the first delivery.
    pub attempt: u32,
    /// The data.
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
