use std::time::Duration;

use http::Method;
use http::header::CONTENT_TYPE;
use lambent_types::{Failure, FunctionName, Qualifier};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::functions::qualified;
use super::{Answer, Call, Client, Error, Payload};
use crate::{headers, paths};

/// The longest function timeout and some time to spare.
const INVOKE_TIMEOUT: Duration = Duration::from_secs(960);

/// What the HTTP binding of CloudEvents has encoded in the values of attributes, beside what is
/// no ASCII.
const NOT_IN_ATTRIBUTES: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'%');

/// An event to invoke a function with.
#[derive(Debug, Clone, Default)]
pub struct EventParts<'a> {
    /// The data.
    pub data: &'a [u8],
    /// The data's media type.
    pub content_type: Option<&'a str>,
    /// CloudEvents attributes by name.
    pub attributes: Vec<(&'a str, &'a str)>,
}

/// What became of an event: the output of the function or its failure, and what the
/// invocation used.
#[derive(Debug)]
pub struct Invocation(Answer);

impl Invocation {
    /// The invocation that the answer of an invocation tells of.
    #[must_use]
    pub const fn of(answer: Answer) -> Self {
        Self(answer)
    }

    /// How the function failed, if it did.
    ///
    /// # Errors
    /// It failed, and the answer does not say how.
    pub fn failure(&self) -> Result<Option<Failure>, Error> {
        match self.0.header(headers::FUNCTION_ERROR) {
            Some(_) => self.0.read().map(Some),
            None => Ok(None),
        }
    }

    /// What the function returned; if it failed, its failure as JSON.
    #[must_use]
    pub fn output(&self) -> &[u8] {
        self.0.body()
    }

    /// The media type of the output.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.0.header(CONTENT_TYPE)
    }

    /// The invocation's id.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.header(headers::REQUEST_ID)
    }

    /// The version that ran.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.0.header(headers::VERSION)
    }

    /// How it ended.
    #[must_use]
    pub fn outcome(&self) -> Option<&str> {
        self.0.header(headers::OUTCOME)
    }

    /// `mapped` (cold) or `loaded`.
    #[must_use]
    pub fn start(&self) -> Option<&str> {
        self.0.header(headers::START)
    }

    /// Microseconds of wall clock.
    #[must_use]
    pub fn duration_us(&self) -> Option<u64> {
        self.0.number(headers::DURATION_US)
    }

    /// The fuel that it used.
    #[must_use]
    pub fn fuel(&self) -> Option<u64> {
        self.0.number(headers::FUEL)
    }

    /// The most bytes of memory that it held at once.
    #[must_use]
    pub fn memory_bytes(&self) -> Option<u64> {
        self.0.number(headers::MEMORY_BYTES)
    }
}

fn call<'a>(
    name: &FunctionName,
    qualifier: Option<&Qualifier>,
    event: &EventParts<'a>,
) -> Result<Call<'a>, Error> {
    let mut call = Call::new(Method::POST, qualified(paths::INVOCATIONS, name, qualifier)?);
    call.body = Payload::Bytes(event.data);
    if let Some(content_type) = event.content_type {
        call = call.header("content-type", content_type);
    }
    for (attribute, value) in &event.attributes {
        let value = utf8_percent_encode(value, NOT_IN_ATTRIBUTES).to_string();
        call = call.header(format!("{}{attribute}", headers::EVENT_PREFIX), value);
    }
    Ok(call)
}

impl Client {
    /// Invokes a function and waits for its outcome. A function's failure is an answer.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn invoke(
        &self,
        name: &FunctionName,
        qualifier: Option<&Qualifier>,
        event: &EventParts<'_>,
    ) -> Result<Invocation, Error> {
        let call = call(name, qualifier, event)?.timeout(INVOKE_TIMEOUT);
        self.send(call).map(Invocation)
    }

    /// Has a function invoked later; returns the id of the request when the event is
    /// stored.
    ///
    /// # Errors
    /// The server refused, or did not answer.
    pub fn invoke_later(
        &self,
        name: &FunctionName,
        qualifier: Option<&Qualifier>,
        event: &EventParts<'_>,
    ) -> Result<Option<String>, Error> {
        let call = call(name, qualifier, event)?.header("prefer", "respond-async");
        let answer: Answer = self.send(call)?;
        Ok(answer.header(headers::REQUEST_ID).map(str::to_owned))
    }
}

#[cfg(test)]
mod tests {
    use lambent_test_support::canned::{Canned, answer};

    use super::*;

    #[test]
    fn an_invocation_carries_the_event() {
        let server = Canned::start(vec![answer("200 OK\r\nlambent-fuel: 7", "out")]);
        let event = EventParts {
            data: b"{}",
            content_type: Some("application/json"),
            attributes: vec![("id", "1"), ("subject", "é/100% a.jpg")],
        };
        let client = Client::new(server.endpoint());
        let version = Some(Qualifier::Version(2));
        let done = client.invoke(&"x".parse().unwrap(), version.as_ref(), &event).unwrap();
        assert_eq!((done.output(), done.fuel()), (&b"out"[..], Some(7)));
        assert_eq!(done.failure().unwrap(), None);
        let request = server.requests().remove(0);
        assert!(request.starts_with("POST /v1/functions/x/invocations?qualifier=2 "), "{request}");
        assert!(request.contains("ce-id: 1"), "{request}");
        assert!(request.contains("ce-subject: %C3%A9/100%25%20a.jpg"), "{request}");
    }

    #[test]
    fn failures_are_told_by_the_header() {
        let body = r#"{"errorType":"E","errorMessage":"m","stackTrace":["f"]}"#;
        let head = "200 OK\r\nlambent-function-error: trapped";
        let server = Canned::start(vec![answer(head, body)]);
        let client = Client::new(server.endpoint());
        let done = client.invoke(&"x".parse().unwrap(), None, &EventParts::default()).unwrap();
        assert_eq!(done.failure().unwrap().unwrap().trace, ["f"]);
        server.requests();
    }
}
