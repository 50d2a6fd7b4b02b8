use std::any::Any;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::DeserializeOwned;

use crate::Failure;
use crate::bindings::function::lambent::function::types as wit;

/// A whole event: its data, and the CloudEvents 1.0 attributes that came with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The event's id. It is the same for every attempt, so a function can tell whether the
    /// work was already done.
    pub id: String,
    /// CloudEvents `source`: a URI reference to where it happened.
    pub source: String,
    /// CloudEvents `type`: what happened.
    pub kind: String,
    /// CloudEvents `subject`: what it happened to.
    pub subject: Option<String>,
    /// CloudEvents `time`: when it happened.
    pub time: Option<SystemTime>,
    /// CloudEvents `datacontenttype`: the media type of `data`.
    pub content_type: Option<String>,
    /// CloudEvents `dataschema`: a URI.
    pub schema: Option<String>,
    /// Further attributes by name.
    pub extensions: Vec<(String, String)>,
    /// The number of this attempt at the event, from 1.
    pub attempt: u32,
    /// The data.
    pub data: Vec<u8>,
}

impl Event {
    /// Decodes the data as JSON. No data at all is decoded as `null`.
    ///
    /// # Errors
    /// Returns a [`Failure`] of kind `InvalidInput` that asks for no further attempts,
    /// since the same data would fail again.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        let data = if self.data.is_empty() { b"null" } else { self.data.as_slice() };
        serde_json::from_slice(data).map_err(Failure::invalid_input)
    }

    /// Returns the further attribute of this name.
    #[must_use]
    pub fn extension(&self, name: &str) -> Option<&str> {
        let (_, value) = self.extensions.iter().find(|(known, _)| known == name)?;
        Some(value)
    }
}

impl From<wit::Event> for Event {
    fn from(event: wit::Event) -> Self {
        Self {
            id: event.id,
            source: event.source,
            kind: event.type_,
            subject: event.subject,
            time: event.time.map(|time| UNIX_EPOCH + Duration::from_nanos(time)),
            content_type: event.content_type,
            schema: event.schema,
            extensions: event.extensions,
            attempt: event.attempt,
            data: event.data,
        }
    }
}

/// A type that a handler can take.
///
/// - `Event`: the event with everything that came with it.
/// - `Vec<u8>` and `String`: the data as it is.
/// - Any other deserialisable type: the data decoded as JSON, see [`Event::json`].
///
/// To take events in another format, implement this trait for a type of your own that
/// does not implement `Deserialize`.
#[diagnostic::on_unimplemented(
    message = "a handler cannot take `{Self}`",
    label = "not something an event can become",
    note = "derive `serde::Deserialize` for it, or take `lambent_sdk::Event`"
)]
pub trait FromEvent: Sized {
    /// Makes the handler's argument from the event.
    ///
    /// # Errors
    /// A failure says why the event does not fit; the handler is then not called.
    fn from_event(event: Event) -> Result<Self, Failure>;
}

impl FromEvent for Event {
    fn from_event(event: Event) -> Result<Self, Failure> {
        Ok(event)
    }
}

impl<T: DeserializeOwned + 'static> FromEvent for T {
    fn from_event(mut event: Event) -> Result<Self, Failure> {
        // Coherence forbids impls of their own for the two types that are not
        // JSON, because they can be deserialised.
        let mut raw = None::<T>;
        let slot: &mut dyn Any = &mut raw;
        if let Some(bytes) = slot.downcast_mut::<Option<Vec<u8>>>() {
            *bytes = Some(std::mem::take(&mut event.data));
        } else if let Some(text) = slot.downcast_mut::<Option<String>>() {
            let data = std::mem::take(&mut event.data);
            *text = Some(String::from_utf8(data).map_err(Failure::invalid_input)?);
        }
        raw.map_or_else(|| event.json(), Ok)
    }
}
