use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One CloudEvents 1.0 event, as a function's handler receives it.
///
/// It is serialized without its data, which stores keep beside it as bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The event's id. It is the same for every attempt.
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
    /// The number of this attempt, from 1.
    pub attempt: u32,
    /// The data.
    #[serde(skip)]
    pub data: Bytes,
}

impl Event {
    /// The `type` of events that a client invokes a function with, if it names none.
    pub const INVOCATION: &str = "lambent.invocation.v1";

    /// Returns the structured form: the CloudEvent as one JSON object. The data is JSON if
    /// the media type says so and it is valid; else text; else `data_base64`.
    #[must_use]
    pub fn structured(&self) -> Value {
        let mut event = Map::new();
        for (name, value) in &self.extensions {
            event.insert(name.clone(), value.clone().into());
        }
        let time = self.time_ns.and_then(|ns| Timestamp::from_nanosecond(ns.into()).ok());
        let attributes = [
            ("specversion", Some("1.0".to_owned())),
            ("id", Some(self.id.clone())),
            ("source", Some(self.source.clone())),
            ("type", Some(self.kind.clone())),
            ("subject", self.subject.clone()),
            ("time", time.map(|time| time.to_string())),
            ("datacontenttype", self.content_type.clone()),
            ("dataschema", self.schema.clone()),
        ];
        for (name, value) in attributes {
            event.extend(value.map(|value| (name.to_owned(), value.into())));
        }
        if !self.data.is_empty() {
            let (name, data) = self.structured_data();
            event.insert(name.into(), data);
        }
        event.into()
    }

    fn structured_data(&self) -> (&'static str, Value) {
        let media_type = self.content_type.as_deref().unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        let is_json = media_type.eq_ignore_ascii_case("application/json")
            || media_type.to_ascii_lowercase().ends_with("+json");
        let json = is_json.then(|| serde_json::from_slice(&self.data).ok()).flatten();
        match (json, std::str::from_utf8(&self.data)) {
            (Some(json), _) => ("data", json),
            (None, Ok(text)) => ("data", text.into()),
            (None, Err(_)) => ("data_base64", STANDARD.encode(&self.data).into()),
        }
    }
}

/// The output of a function for an event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Output {
    /// The media type of `data`, if the function gave one.
    pub content_type: Option<String>,
    /// The data.
    pub data: Bytes,
}

/// The wish of a failed function for further attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Retry {
    /// Retry as the trigger is configured.
    #[default]
    Policy,
    /// Retry no sooner than after this time.
    After(Duration),
    /// Do not retry: the event goes to the dead-letter destination.
    Never,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(content_type: &str, data: &'static [u8]) -> Event {
        Event {
            id: "1".into(),
            source: "/s".into(),
            kind: "t".into(),
            subject: None,
            time_ns: Some(1_500_000_000),
            content_type: Some(content_type.into()),
            schema: None,
            extensions: vec![("tenant".into(), "x".into())],
            attempt: 1,
            data: Bytes::from_static(data),
        }
    }

    #[test]
    fn data_is_what_its_media_type_says_if_it_can_be() {
        let structured = event("application/json; charset=utf-8", b"{\"a\":1}").structured();
        let expected = json!({
            "specversion": "1.0", "id": "1", "source": "/s", "type": "t", "tenant": "x",
            "time": "1970-01-01T00:00:01.5Z", "data": { "a": 1 },
            "datacontenttype": "application/json; charset=utf-8",
        });
        assert_eq!(structured, expected);
        assert_eq!(event("application/x+json", b"[1]").structured()["data"], json!([1]));
        assert_eq!(event("application/json", b"{").structured()["data"], "{");
        assert_eq!(event("text/plain", b"1").structured()["data"], "1");
        assert_eq!(event("image/png", b"\xff").structured()["data_base64"], "/w==");
        assert_eq!(event("text/plain", b"").structured().get("data"), None);
    }
}
