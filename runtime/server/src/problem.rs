//! What a client is told when it does not get what it asked for, and how most doors write it:
//! as RFC 9457 problem documents.

use bytes::Bytes;
use http::header::{ALLOW, CONNECTION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use lambent_api::PROBLEM;
use lambent_types::{Error, ErrorCode, Outcome, RequestId, ThrottleReason};
use serde::Serialize;

/// Most characters of a detail.
const DETAIL_CHARS_MAX: usize = 4096;

/// How a door writes a refusal of the request with this id: status, body, its media type, and
/// the headers that only its clients know.
pub(crate) type Render = fn(&Refusal, RequestId) -> Response<Bytes>;

/// A request that was not served, and why.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: String,
    title: &'static str,
    detail: String,
    retryable: bool,
    reason: Option<ThrottleReason>,
    /// On the heap, since most have none and errors are small.
    headers: Option<Box<HeaderMap>>,
    close: bool,
}

impl Refusal {
    /// A refusal with one of the codes of the native API.
    pub(crate) fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Error::new(code, detail).into()
    }

    /// The request is malformed.
    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidRequest, detail)
    }

    /// The resource has other methods only.
    pub(crate) fn method(method: &http::Method, allow: &str) -> Self {
        let detail = format!("{method} does not exist here; use {allow}");
        let allow = HeaderValue::try_from(allow).ok().map(|allow| (ALLOW, allow));
        Self::new(ErrorCode::MethodNotAllowed, detail).with(allow)
    }

    /// The request is for a part of a protocol that is not served.
    pub(crate) fn not_implemented(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::NotImplemented, detail)
    }

    /// The request expects of the server what it does not do.
    pub(crate) fn expectation_failed(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::ExpectationFailed, detail)
    }

    /// The head of the request is larger than allowed.
    pub(crate) fn head_too_large(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::HeaderTooLarge, detail)
    }

    /// The function ended without giving a response.
    pub(crate) fn outcome(outcome: &Outcome, detail: String) -> Self {
        let status = match outcome {
            Outcome::TimedOut { .. } => StatusCode::GATEWAY_TIMEOUT,
            Outcome::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Outcome::Ok
            | Outcome::FunctionError(_)
            | Outcome::OutOfFuel { .. }
            | Outcome::OutOfMemory { .. }
            | Outcome::Trapped { .. }
            | Outcome::Exited { .. }
            | Outcome::BadResponse { .. }
            | Outcome::ResponseTooLarge { .. }
            | Outcome::Cancelled => StatusCode::BAD_GATEWAY,
        };
        Self {
            status,
            code: format!("function-{}", outcome.kind()),
            title: "function gave no response",
            detail,
            retryable: false,
            reason: None,
            headers: None,
            close: false,
        }
    }

    /// Ends the connection too: where one message is unclear, it is not clear
    /// either where the next begins.
    pub(crate) fn closing(self) -> Self {
        Self { close: true, ..self }
    }

    /// With these header fields in the response, whatever the door writes.
    pub(crate) fn with(
        mut self,
        headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
    ) -> Self {
        self.headers.get_or_insert_default().extend(headers);
        self
    }

    /// The status that the client gets.
    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    /// What the client is told.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// Its stable name, for programs.
    pub(crate) fn code(&self) -> &str {
        &self.code
    }

    /// Whether the same request may be served later.
    pub(crate) const fn is_retryable(&self) -> bool {
        self.retryable
    }

    /// Why an invocation was turned away, if it was.
    pub(crate) const fn reason(&self) -> Option<ThrottleReason> {
        self.reason
    }

    /// The response to request `id`: what `render` writes, with what HTTP has for it.
    pub(crate) fn into_response(self, id: RequestId, render: Render) -> Response<Bytes> {
        let mut response = render(&self, id);
        let headers = response.headers_mut();
        headers.extend(self.headers.into_iter().flat_map(|headers| *headers));
        if self.close {
            // HTTP/2 has no such field, and hyper leaves it out there.
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if self.retryable {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// Writes a problem document.
pub(crate) fn document(refusal: &Refusal, id: RequestId) -> Response<Bytes> {
    let document = Document {
        kind: "about:blank",
        title: refusal.title,
        status: refusal.status().as_u16(),
        code: refusal.code(),
        detail: refusal.detail(),
        retryable: refusal.is_retryable(),
        reason: refusal.reason(),
        request_id: id,
    };
    let mut response = Response::new(serde_json::to_vec(&document).unwrap_or_default().into());
    *response.status_mut() = refusal.status();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
    if refusal.status() == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"lambent\""));
    }
    response
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let code = error.code();
        Self {
            status: StatusCode::from_u16(code.status())
                .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            code: code.as_str().into(),
            title: code.title(),
            detail: shortened(error.detail()),
            retryable: code.is_retryable(),
            reason: error.reason(),
            headers: None,
            close: false,
        }
    }
}

