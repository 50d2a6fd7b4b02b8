use std::collections::BTreeMap;

use super::kind;
use crate::{Event, Failure, FromEvent};

/// A message of a queue.
///
/// Its body is whatever an event's data can become: a type that implements
/// `Deserialize` from JSON, or `Vec<u8>` or `String` as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueMessage<T = Vec<u8>> {
    /// The message's id, which is the same every time it is received.
    pub id: String,
    /// The queue.
    pub queue: String,
    /// The body.
    pub body: T,
    /// The body's media type, if its sender gave one.
    pub content_type: Option<String>,
    /// The attributes that its sender attached, by name.
    pub attributes: BTreeMap<String, String>,
    /// The group within which messages keep their order; only messages of FIFO queues
    /// have one.
    pub group: Option<String>,
    /// The message's place in the queue.
    pub sequence: u64,
    /// How often the message was received, this time included.
    pub receives: u32,
}

impl<T: FromEvent> FromEvent for QueueMessage<T> {
    fn from_event(mut event: Event) -> Result<Self, Failure> {
        let known = [("lambent.queue.message.v1", ())];
        kind(&event, "messages of queues", &known)?;
        let queue = event.source.strip_prefix("/queues/").unwrap_or(&event.source).to_owned();
        let attributes = match event.extension("attributes") {
            Some(json) => serde_json::from_str(json).map_err(Failure::invalid_input)?,
            None => BTreeMap::new(),
        };
        let sequence = event.extension("sequence").and_then(|text| text.parse().ok());
        Ok(Self {
            id: event.id.clone(),
            queue,
            content_type: event.content_type.clone(),
            attributes,
            group: event.subject.take(),
            sequence: sequence.unwrap_or_default(),
            receives: event.attempt,
            body: T::from_event(event)?,
        })
    }
}
