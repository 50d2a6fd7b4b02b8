//! What a program answers to an event, and what becomes of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderMap;
use lambent_types::{Failure, Outcome, Output, Retry};
use serde_json::Value;

use super::headers::{ERROR_BODY, ERROR_TYPE, text};

/// Most characters of a text that becomes a message because it is nothing else.
const MESSAGE_CHARS_MAX: usize = 256;

/// How a program answered an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It responded.
    Output(Output),
    /// It failed, by its own account or by breaking the protocol.
    Failed(Failure),
    /// It responded with so many bytes, which the caller has been sent as they came.
    Streamed(u64),
    /// It responded with more than so many bytes.
    TooLarge(u64),
}

impl Answer {
    /// The outcome of the invocation, and what it returned.
    pub(crate) fn settle(self) -> (Outcome, Option<Output>) {
        match self {
            Self::Output(output) => (Outcome::Ok, Some(output)),
            Self::Streamed(_) => (Outcome::Ok, None),
            Self::Failed(failure) => (Outcome::FunctionError(failure), None),
            Self::TooLarge(limit) => (Outcome::ResponseTooLarge { limit }, None),
        }
    }
}

/// A failure that the host noticed.
pub(crate) fn failure(kind: &str, message: impl Into<String>) -> Failure {
    let (kind, message) = (kind.into(), message.into());
    Failure { kind, message, trace: Vec::new(), retry: Retry::Policy }
}

/// The failure that a program reported, by the body of its report and the type in its head.
pub(crate) fn reported(label: &str, body: &Bytes) -> Failure {
    let Ok(Value::Object(report)) = serde_json::from_slice(body) else {
        let text = String::from_utf8_lossy(body);
        let text: String = text.trim().chars().take(MESSAGE_CHARS_MAX).collect();
        return failure(&classified(label), text);
    };
    let text = |name| report.get(name).and_then(Value::as_str).map(str::to_owned);
    let kind = text("errorType").filter(|kind| !kind.is_empty());
    let trace = report.get("stackTrace").and_then(Value::as_array);
    Failure {
        kind: kind.unwrap_or_else(|| classified(label)),
        message: text("errorMessage").unwrap_or_default(),
        trace: trace.into_iter().flatten().map(frame).collect(),
        retry: Retry::Policy,
    }
}

/// The failure that a response ends with.
pub(super) fn late_failure(trailers: &HeaderMap) -> Option<Failure> {
    let kind = text(trailers, ERROR_TYPE);
    if kind.is_empty() {
        return None;
    }
    let body = STANDARD.decode(text(trailers, ERROR_BODY)).unwrap_or_default();
    Some(reported(kind, &Bytes::from(body)))
}

/// A frame of a stack trace, which is a text, or an object as Go's library has it.
fn frame(frame: &Value) -> String {
    match frame {
        Value::String(text) => text.clone(),
        Value::Object(members) => {
            let label = members.get("label").and_then(Value::as_str).unwrap_or_default();
            let path = members.get("path").and_then(Value::as_str).unwrap_or_default();
            match members.get("line") {
                Some(line) => format!("{label} ({path}:{line})"),
                None => format!("{label} ({path})"),
            }
        }
        other => other.to_string(),
    }
}

/// The type of an error that a program gave, as far as it is one: Lambda takes any text in which
/// `Runtime.` or `Function.` is followed by a name.
pub(crate) fn classified(label: &str) -> String {
    let named = |prefix: &str| {
        label.match_indices(prefix).any(|(at, _)| {
            let mut rest = label[at + prefix.len()..].bytes();
            rest.next().is_some_and(|first| first.is_ascii_uppercase())
                && rest.next().is_some_and(|second| second.is_ascii_alphabetic())
        })
    };
    if named("Runtime.") || named("Function.") {
        label.to_owned()
    } else if label.starts_with("Function.") {
        "Function.Unknown".to_owned()
    } else {
        "Runtime.Unknown".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_kept_if_they_name_an_error() {
        for (label, kept) in [
            ("unhandled", "Runtime.Unknown"),
            ("Function.X", "Function.Unknown"),
            ("Function.Xy", "Function.Xy"),
            ("", "Runtime.Unknown"),
            ("xRuntime.Foo-1", "xRuntime.Foo-1"),
            ("Runtime.é", "Runtime.Unknown"),
        ] {
            assert_eq!(classified(label), kept, "{label}");
        }
    }

    #[test]
    fn a_report_says_what_failed_or_its_label_does() {
        let body = r#"{"errorType":"wrapError","errorMessage":"no","stackTrace":
            ["one",{"path":"main.go","line":7,"label":"main"}]}"#;
        let failure = reported("unhandled", &Bytes::from_static(body.as_bytes()));
        assert_eq!((&*failure.kind, &*failure.message), ("wrapError", "no"));
        assert_eq!(failure.trace, ["one", "main (main.go:7)"]);
        let failure = reported("Function.Broken", &Bytes::from_static(b" oops "));
        assert_eq!((&*failure.kind, &*failure.message), ("Function.Broken", "oops"));
        let failure = reported("", &Bytes::from_static(b"{}"));
        assert_eq!((&*failure.kind, &*failure.message), ("Runtime.Unknown", ""));
    }
}
