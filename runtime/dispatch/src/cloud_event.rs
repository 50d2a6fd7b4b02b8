use std::fmt::Write as _;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use http_body_util::{BodyExt as _, Full};
use jiff::Timestamp;
use lambent_types::{Error, ErrorCode, Event, FunctionVersion};

use crate::runner::Body;

/// The event as a binary-mode CloudEvent of the HTTP binding: a POST to `/`
/// with the attributes in `ce-*` headers and the data as its body. Besides,
/// `lambent-attempt` counts deliveries of this event from 1.
pub(crate) fn request(
    function: &FunctionVersion,
    event: Event,
    trace_parent: Option<&str>,
) -> Result<Request<Body>, Error> {
    let mut headers = HeaderMap::with_capacity(12);
    for (name, value) in &event.extensions {
        let header = HeaderName::try_from(format!("ce-{name}"))
            .map_err(|_| invalid(format!("event attribute {name:?} cannot be a header name")))?;
        headers.insert(header, encoded(value)?);
    }
    let time = event.time_ns.and_then(|ns| Timestamp::from_nanosecond(i128::from(ns)).ok());
    let time = time.map(|time| time.to_string());
    let attributes = [
        ("ce-specversion", Some("1.0")),
        ("ce-id", Some(&*event.id)),
        ("ce-source", Some(&*event.source)),
        ("ce-type", Some(&*event.kind)),
        ("ce-subject", event.subject.as_deref()),
        ("ce-time", time.as_deref()),
        ("ce-dataschema", event.schema.as_deref()),
    ];
    for (name, value) in attributes {
        if let Some(value) = value {
            headers.insert(HeaderName::from_static(name), encoded(value)?);
        }
    }
    if let Some(content_type) = &event.content_type {
        headers.insert(CONTENT_TYPE, plain("content type", content_type)?);
    }
    if let Some(trace_parent) = trace_parent {
        headers.insert("traceparent", plain("traceparent", trace_parent)?);
    }
    // The host under which function traffic would reach it.
    let host = format!("{}.{}.localhost", function.name, function.namespace);
    headers.insert(HOST, plain("host", &host)?);
    headers.insert("lambent-attempt", HeaderValue::from(event.attempt));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(event.data.len()));

    let mut request = Request::new(full(event.data));
    *request.method_mut() = http::Method::POST;
    *request.headers_mut() = headers;
    Ok(request)
}

fn full(data: Bytes) -> Body {
    Full::new(data).map_err(|never| match never {}).boxed_unsync()
}

fn invalid(detail: String) -> Error {
    Error::new(ErrorCode::InvalidRequest, detail)
}

fn plain(what: &str, value: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(value)
        .map_err(|_| invalid(format!("{what} {value:?} cannot be a header value")))
}

/// An attribute's value, percent-encoded as section 3.1.3.2 of the HTTP binding has it.
fn encoded(value: &str) -> Result<HeaderValue, Error> {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        if matches!(byte, 0x21..=0x7e) && byte != b'"' && byte != b'%' {
            text.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    plain("event attribute", &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attribute_values_are_percent_encoded() {
        assert_eq!(encoded("Euro € \"1%\"").unwrap(), "Euro%20%E2%82%AC%20%221%25%22");
        assert_eq!(encoded("/orders?a=b").unwrap(), "/orders?a=b");
        assert_eq!(encoded("a\r\nb").unwrap(), "a%0D%0Ab");
    }
}
