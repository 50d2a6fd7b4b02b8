//! A blocking client of the native API, with a method for every operation.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use lambent_api::client::Client;
//! use lambent_api::kinds::Queue;
//!
//! let client = Client::new("http://127.0.0.1:4566".parse()?).with_key("secret");
//! client.put::<Queue>(&"orders".parse()?, &Default::default())?;
//! for queue in client.all::<Queue>()?.value()?.queues {
//!     println!("{} since {}", queue.name, queue.created);
//! }
//! # Ok(())
//! # }
//! ```

mod aliases;
mod answer;
mod call;
mod concurrency;
mod endpoint;
mod error;
mod functions;
mod invocations;
mod keys;
mod kinds;
mod layers;
mod namespaces;
mod objects;
mod queues;
mod releases;
mod runtimes;
mod secrets;
mod tables;
mod topics;
mod upload;

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Method, Request, Response, StatusCode, header, request};
use lambent_types::{Namespace, Problem, error_chain};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, AsSendBody, Body, SendBody};

pub use answer::{Answer, Opened};
pub use call::{Call, Payload, TIMEOUT};
pub use endpoint::{DEFAULT, Endpoint, InvalidEndpoint};
pub use error::{Error, found};
pub use invocations::{EventParts, Invocation};
pub use keys::Entry;
pub use objects::PutObject;
pub use queues::Message;
pub use upload::Upload;

use crate::headers;
use answer::excerpt;

/// From here on a body is announced before it is sent, so that a server that
/// will not have it can say why instead of closing the connection.
const ANNOUNCE_BYTES_MIN: u64 = 256 << 10;

/// A server, with the key to show it. Connects when it is first used.
#[derive(Debug, Clone)]
pub struct Client {
    agent: Agent,
    endpoint: Endpoint,
    key: Option<String>,
    /// Where everything is done, if not in the namespace of the key.
    namespace: Option<Namespace>,
}

impl Client {
    /// A client for the server at `endpoint`, which trusts the public authorities and
    /// shows no key.
    #[must_use]
    pub fn new(endpoint: Endpoint) -> Self {
        Self { agent: agent(&endpoint, None), endpoint, key: None, namespace: None }
    }

