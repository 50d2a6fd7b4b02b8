//! A request that an event describes, in payload format 2.0, for a function that speaks HTTP; and its
//! response, as the payload that a handler of Lambda would return:
//! <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads>.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, COOKIE, HOST, SET_COOKIE};
use http::response::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::{BodyExt as _, Full};
use lambent_types::{FunctionVersion, Output};
use serde::Deserialize;
use serde_json::json;

use super::http_request::{all, is_text};
use crate::runner::Body;

/// Most header fields of a request; more describe none.
const HEADERS_MAX: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    version: String,
    raw_path: String,
    #[serde(default)]
    raw_query_string: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    cookies: Vec<String>,
    request_context: Context,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

#[derive(Deserialize)]
struct Context {
    http: Described,
}

#[derive(Deserialize)]
struct Described {
    method: String,
}

/// The request that `data` describes; none if it is no payload of that format.
pub(crate) fn request_of_payload(function: &FunctionVersion, data: &[u8]) -> Option<Request<Body>> {
    let payload: Payload = serde_json::from_slice(data).ok()?;
    if payload.version != "2.0" || payload.headers.len() > HEADERS_MAX {
        return None;
    }
    let body: Bytes = match (&payload.body, payload.is_base64_encoded) {
        (None, _) => Bytes::new(),
        (Some(text), true) => STANDARD.decode(text).ok()?.into(),
        (Some(text), false) => Bytes::copy_from_slice(text.as_bytes()),
    };
    let separator = if payload.raw_query_string.is_empty() { "" } else { "?" };
    let uri = format!("{}{separator}{}", payload.raw_path, payload.raw_query_string);
    let mut headers = HeaderMap::with_capacity(payload.headers.len() + 2);
    for (name, value) in &payload.headers {
        let name = HeaderName::try_from(name).ok()?;
        headers.insert(name, HeaderValue::try_from(value).ok()?);
    }
    if !payload.cookies.is_empty() {
        headers.insert(COOKIE, HeaderValue::try_from(payload.cookies.join("; ")).ok()?);
    }
    if !headers.contains_key(HOST) {
        let host = format!("{}.{}.localhost", function.name, function.namespace);
        headers.insert(HOST, HeaderValue::try_from(host).ok()?);
    }
    headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    let mut request = Request::new(Full::new(body).map_err(|never| match never {}).boxed_unsync());
    *request.method_mut() = Method::try_from(&*payload.request_context.http.method).ok()?;
    *request.uri_mut() = Uri::try_from(uri).ok()?;
    *request.headers_mut() = headers;
    Some(request)
}

/// What a handler would have returned for this response.
pub(crate) fn output_of_response(head: &Parts, body: &[u8]) -> Output {
    let names = head.headers.keys().filter(|name| **name != SET_COOKIE);
    let headers: BTreeMap<&str, String> =
        names.map(|name| (name.as_str(), all(&head.headers, name, ","))).collect();
    let cookies = head.headers.get_all(SET_COOKIE).iter();
    let cookies: Vec<_> =
        cookies.map(|cookie| String::from_utf8_lossy(cookie.as_bytes()).into_owned()).collect();
    let text = std::str::from_utf8(body).ok().filter(|_| is_text(&head.headers) || body.is_empty());
    let mut payload = json!({
        "statusCode": head.status.as_u16(),
        "headers": headers,
        "body": text.map_or_else(|| STANDARD.encode(body), str::to_owned),
        "isBase64Encoded": text.is_none(),
    });
    if !cookies.is_empty() {
        payload["cookies"] = cookies.into();
    }
    let content_type = Some("application/json".into());
    Output { content_type, data: payload.to_string().into() }
}

#[cfg(test)]
mod tests {
    use http::Response;
    use lambent_types::{Code, Configuration, Digest, Handler, VersionNumber};
    use serde_json::Value;

    use super::*;

    fn function() -> FunctionVersion {
        FunctionVersion {
            namespace: "default".parse().unwrap(),
            name: "f".parse().unwrap(),
            version: VersionNumber::Latest,
            code: Code::component(Digest::of(b""), 0),
            handlers: vec![Handler::Http02],
            configuration: Configuration::default(),
            created: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    #[tokio::test]
    async fn a_payload_is_the_request_that_it_describes() {
        let payload = json!({
            "version": "2.0", "routeKey": "$default", "rawPath": "/a%20b", "rawQueryString": "c=d&c=e",
            "headers": { "x-one": "1", "content-type": "text/plain" }, "cookies": ["k=v", "l=w"],
            "requestContext": { "http": { "method": "PUT", "path": "/a b" } },
            "body": "aGk=", "isBase64Encoded": true,
        });
        let request = request_of_payload(&function(), payload.to_string().as_bytes()).unwrap();
        assert_eq!(
            (request.method().as_str(), request.uri().to_string().as_str()),
            ("PUT", "/a%20b?c=d&c=e")
        );
        assert_eq!(request.headers()["cookie"], "k=v; l=w");
        assert_eq!(request.headers()["host"], "f.default.localhost");
        assert_eq!(request.into_body().collect().await.unwrap().to_bytes(), "hi");
    }

    #[test]
    fn what_describes_no_request_is_an_event() {
        let none =
            |data: Value| request_of_payload(&function(), data.to_string().as_bytes()).is_none();
        assert!(none(
            json!({ "version": "1.0", "rawPath": "/", "requestContext": { "http": { "method": "GET" } } })
        ));
        assert!(none(json!({ "version": "2.0", "rawPath": "/" })));
        assert!(none(
            json!({ "version": "2.0", "rawPath": "no path", "requestContext": { "http": { "method": "GET" } } })
        ));
        let headers: BTreeMap<String, String> =
            (0..30_000).map(|number| (format!("x{number}"), String::new())).collect();
        let http = json!({ "http": { "method": "GET" } });
        assert!(none(
            json!({ "version": "2.0", "rawPath": "/", "requestContext": http, "headers": headers })
        ));
        assert!(none(json!([1])));
    }

    #[test]
    fn a_response_is_what_a_handler_would_return() {
        let response = Response::builder()
            .status(201)
            .header("content-type", "text/plain")
            .header("set-cookie", "a=1")
            .header("set-cookie", "b=2");
        let (head, ()) = response.body(()).unwrap().into_parts();
        let output: Value = serde_json::from_slice(&output_of_response(&head, b"hi").data).unwrap();
        let expected = json!({
            "statusCode": 201, "headers": { "content-type": "text/plain" }, "cookies": ["a=1", "b=2"],
            "body": "hi", "isBase64Encoded": false,
        });
        assert_eq!(output, expected);
        let (head, ()) = Response::new(()).into_parts();
        let output: Value =
            serde_json::from_slice(&output_of_response(&head, b"\xff").data).unwrap();
        assert_eq!((&output["body"], &output["isBase64Encoded"]), (&json!("/w=="), &json!(true)));
    }
}
