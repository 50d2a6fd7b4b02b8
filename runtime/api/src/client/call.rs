use std::io::Read;
use std::time::Duration;

use http::Method;

/// How long an ordinary request may take. Those that wait for something say so.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// One request, for what no method of the client is for.
pub struct Call<'a> {
    /// The HTTP method.
    pub method: Method,
    /// Path and query, or a whole URL.
    pub target: String,
    /// Headers by name; a value that no header can have is an error.
    pub headers: Vec<(String, String)>,
    /// What to send.
    pub body: Payload<'a>,
    /// When to give up waiting.
    pub timeout: Duration,
}

impl Call<'_> {
    /// A request without headers and body.
    #[must_use]
    pub fn new(method: Method, target: impl Into<String>) -> Self {
        let target = target.into();
        Self { method, target, headers: Vec::new(), body: Payload::None, timeout: TIMEOUT }
    }
}

impl<'a> Call<'a> {
    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sends a body of this media type.
    #[must_use]
    pub fn body(self, content_type: impl Into<String>, body: Payload<'a>) -> Self {
        Self { body, ..self }.header("content-type", content_type)
    }

    /// Sends a body that is JSON.
    pub(crate) fn json(self, body: &'a [u8]) -> Self {
        self.body("application/json", Payload::Bytes(body))
    }

    /// Sends a body of known length, read as it is sent.
    pub(crate) fn stream(self, body: &'a mut dyn Read, bytes: u64) -> Self {
        Self { body: Payload::Stream(body, bytes), ..self }
    }

    /// Makes it for the revision that it must find: 0 is that of what is not there.
    pub(crate) fn if_revision(self, revision: Option<u64>) -> Self {
        match revision {
            Some(0) => self.header("if-none-match", "*"),
            Some(revision) => self.header("if-match", format!("\"{revision}\"")),
            None => self,
        }
    }

    /// Waits this long instead.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }
}

/// A request body.
pub enum Payload<'a> {
    /// No body.
    None,
    /// A body in memory.
    Bytes(&'a [u8]),
    /// A body of known length, read as it is sent.
    Stream(&'a mut dyn Read, u64),
}