/// At most so much of a detail as anyone reads. What is wrong with a request is
/// often quoted in it, and may be megabytes long; where it is wrong comes last.
fn shortened(detail: &str) -> String {
    let half = DETAIL_CHARS_MAX / 2;
    let begin = detail.char_indices().nth(half).map_or(detail.len(), |(index, _)| index);
    let end = detail.char_indices().nth_back(half - 1).map_or(0, |(index, _)| index);
    if begin >= end {
        return detail.to_owned();
    }
    format!("{} … {}", &detail[..begin], &detail[end..])
}

/// For axum: carries the refusal out to where the request's id is known.
impl axum::response::IntoResponse for Refusal {
    fn into_response(self) -> axum::response::Response {
        let mut response = Response::new(axum::body::Body::empty());
        *response.status_mut() = self.status;
        response.extensions_mut().insert(self);
        response
    }
}

/// [`lambent_types::Problem`], with codes that only function traffic has.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    code: &'a str,
    detail: &'a str,
    retryable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<ThrottleReason>,
    request_id: RequestId,
}

#[cfg(test)]
mod tests {
    use lambent_types::Problem;

    use super::*;

    #[test]
    fn every_code_is_the_problem_that_clients_know() {
        for code in ErrorCode::ALL {
            let error = Error::new(code, "why");
            let id = RequestId::new();
            let response = Refusal::from(error.clone()).into_response(id, document);
            let expected = Problem { request_id: Some(id.to_string()), ..Problem::from(&error) };
            assert_eq!(response.status().as_u16(), code.status());
            assert_eq!(response.headers()[CONTENT_TYPE], PROBLEM);
            assert_eq!(response.headers().contains_key(RETRY_AFTER), code.is_retryable());
            assert_eq!(serde_json::from_slice::<Problem>(response.body()).unwrap(), expected);
        }
    }

    #[test]
    fn details_are_not_longer_than_anyone_reads() {
        let most = "é".repeat(DETAIL_CHARS_MAX);
        assert_eq!(Refusal::invalid(most.clone()).detail(), most);
        let refusal = Refusal::invalid(format!("unknown field {most}, at line 7"));
        assert!(refusal.detail().starts_with("unknown field é"));
        assert!(refusal.detail().ends_with("é, at line 7"));
        assert_eq!(refusal.detail().chars().count(), DETAIL_CHARS_MAX + 3);
    }

    #[test]
    fn outcomes_are_the_functions_fault_unless_they_are_ours() {
        let status = |outcome: Outcome| Refusal::outcome(&outcome, String::new()).status().as_u16();
        assert_eq!(status(Outcome::TimedOut { limit_ms: 1 }), 504);
        assert_eq!(status(Outcome::Exited { code: 1 }), 502);
        assert_eq!(status(Outcome::Internal), 500);
        let response = Refusal::outcome(&Outcome::Exited { code: 1 }, "it exited".into())
            .into_response(RequestId::new(), document);
        let body: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(body["code"], "function-exited");
    }
}