    /// Shows this key.
    #[must_use]
    pub fn with_key(self, key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), ..self }
    }

    /// Trusts the certificates in this PEM text, and no others.
    ///
    /// # Errors
    /// [`Error::Certificates`]: there is none in it.
    pub fn with_authorities(self, pem: &[u8]) -> Result<Self, Error> {
        let roots = RootCerts::Specific(Arc::new(certificates(pem)?));
        let tls = TlsConfig::builder().root_certs(roots).build();
        Ok(Self { agent: agent(&self.endpoint, Some(tls)), ..self })
    }

    /// Does everything in `namespace`; in that of the key if `None`.
    #[must_use]
    pub fn in_namespace(self, namespace: Option<Namespace>) -> Self {
        Self { namespace, ..self }
    }

    /// The server this talks to.
    #[must_use]
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// No answer came, or one that says that it was not done.
    pub fn send<T>(&self, call: Call<'_>) -> Result<Answer<T>, Error> {
        let timeout = call.timeout;
        let Opened { status, headers, body, .. } = self.open(call)?;
        Ok(Answer::new(status, headers, self.read(body, timeout)?))
    }

    fn read(&self, mut body: Body, timeout: Duration) -> Result<Vec<u8>, Error> {
        let body = body.with_config().limit(u64::MAX);
        body.read_to_vec().map_err(|error| self.no_answer(&error, timeout))
    }

    /// Sends a request and leaves the answer's body to be read.
    ///
    /// # Errors
    /// No answer came, or one that says that it was not done.
    pub fn open(&self, call: Call<'_>) -> Result<Opened<'_>, Error> {
        let url = if call.target.starts_with('/') {
            format!("{}{}", self.endpoint, call.target)
        } else {
            call.target.clone()
        };
        // Of a request with such a method ureq would announce an empty body in chunks. A
        // server that does not read it may close the connection, before the next request.
        let is_empty = [Method::PUT, Method::POST, Method::PATCH].contains(&call.method);
        let mut request = Request::builder().method(call.method).uri(url);
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        // Whole URLs are functions, which must not get to see the key.
        if call.target.starts_with('/') {
            if let Some(key) = &self.key {
                request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
            }
            if let Some(namespace) = &self.namespace {
                request = request.header(headers::NAMESPACE, namespace.as_str());
            }
        }
        let timeout = call.timeout;
        let answer = match call.body {
            Payload::None if is_empty => self.exchange(request, &[][..], timeout),
            Payload::None => self.exchange(request, (), timeout),
            Payload::Bytes(bytes) => self.exchange(request, bytes, timeout),
            Payload::Stream(reader, bytes) => {
                request = request.header(header::CONTENT_LENGTH, bytes);
                if bytes >= ANNOUNCE_BYTES_MIN {
                    request = request.header(header::EXPECT, "100-continue");
                }
                self.exchange(request, SendBody::from_reader(reader), timeout)
            }
        }?;
        let (parts, body) = answer.into_parts();
        if parts.status.is_redirection() {
            return Err(self.redirected(parts.status, &parts.headers));
        }
        if !parts.status.is_success() {
            return Err(self.refusal(call.target, parts.status, &self.read(body, timeout)?));
        }
        Ok(Opened { client: self, status: parts.status, headers: parts.headers, body })
    }

    /// Sends a request to a function as it is. Whatever the function answers is an answer.
    ///
    /// # Errors
    /// No answer came.
    pub fn request(&self, call: Call<'_>) -> Result<Answer, Error> {
        let mut request = Request::builder().method(call.method);
        request = request.uri(format!("{}{}", self.endpoint, call.target));
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        // The node takes the key out of what the function gets.
        if let Some(key) = &self.key {
            request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        let bytes = match call.body {
            Payload::Bytes(bytes) => bytes,
            Payload::None | Payload::Stream(..) => &[],
        };
        let answer = if bytes.is_empty() {
            self.exchange(request, (), call.timeout)
        } else {
            self.exchange(request, bytes, call.timeout)
        };
        let (parts, body) = answer?.into_parts();
        Ok(Answer::new(parts.status, parts.headers, self.read(body, call.timeout)?))
    }

    fn exchange(
        &self,
        request: request::Builder,
        body: impl AsSendBody,
        timeout: Duration,
    ) -> Result<Response<Body>, Error> {
        let request = request.body(body).map_err(Error::unsendable)?;
        let request = self.agent.configure_request(request).timeout_global(Some(timeout)).build();
        self.agent.run(request).map_err(|error| self.no_answer(&error, timeout))
    }

    fn redirected(&self, status: StatusCode, headers: &HeaderMap) -> Error {
        let location = headers.get(header::LOCATION).and_then(|location| location.to_str().ok());
        let location = location.unwrap_or("nowhere").to_owned();
        Error::Redirected { endpoint: self.endpoint.clone(), status, location }
    }

    fn refusal(&self, target: String, status: StatusCode, body: &[u8]) -> Error {
        if let Ok(problem) = serde_json::from_slice::<Problem>(body) {
            return Error::Refused { problem: Box::new(problem), target };
        }
        /// A problem whose code this version does not know.
        #[derive(serde::Deserialize)]
        struct Anew {
            code: String,
            detail: String,
        }
        match serde_json::from_slice(body) {
            Ok(Anew { code, detail }) => {
                Error::RefusedAnew { status: status.as_u16(), code, detail }
            }
            Err(_) => {
                let endpoint = self.endpoint.clone();
                Error::NotLambent { endpoint, status, text: excerpt(body) }
            }
        }
    }

    fn no_answer(&self, error: &ureq::Error, timeout: Duration) -> Error {
        let reason = match error {
            ureq::Error::Io(error) => error_chain(error),
            ureq::Error::HostNotFound => "no such host".into(),
            ureq::Error::Timeout(ureq::Timeout::Connect) => "no connection within 5 s".into(),
            ureq::Error::Timeout(_) => format!("it was not done within {} s", timeout.as_secs()),
            other => other.to_string(),
        };
        Error::NoAnswer(format!("no answer from {}: {reason}", self.endpoint))
    }
}

fn agent(endpoint: &Endpoint, tls: Option<TlsConfig>) -> Agent {
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        // Where a redirect leads, the key must not go.
        .max_redirects(0)
        .timeout_connect(Some(Duration::from_secs(5)))
        .user_agent(concat!("lambent/", env!("CARGO_PKG_VERSION")));
    if endpoint.is_loopback() {
        // A proxy from the environment cannot reach this machine's loopback.
        config = config.proxy(None);
    }
    if let Some(tls) = tls {
        config = config.tls_config(tls);
    }
    config.build().into()
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate<'static>>, Error> {
    let certificates: Vec<_> = parse_pem(pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if certificates.is_empty() {
        return Err(Error::Certificates("holds no PEM certificate".into()));
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_test_support::canned::{Canned, answer};

    fn client(server: &Canned, key: Option<&str>) -> Client {
        let client = Client::new(server.endpoint());
        match key {
            Some(key) => client.with_key(key),
            None => client,
        }
    }

    #[test]
    fn the_key_travels_to_the_api_and_not_to_functions() {
        let server = Canned::start(vec![answer("200 OK", "{}"), answer("200 OK", "{}")]);
        let client = client(&server, Some("secret"));
        client.send::<()>(Call::new(Method::GET, "/v1/functions")).unwrap();
        client.send::<()>(Call::new(Method::GET, format!("{}/fn/x/", client.endpoint()))).unwrap();
        let requests = server.requests();
        assert!(requests[0].starts_with("GET /v1/functions HTTP/1.1\r\n"));
        assert!(requests[0].to_ascii_lowercase().contains("authorization: bearer secret"));
        assert!(!requests[1].to_ascii_lowercase().contains("authorization"));
    }

    /// A body in chunks, even an empty one, may come after the answer to the request.
    #[test]
    fn a_request_without_a_body_says_so_in_its_head() {
        for method in [Method::PUT, Method::POST, Method::PATCH, Method::GET, Method::DELETE] {
            let server = Canned::start(vec![answer("200 OK", "{}")]);
            client(&server, None).send::<()>(Call::new(method.clone(), "/v1/x")).unwrap();
            let request = server.requests().remove(0).to_ascii_lowercase();
            assert!(!request.contains("transfer-encoding"), "{request}");
            let says = request.contains("content-length: 0\r\n");
            assert_eq!(says, method != Method::GET && method != Method::DELETE, "{request}");
        }
    }

    #[test]
    fn problems_become_errors_with_their_code() {
        let problem = r#"{"type":"about:blank","title":"no such function","status":404,
            "code":"function-not-found","detail":"function \"x\" does not exist","retryable":false}"#;
        let server = Canned::start(vec![answer("404 Not Found", problem)]);
        let error =
            client(&server, None).send::<()>(Call::new(Method::GET, "/v1/x")).err().unwrap();
        assert_eq!(error.to_string(), "function \"x\" does not exist");
        assert_eq!(error.code(), Some(lambent_types::ErrorCode::FunctionNotFound));
        assert_eq!((error.status(), error.is_retryable()), (Some(404), false));
        let server = Canned::start(vec![answer("404 Not Found", problem)]);
        let none = found(client(&server, None).send::<()>(Call::new(Method::GET, "/v1/x")));
        assert!(none.unwrap().is_none());
    }

    #[test]
    fn other_servers_are_suspected() {
        let server = Canned::start(vec![answer("404 Not Found", "<html>\u{1b}[31mnope")]);
        let error =
            client(&server, None).send::<()>(Call::new(Method::GET, "/v1/x")).err().unwrap();
        assert!(error.to_string().contains("404 Not Found: <html>[31mnope"), "{error}");
        assert!(matches!(error, Error::NotLambent { .. }));
    }

    #[test]
    fn redirects_are_not_followed_and_not_taken_for_success() {
        for status in ["302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
            let head = format!("{status}\r\nlocation: http://127.0.0.1:1/v1/x");
            let server = Canned::start(vec![answer(&head, "")]);
            let call = Call::new(Method::DELETE, "/v1/x");
            let error = client(&server, Some("secret")).send::<()>(call).err().unwrap();
            assert!(matches!(error, Error::Redirected { .. }));
            assert!(error.to_string().contains("redirects to http://127.0.0.1:1/v1/x"), "{error}");
        }
    }

    #[test]
    fn nobody_listening_is_no_answer() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = listener.local_addr().unwrap().to_string().parse().unwrap();
        drop(listener);
        let client = Client::new(endpoint);
        let error = client.send::<()>(Call::new(Method::GET, "/v1/x")).err().unwrap();
        assert!(matches!(error, Error::NoAnswer(_)), "{error:?}");
        assert!(error.to_string().contains("refused"), "{error}");
    }

    #[test]
    fn a_streamed_body_has_a_length() {
        let server = Canned::start(vec![answer("201 Created", "{}")]);
        let mut body: &[u8] = b"abc";
        let call = Call::new(Method::PUT, "/v1/functions/x")
            .body("application/wasm", Payload::Stream(&mut body, 3));
        assert_eq!(client(&server, None).send::<()>(call).unwrap().status(), 201);
        let request = server.requests().remove(0).to_ascii_lowercase();
        assert!(request.contains("content-length: 3\r\n"), "{request}");
        assert!(request.contains("content-type: application/wasm\r\n"), "{request}");
        assert!(request.ends_with("\r\n\r\nabc"), "{request}");
    }
}
