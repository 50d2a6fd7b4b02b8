use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use lambent_types::Event;
use serde_json::json;

use crate::context::Context;

const REQUEST_ID: HeaderName = HeaderName::from_static("lambda-runtime-aws-request-id");
const DEADLINE: HeaderName = HeaderName::from_static("lambda-runtime-deadline-ms");
const ARN: HeaderName = HeaderName::from_static("lambda-runtime-invoked-function-arn");
const TRACE_ID: HeaderName = HeaderName::from_static("lambda-runtime-trace-id");

/// What the door of an invocation adds to its context, and the header that carries it.
const ATTRIBUTES: [(&str, HeaderName); 4] = [
    ("aws.invoked-function-arn", ARN),
    ("aws.client-context", HeaderName::from_static("lambda-runtime-client-context")),
    ("aws.cognito-identity", HeaderName::from_static("lambda-runtime-cognito-identity")),
    ("aws.tenant-id", HeaderName::from_static("lambda-runtime-aws-tenant-id")),
];

/// An event on its way to a program: what `next` answers, and what extensions are told.
#[derive(Debug)]
pub(crate) struct Delivery {
    /// The invocation's id.
    pub(crate) id: String,
    /// All headers but those of HTTP itself.
    pub(crate) headers: HeaderMap,
    pub(crate) data: Bytes,
    /// The event that extensions get.
    pub(crate) invoke: Bytes,
}

impl Delivery {
    /// The delivery of `event`, which has to be answered within `time`. What the context does not
    /// say has no header: clients read an empty one as a value.
    pub(crate) fn new(context: &Context, event: Event, time: Duration) -> Self {
        let id = context.id.map(|id| id.to_string()).unwrap_or_default();
        let deadline = epoch_ms(time);
        let mut headers = HeaderMap::new();
        set(&mut headers, REQUEST_ID, &id);
        set(&mut headers, DEADLINE, &deadline.to_string());
        for (attribute, header) in ATTRIBUTES {
            let value = context.attributes.iter().find(|(name, _)| name == attribute);
            if let Some((_, value)) = value {
                set(&mut headers, header, value);
            }
        }
        let trace = context.trace_parent.as_deref().and_then(x_ray);
        if let Some(trace) = &trace {
            set(&mut headers, TRACE_ID, trace);
        }
        let content_type = event.content_type.as_deref().unwrap_or("application/json");
        set(&mut headers, http::header::CONTENT_TYPE, content_type);
        let arn = headers.get(ARN).and_then(|arn| arn.to_str().ok()).unwrap_or_default();
        let mut invoke = json!({
            "eventType": "INVOKE",
            "deadlineMs": deadline,
            "requestId": id,
            "invokedFunctionArn": arn,
        });
        if let Some(trace) = trace {
            invoke["tracing"] = json!({ "type": "X-Amzn-Trace-Id", "value": trace });
        }
        Self { id, headers, data: event.data, invoke: invoke.to_string().into() }
    }
}

/// The time after `time` from now, in milliseconds of the epoch.
pub(crate) fn epoch_ms(time: Duration) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from((now + time).as_millis()).unwrap_or(u64::MAX)
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if !value.is_empty()
        && let Ok(value) = HeaderValue::from_str(value)
    {
        headers.insert(name, value);
    }
}

/// X-Ray's form of a W3C `traceparent`.
fn x_ray(trace_parent: &str) -> Option<String> {
    let mut parts = trace_parent.split('-').skip(1);
    let (trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?);
    let (time, unique) = trace.split_at_checked(8)?;
    let sampled = u8::from_str_radix(flags, 16).ok()? & 1;
    Some(format!("Root=1-{time}-{unique};Parent={parent};Sampled={sampled}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_has_no_header() {
        let event = Event {
            id: "e".into(),
            source: "/".into(),
            kind: "k".into(),
            subject: None,
            time_ns: None,
            content_type: None,
            schema: None,
            extensions: Vec::new(),
            attempt: 1,
            data: Bytes::from_static(b"{}"),
        };
        let attributes = vec![("aws.invoked-function-arn".to_owned(), "arn:x".to_owned())];
        let context = Context {
            trace_parent: Some("00-5bef4de7ad49b0e87f6ef6c87fc2e700-7fbc1d11d1a3b5c1-01".into()),
            attributes,
            ..Context::default()
        };
        let delivery = Delivery::new(&context, event, Duration::from_secs(3));
        let names: Vec<_> = delivery.headers.keys().map(HeaderName::as_str).collect();
        assert!(!names.contains(&"lambda-runtime-client-context"), "{names:?}");
        assert!(delivery.headers.values().all(|value| !value.is_empty()));
        assert_eq!(delivery.headers[ARN], "arn:x");
        assert_eq!(
            delivery.headers[TRACE_ID],
            "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=7fbc1d11d1a3b5c1;Sampled=1"
        );
        let invoke: serde_json::Value = serde_json::from_slice(&delivery.invoke).unwrap();
        assert_eq!(invoke["invokedFunctionArn"], "arn:x");
        assert!(invoke["deadlineMs"].as_u64().unwrap() > epoch_ms(Duration::ZERO));
        assert_eq!(x_ray("00-short-x-01"), None);
    }
}
