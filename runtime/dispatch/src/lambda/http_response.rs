//! What a handler answers to a request, as an HTTP response.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, SET_COOKIE};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use lambent_types::Output;
use serde::Deserialize;
use serde_json::Value;

use crate::runner::Body;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// An answer that says what the response is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: Value,
    #[serde(default)]
    headers: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    cookies: Option<Vec<String>>,
    #[serde(default)]
    body: Option<Value>,
    #[serde(default)]
    is_base64_encoded: Option<bool>,
}

/// What a response is that is streamed: a JSON object that says what its head is, eight zeros,
/// and its body.
pub(super) const STREAMED: &str = "application/vnd.awslambda.http-integration-response";
/// What is between head and body of it.
const SEPARATOR: [u8; 8] = [0; 8];

/// The head of a response that is streamed.
pub(super) struct Head {
    /// The response, without its body.
    pub(super) response: Response<Body>,
    /// The bytes of the head, after which the body begins.
    pub(super) length: usize,
}

impl Head {
    /// What a response lacks that has no head.
    pub(super) const MISSING: &str = "the response has no eight zeros, which end its head";

    /// The head that `data` begins with; none if it is not complete. Of what has been looked
    /// at before, without finding its end, the first `searched` bytes are not looked at again.
    ///
    /// # Errors
    /// What is wrong with it, for whoever wrote the handler.
    pub(super) fn of(data: &[u8], searched: usize) -> Result<Option<Self>, String> {
        // The end may have begun in the last bytes of those.
        let from = searched.saturating_sub(SEPARATOR.len() - 1);
        let mut rest = data[from..].windows(SEPARATOR.len());
        let Some(at) = rest.position(|bytes| bytes == SEPARATOR) else { return Ok(None) };
        let at = from + at;
        let mut answer: Value = serde_json::from_slice(&data[..at])
            .map_err(|error| format!("the head of the response is no JSON: {error}"))?;
        if let Value::Object(members) = &mut answer {
            members.entry("statusCode").or_insert(200.into());
            members.remove("body");
        }
        let answer = serde_json::from_value::<Answer>(answer)
            .map_err(|error| format!("the head of the response is none of HTTP: {error}"))?;
        Ok(Some(Self { response: answer.response()?, length: at + SEPARATOR.len() }))
    }
}

/// The response that was streamed, when it is whole.
fn streamed(data: &Bytes) -> Result<Response<Body>, String> {
    let Head { mut response, length } = Head::of(data, 0)?.ok_or(Head::MISSING)?;
    *response.body_mut() = full(data.slice(length..));
    Ok(response)
}

/// The response that a handler's output means: an object with a `statusCode` says all of it, and
/// anything else is the body of a 200, as it is.
///
/// # Errors
/// What is wrong with the answer, for whoever wrote the handler.
pub(crate) fn response_of_output(output: Output) -> Result<Response<Body>, String> {
    if output.content_type.as_deref() == Some(STREAMED) {
        return streamed(&output.data);
    }
    let answer: Value = serde_json::from_slice(&output.data)
        .map_err(|error| format!("the handler's answer is no JSON: {error}"))?;
    if answer.get("statusCode").is_none() {
        let mut response = Response::new(full(output.data));
        response.headers_mut().insert(CONTENT_TYPE, JSON);
        return Ok(response);
    }
    let answer = serde_json::from_value::<Answer>(answer)
        .map_err(|error| format!("the handler's answer is no HTTP response: {error}"))?;
    answer.response()
}

impl Answer {
    fn response(self) -> Result<Response<Body>, String> {
        let mut response = Response::new(full(self.bytes()?));
        *response.status_mut() = status(&self.status_code)?;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, JSON);
        for (name, value) in self.headers.into_iter().flatten() {
            let odd = || format!("header {name:?} cannot be one of a response");
            let header = HeaderName::try_from(&name).map_err(|_| odd())?;
            // The length is that of the body.
            if header != CONTENT_LENGTH {
                headers.insert(header, HeaderValue::try_from(text(value)).map_err(|_| odd())?);
            }
        }
        for cookie in self.cookies.into_iter().flatten() {
            let odd = |_| format!("cookie {cookie:?} cannot be a header's value");
            headers.append(SET_COOKIE, HeaderValue::try_from(&cookie).map_err(odd)?);
        }
        Ok(response)
    }

    fn bytes(&self) -> Result<Bytes, String> {
        let body = match &self.body {
            None | Some(Value::Null) => return Ok(Bytes::new()),
            Some(Value::String(body)) => body,
            Some(other) => {
                let kind = match other {
                    Value::Object(_) => "an object",
                    Value::Array(_) => "an array",
                    _ => "no text",
                };
                return Err(format!("the answer's body is {kind}; make it a text, as of JSON"));
            }
        };
        if self.is_base64_encoded != Some(true) {
            return Ok(Bytes::copy_from_slice(body.as_bytes()));
        }
        let decoded = STANDARD.decode(body);
        decoded.map(Bytes::from).map_err(|error| format!("the answer's body is no base64: {error}"))
    }
}

