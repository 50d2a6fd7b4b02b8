//! The answers of the API, byte for byte as Lambda's emulator writes them.

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use serde_json::Value;

use super::fault::Fault;

pub(super) type Reply = Response<Full<Bytes>>;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// A body with its status and its media type.
fn reply(status: StatusCode, content_type: HeaderValue, body: Bytes) -> Reply {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// JSON as Go writes it: a line, in which what HTML has a meaning for is escaped.
pub(super) fn json(status: StatusCode, value: &Value) -> Reply {
    let text = value.to_string();
    let text = text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    reply(status, JSON, format!("{text}\n").into())
}

/// What was asked for is done.
pub(super) fn accepted() -> Reply {
    reply(StatusCode::ACCEPTED, JSON, Bytes::from_static(b"{\"status\":\"OK\"}\n"))
}

pub(super) fn text(body: &'static str) -> Reply {
    reply(StatusCode::OK, TEXT, Bytes::from_static(body.as_bytes()))
}

/// An event for whoever asked for one.
pub(super) fn event(content_type: Option<&HeaderValue>, data: Bytes) -> Reply {
    reply(StatusCode::OK, content_type.cloned().unwrap_or(JSON), data)
}

/// There is no such path.
pub(super) fn not_found() -> Reply {
    let body = Bytes::from_static(b"404 page not found\n");
    let mut response = reply(StatusCode::NOT_FOUND, TEXT, body);
    let nosniff = HeaderValue::from_static("nosniff");
    response.headers_mut().insert(http::header::X_CONTENT_TYPE_OPTIONS, nosniff);
    response
}

/// The path has another method.
pub(super) fn not_allowed(allowed: &'static str) -> Reply {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

impl From<Fault> for Reply {
    fn from(fault: Fault) -> Self {
        let Fault { status, kind, message } = fault;
        // In this order, which a map would not keep.
        let [message, kind] = [Value::from(message), Value::from(kind)];
        let body = format!("{{\"errorMessage\":{message},\"errorType\":{kind}}}");
        let body = body.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
        reply(status, JSON, format!("{body}\n").into())
    }
}
