//! An invocation's event, from the headers of its request: CloudEvents 1.0 in
//! the binary mode of its HTTP binding.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use lambent_api::headers::EVENT_PREFIX;
use lambent_types::{Event, FunctionName, RequestId};
use percent_encoding::percent_decode;

use crate::problem::Refusal;

/// Most bytes of one attribute.
const ATTRIBUTE_BYTES_MAX: usize = 4096;

/// Reads the event; its data comes later.
pub(super) fn read(
    headers: &HeaderMap,
    id: RequestId,
    name: &FunctionName,
) -> Result<Event, Refusal> {
    let mut event = Event {
        id: id.to_string(),
        source: format!("/v1/functions/{name}/invocations"),
        kind: Event::INVOCATION.into(),
        subject: None,
        time_ns: None,
        content_type: headers.get(CONTENT_TYPE).map(content_type).transpose()?,
        schema: None,
        extensions: Vec::new(),
        attempt: 1,
        data: Bytes::new(),
    };
    for header in headers.keys() {
        let Some(attribute) = header.as_str().strip_prefix(EVENT_PREFIX) else { continue };
        let mut values = headers.get_all(header).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return Err(wrong(attribute, "is given twice"));
        };
        set(&mut event, attribute, decode(attribute, value)?)?;
    }
    Ok(event)
}

fn set(event: &mut Event, attribute: &str, value: String) -> Result<(), Refusal> {
    let required = |value: String| {
        if value.is_empty() { Err(wrong(attribute, "is empty")) } else { Ok(value) }
    };
    match attribute {
        "specversion" if value == "1.0" => {}
        "specversion" => return Err(wrong(attribute, "is not 1.0")),
        "id" => event.id = required(value)?,
        "source" => event.source = required(value)?,
        "type" => event.kind = required(value)?,
        "subject" => event.subject = Some(required(value)?),
        "dataschema" => event.schema = Some(required(value)?),
        "time" => {
            let time = value.parse::<Timestamp>().ok();
            let nanos = time.and_then(|time| u64::try_from(time.as_nanosecond()).ok());
            event.time_ns = Some(nanos.ok_or_else(|| {
                wrong(attribute, "is not a time since 1970 such as 2026-01-31T12:00:00Z")
            })?);
        }
        "datacontenttype" => return Err(wrong(attribute, "is what Content-Type is for")),
        _ if attribute.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()) => {
            event.extensions.push((attribute.to_owned(), value));
        }
        _ => return Err(wrong(attribute, "is no attribute name; use a-z and 0-9")),
    }
    Ok(())
}

fn wrong(attribute: &str, problem: &str) -> Refusal {
    Refusal::invalid(format!("header \"ce-{attribute}\" {problem}"))
}

fn content_type(value: &HeaderValue) -> Result<String, Refusal> {
    let text = value.to_str().map_err(|_| Refusal::invalid("the Content-Type is not text"))?;
    if text.trim_start().to_ascii_lowercase().starts_with("application/cloudevents") {
        return Err(Refusal::new(
            lambent_types::ErrorCode::UnsupportedMediaType,
            "events are taken in binary mode; send the data as the body, and the attributes as \
             ce- headers",
        ));
    }
    Ok(text.to_owned())
}

/// Undoes the percent-encoding that the HTTP binding asks for, and with it lets
/// what is no encoding stand for itself.
fn decode(attribute: &str, value: &HeaderValue) -> Result<String, Refusal> {
    if value.len() > ATTRIBUTE_BYTES_MAX {
        return Err(wrong(attribute, "is longer than 4,096 bytes"));
    }
    let text = percent_decode(value.as_bytes()).decode_utf8();
    text.map(Into::into).map_err(|_| wrong(attribute, "is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    fn event(lines: &[(&str, &str)]) -> Result<Event, String> {
        let line = |(name, value): &(&str, &str)| {
            (HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap())
        };
        let headers = lines.iter().map(line).collect();
        let id = RequestId::new();
        read(&headers, id, &"f".parse().unwrap()).map_err(|error| error.detail().to_owned())
    }

    #[test]
    fn every_attribute_has_a_default_or_is_absent() {
        let event = event(&[]).unwrap();
        assert_eq!(event.source, "/v1/functions/f/invocations");
        assert_eq!(event.kind, "lambent.invocation.v1");
        assert_eq!((event.attempt, event.time_ns, event.content_type), (1, None, None));
        assert_eq!(event.id.len(), 36);
    }

    #[test]
    fn headers_are_attributes() {
        let event = event(&[
            ("ce-specversion", "1.0"),
            ("ce-id", "7"),
            ("ce-source", "/orders"),
            ("ce-type", "order.placed"),
            ("ce-subject", "caf%C3%A9 100%"),
            ("ce-time", "1970-01-01T00:00:01.5+00:00"),
            ("ce-tenant", "x"),
            ("content-type", "application/json; charset=utf-8"),
        ])
        .unwrap();
        assert_eq!((&*event.id, &*event.source, &*event.kind), ("7", "/orders", "order.placed"));
        assert_eq!(event.subject.as_deref(), Some("café 100%"));
        assert_eq!(event.time_ns, Some(1_500_000_000));
        assert_eq!(event.extensions, [("tenant".to_owned(), "x".to_owned())]);
        assert_eq!(event.content_type.as_deref(), Some("application/json; charset=utf-8"));
    }

    #[test]
    fn malformed_attributes_are_named() {
        for (name, value, problem) in [
            ("ce-specversion", "0.3", "header \"ce-specversion\" is not 1.0"),
            ("ce-id", "", "header \"ce-id\" is empty"),
            ("ce-time", "yesterday", "header \"ce-time\" is not a time"),
            ("ce-time", "1969-01-01T00:00:00Z", "header \"ce-time\" is not a time"),
            ("ce-a_b", "1", "header \"ce-a_b\" is no attribute name"),
            ("ce-x", "%ff", "header \"ce-x\" is not UTF-8"),
            ("content-type", "application/cloudevents+json", "events are taken in binary mode"),
        ] {
            let error = event(&[(name, value)]).unwrap_err();
            assert!(error.starts_with(problem), "{error}");
        }
        assert!(event(&[("ce-id", "1"), ("ce-id", "2")]).unwrap_err().contains("twice"));
    }
}