fn status(given: &Value) -> Result<StatusCode, String> {
    let number = match given {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let status = number.and_then(|number| u16::try_from(number).ok());
    let status = status.and_then(|number| StatusCode::from_u16(number).ok());
    status
        .filter(|status| !status.is_informational())
        .ok_or_else(|| format!("statusCode is {given}; it must be a number from 200 to 999"))
}

fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn full(data: Bytes) -> Body {
    Full::new(data).map_err(|never| match never {}).boxed_unsync()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(data: &'static str) -> Output {
        Output { content_type: None, data: Bytes::from(data) }
    }

    async fn parts(data: &'static str) -> (http::response::Parts, Bytes) {
        let (head, body) = response_of_output(output(data)).unwrap().into_parts();
        (head, body.collect().await.unwrap().to_bytes())
    }

    #[tokio::test]
    async fn an_answer_says_what_the_response_is() {
        let (head, body) = parts(
            r#"{"statusCode": 201, "headers": {"Content-Type": "text/plain", "x-count": 3,
                "content-length": "999"}, "cookies": ["a=1", "b=2"], "body": "aGk=",
                "isBase64Encoded": true}"#,
        )
        .await;
        assert_eq!((head.status, &*body), (StatusCode::CREATED, &b"hi"[..]));
        assert_eq!(head.headers[CONTENT_TYPE], "text/plain");
        assert_eq!(head.headers["x-count"], "3");
        assert_eq!(head.headers.get(CONTENT_LENGTH), None);
        assert_eq!(head.headers.get_all(SET_COOKIE).iter().count(), 2);
        let (head, body) = parts(r#"{"statusCode": "204"}"#).await;
        assert_eq!((head.status, body.len()), (StatusCode::NO_CONTENT, 0));
    }

    #[tokio::test]
    async fn anything_else_is_a_body() {
        for bare in ["\"hello\"", "{\"a\": 1}", "[1]", "null"] {
            let (head, body) = parts(bare).await;
            assert_eq!((head.status, &*body), (StatusCode::OK, bare.as_bytes()));
            assert_eq!(head.headers[CONTENT_TYPE], "application/json");
        }
    }

    #[tokio::test]
    async fn a_response_that_was_streamed_has_its_head_before_its_body() {
        let streamed = |data: &'static [u8]| {
            let content_type = Some(STREAMED.to_owned());
            response_of_output(Output { content_type, data: Bytes::from_static(data) })
        };
        let response = streamed(
            b"{\"statusCode\":418,\"headers\":{\"content-type\":\"text/plain\"},\"cookies\":[\"a=1\"]}\
              \0\0\0\0\0\0\0\0\0body",
        );
        let (head, body) = response.unwrap().into_parts();
        assert_eq!(
            (head.status, &head.headers[CONTENT_TYPE]),
            (StatusCode::IM_A_TEAPOT, &"text/plain".parse::<HeaderValue>().unwrap())
        );
        assert_eq!(head.headers[SET_COOKIE], "a=1");
        assert_eq!(&*body.collect().await.unwrap().to_bytes(), b"\0body");
        assert!(streamed(b"{}").unwrap_err().contains("eight zeros"));
        assert!(streamed(b"{\0\0\0\0\0\0\0\0").unwrap_err().contains("no JSON"));
    }

    #[test]
    fn a_wrong_answer_is_told() {
        for (wrong, told) in [
            (r#"{"statusCode": 99}"#, "from 200 to 999"),
            (r#"{"statusCode": 100}"#, "from 200 to 999"),
            (r#"{"statusCode": 200, "body": {"a": 1}}"#, "body is an object"),
            (r#"{"statusCode": 200, "body": "%", "isBase64Encoded": true}"#, "no base64"),
            (r#"{"statusCode": 200, "headers": {"a b": "c"}}"#, "\"a b\""),
            (r#"{"statusCode": 200, "headers": {"a": "b\nc"}}"#, "\"a\""),
            (r#"{"statusCode": 200, "headers": []}"#, "no HTTP response"),
            ("{", "no JSON"),
        ] {
            let error = response_of_output(output(wrong)).unwrap_err();
            assert!(error.contains(told), "{wrong}: {error}");
        }
    }
}
