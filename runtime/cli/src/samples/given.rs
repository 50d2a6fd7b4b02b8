//! What is sent to a function: a sample, or what was read of a file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use jiff::Timestamp;
use lambent_types::Event;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Made;

/// A request to a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// An event to invoke a function with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) data: Vec<u8>,
    pub(crate) content_type: Option<String>,
    /// CloudEvents attributes by name.
    pub(crate) attributes: Vec<(String, String)>,
}

impl Given {
    /// A payload as it is.
    pub(crate) fn payload(payload: &Value) -> Self {
        let content_type = Some("application/json".into());
        Self { data: payload.to_string().into(), content_type, attributes: Vec::new() }
    }

    /// An event of the node.
    pub(crate) fn event(event: &Event) -> Self {
        let time = event.time_ns.and_then(|ns| Timestamp::from_nanosecond(ns.into()).ok());
        let mut attributes = vec![
            ("id".to_owned(), event.id.clone()),
            ("source".to_owned(), event.source.clone()),
            ("type".to_owned(), event.kind.clone()),
        ];
        attributes.extend(event.subject.clone().map(|subject| ("subject".into(), subject)));
        attributes.extend(time.map(|time| ("time".into(), time.to_string())));
        attributes.extend(event.extensions.iter().cloned());
        let content_type = event.content_type.clone();
        Self { data: event.data.to_vec(), content_type, attributes }
    }

    /// A CloudEvent in JSON.
    fn cloud(mut members: Map<String, Value>) -> Result<Self, String> {
        let mut given = Self::default();
        if let Some(encoded) = members.remove("data_base64") {
            let decoded = encoded.as_str().and_then(|text| STANDARD.decode(text).ok());
            given.data = decoded.ok_or("data_base64 of the event is no base64")?;
        }
        given.content_type = match members.remove("datacontenttype") {
            None => None,
            Some(Value::String(text)) => Some(text),
            Some(_) => return Err("datacontenttype of the event is no text".into()),
        };
        let is_json = given.content_type.as_deref().is_none_or(|text| text.contains("json"));
        match members.remove("data") {
            None => {}
            Some(Value::String(text)) if !is_json => given.data = text.into(),
            Some(data) => {
                given.data = data.to_string().into();
                given.content_type.get_or_insert("application/json".into());
            }
        }
        for (name, value) in members {
            match value {
                Value::String(text) => given.attributes.push((name, text)),
                Value::Number(_) | Value::Bool(_) => {
                    given.attributes.push((name, value.to_string()));
                }
                _ => return Err(format!("{name} of the event is no text")),
            }
        }
        Ok(given)
    }
}

/// What is to be sent to a function.
#[derive(Debug)]
pub(crate) enum What {
    Event(Given),
    Request(Request),
}

impl What {
    /// What `lambent event show` prints, perhaps edited: a CloudEvent, a request, or a payload.
    ///
    /// # Errors
    /// It is none of them.
    pub(crate) fn read(text: &[u8]) -> Result<Self, String> {
        let value: Value = serde_json::from_slice(text)
            .map_err(|error| format!("the event is no JSON: {error}"))?;
        Ok(match value {
            Value::Object(members) if members.contains_key("specversion") => {
                Self::Event(Given::cloud(members)?)
            }
            value => match Request::printed(&value) {
                Some(request) => Self::Request(request),
                None => Self::Event(Given::payload(&value)),
            },
        })
    }
}

impl Made {
    /// The sample as JSON, as it is read again.
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Event(event) => event.structured(),
            Self::Payload(payload) => payload.clone(),
            Self::Request(request) => request.to_json(),
        }
    }
}

impl Request {
    /// The request as people read it, in JSON.
    fn to_json(&self) -> Value {
        let mut json = serde_json::json!({
            "method": self.method.as_str(),
            "path": self.path,
        });
        if !self.body.is_empty() {
            json["body"] = String::from_utf8_lossy(&self.body).into();
        }
        if let Some(content_type) = &self.content_type {
            json["headers"] = serde_json::json!({ "content-type": content_type });
        }
        json
    }

    /// The request that was printed so; none if it is anything else.
    fn printed(json: &Value) -> Option<Self> {
        let Printed { method, path, body, headers } = Printed::deserialize(json).ok()?;
        let method = Method::from_bytes(method.as_bytes()).ok()?;
        let is_request = path.starts_with('/') && !method.as_str().contains(char::is_lowercase);
        let content_type = headers.content_type;
        is_request.then(|| Self { method, path, content_type, body: body.into() })
    }
}

/// A request as [`Request::to_json`] has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Printed {
    method: String,
    path: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    headers: Headers,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Headers {
    #[serde(rename = "content-type")]
    content_type: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::super::find;
    use super::*;

    fn event(text: &[u8]) -> Result<Given, String> {
        match What::read(text)? {
            What::Event(given) => Ok(given),
            What::Request(request) => Err(format!("{request:?}")),
        }
    }

    #[test]
    fn what_is_printed_of_a_request_is_read_again() {
        for text in ["http:GET /x?a=1", "http:post /orders"] {
            let (sample, mut set) = find(text).unwrap();
            set.push(crate::samples::Assignment::new("body", "{\"n\":1}"));
            let made = sample.make(&set).unwrap();
            let What::Request(read) = What::read(made.to_json().to_string().as_bytes()).unwrap()
            else {
                panic!("{text} is an event");
            };
            let Made::Request(request) = made else { panic!("{text}") };
            assert_eq!(read, request);
        }
        for payload in [
            r#"{"method":"GET","path":"x"}"#,
            r#"{"method":"get","path":"/"}"#,
            r#"{"method":"GET","path":"/","requestContext":{}}"#,
        ] {
            assert_eq!(event(payload.as_bytes()).unwrap().data.len(), payload.len(), "{payload}");
        }
    }

    #[test]
    fn what_is_printed_of_an_event_is_read_again() {
        for text in
            ["object:photos/é.jpg", "queue:{\"n\":1}", "queue:plain", "key:users/7", "schedule:n"]
        {
            let (sample, set) = find(text).unwrap();
            let Made::Event(event) = sample.make(&set).unwrap() else { panic!("{text}") };
            let mut read = self::event(event.structured().to_string().as_bytes()).unwrap();
            read.attributes.retain(|(name, _)| name != "specversion");
            let mut given = Given::event(&event);
            read.attributes.sort();
            given.attributes.sort();
            let json = |data: &[u8]| serde_json::from_slice::<Value>(data).ok();
            assert_eq!(
                (json(&read.data), &read.attributes),
                (json(&given.data), &given.attributes)
            );
            assert_eq!(read.content_type, given.content_type);
        }
    }

    #[test]
    fn payloads_are_read_as_they_are_and_what_is_wrong_is_said() {
        let given = self::event(b"{\"Records\":[]}").unwrap();
        assert_eq!((&given.data[..], given.attributes.len()), (&b"{\"Records\":[]}"[..], 0));
        let binary = br#"{"specversion":"1.0","id":"1","data_base64":"/w=="}"#;
        assert_eq!(self::event(binary).unwrap().data, b"\xff");
        for (text, told) in [
            ("{", "no JSON"),
            (r#"{"specversion":"1.0","data_base64":"?"}"#, "no base64"),
            (r#"{"specversion":"1.0","subject":{}}"#, "subject of the event is no text"),
        ] {
            let error = self::event(text.as_bytes()).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
