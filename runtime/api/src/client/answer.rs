use std::fmt;
use std::io::Read;
use std::marker::PhantomData;

use http::header::{CONTENT_LENGTH, ETAG};
use http::{HeaderMap, HeaderName, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use ureq::Body;

use lambent_types::error_chain;

use super::error::Error;
use super::{Client, Endpoint};

/// An answer with a status below 300: what the server sent, which is read as a `T`
/// when it is asked for.
pub struct Answer<T = ()> {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
    form: PhantomData<fn() -> T>,
}

impl<T> Answer<T> {
    /// An answer of these parts.
    #[must_use]
    pub fn new(status: StatusCode, headers: HeaderMap, body: Vec<u8>) -> Self {
        Self { status, headers, body, form: PhantomData }
    }

    /// The status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// Whether what was put is new.
    #[must_use]
    pub fn is_created(&self) -> bool {
        self.status == StatusCode::CREATED
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body, and nothing else.
    #[must_use]
    pub fn into_body(self) -> Vec<u8> {
        self.body
    }

    /// The header fields.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// A header field's value; `None` if it is absent or not text.
    #[must_use]
    pub fn header(&self, name: impl AsRef<str>) -> Option<&str> {
        text(&self.headers, name.as_ref())
    }

    /// A header field's value as a number.
    pub(crate) fn number(&self, name: HeaderName) -> Option<u64> {
        self.header(name)?.parse().ok()
    }

    /// The body as the server sent it, members that this version does not know included.
    ///
    /// # Errors
    /// It is not JSON, so whoever answered is no Lambent server.
    pub fn json(&self) -> Result<Value, Error> {
        self.read()
    }

    /// The body as another form of JSON.
    pub(crate) fn read<U: DeserializeOwned>(&self) -> Result<U, Error> {
        serde_json::from_slice(&self.body).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => Error::Unexpected(error.to_string()),
            _ => Error::NotJson(excerpt(&self.body)),
        })
    }
}

impl<T: DeserializeOwned> Answer<T> {
    /// The body as this version knows it.
    ///
    /// # Errors
    /// It is not of that form; [`json`](Self::json) still has it.
    pub fn value(&self) -> Result<T, Error> {
        self.read()
    }
}

impl<T> fmt::Debug for Answer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, excerpt(&self.body))
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// The entity tag in these headers, without its quotes.
pub(crate) fn tag(headers: &HeaderMap) -> Option<&str> {
    Some(text(headers, ETAG.as_str())?.trim_matches('"'))
}

/// An answer whose body is still to come.
pub struct Opened<'a> {
    pub(crate) client: &'a Client,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
}

impl Opened<'_> {
    /// A header field's value; `None` if it is absent or not text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        text(&self.headers, name)
    }

    /// The entity tag, without its quotes.
    #[must_use]
    pub fn etag(&self) -> Option<&str> {
        tag(&self.headers)
    }

    /// How long the body will be, if that was said.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        self.header(CONTENT_LENGTH.as_str())?.parse().ok()
    }

    /// Hands the body on piece by piece; returns its length.
    ///
    /// # Errors
    /// The answer broke off. Otherwise what `take` failed with.
    pub fn copy<E: From<Error>>(
        self,
        mut take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<u64, E> {
        let announced = self.bytes();
        let endpoint = self.client.endpoint();
        let mut reader = self.body.into_with_config().limit(u64::MAX).reader();
        let mut buffer = vec![0; 64 << 10];
        let mut total = 0;
        loop {
            let count = match reader.read(&mut buffer) {
                Ok(count) => count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    let reason = error_chain(&error);
                    return Err(broke_off(endpoint, &format!("{total} bytes: {reason}")));
                }
            };
            if count == 0 {
                break;
            }
            take(buffer.get(..count).unwrap_or_default())?;
            total += count as u64;
        }
        match announced {
            Some(bytes) if bytes != total => {
                Err(broke_off(endpoint, &format!("{total} of {bytes} bytes")))
            }
            _ => Ok(total),
        }
    }
}

fn broke_off<E: From<Error>>(endpoint: &Endpoint, after: &str) -> E {
    Error::NoAnswer(format!("the answer of {endpoint} broke off after {after}")).into()
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
