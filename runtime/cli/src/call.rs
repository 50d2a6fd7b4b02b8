//! A request as the commands describe it, and its answer.

use std::io::Read;
use std::time::Duration;

use ureq::http::{HeaderMap, Method, StatusCode};

use crate::error::CliError;

/// How long an ordinary request may take. Those that wait for something say so.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// One request, as the commands describe it.
pub(crate) struct Call<'a> {
    /// The HTTP method.
    pub(crate) method: Method,
    /// Path and query, or a whole URL.
    pub(crate) target: String,
    /// Headers by name; a value that no header can have is an error.
    pub(crate) headers: Vec<(String, String)>,
    /// What to send.
    pub(crate) body: Payload<'a>,
    /// When to give up waiting.
    pub(crate) timeout: Duration,
}

impl Call<'_> {
    /// A request without headers and body.
    pub(crate) fn new(method: Method, target: impl Into<String>) -> Self {
        let target = target.into();
        Self { method, target, headers: Vec::new(), body: Payload::None, timeout: TIMEOUT }
    }
}

impl<'a> Call<'a> {
    /// Adds a header.
    pub(crate) fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sends a body of this media type.
    pub(crate) fn body(self, content_type: impl Into<String>, body: Payload<'a>) -> Self {
        Self { body, ..self }.header("content-type", content_type)
    }

    /// Waits this long instead.
    pub(crate) fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }
}

/// A request body.
pub(crate) enum Payload<'a> {
    /// No body.
    None,
    /// A body in memory.
    Bytes(&'a [u8]),
    /// A body of known length, read as it is sent.
    Stream(&'a mut dyn Read, u64),
}

/// An answer with a status below 400.
pub(crate) struct Reply {
    /// The status.
    pub(crate) status: StatusCode,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The whole body.
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// A header's value; `None` if absent or not text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A header's value as a number.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.header(name)?.parse().ok()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// It is something else, so whoever answered is not a Lambent server.
    pub(crate) fn json(&self) -> Result<serde_json::Value, CliError> {
        serde_json::from_slice(&self.body).map_err(|_| {
            CliError::failed(format!("the answer is not JSON: {}", excerpt(&self.body)))
                .hint("something other than Lambent may be listening there")
        })
    }
}

/// The beginning of a body that was not expected, in one line.
pub(crate) fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() {
        return "(no body)".into();
    }
    line.chars().filter(|c| !c.is_control()).take(200).collect()
}
