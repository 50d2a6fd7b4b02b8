//! HTTP to one server: sends a request, turns what goes wrong into words.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lambent_types::{Namespace, Problem};
use ureq::http::{HeaderMap, Request, Response, StatusCode, header, request};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, AsSendBody, Body, SendBody};

use crate::call::excerpt;
pub(crate) use crate::call::{Call, Payload, Reply, TIMEOUT};
use crate::endpoint::Endpoint;
use crate::error::{CliError, chain};
use crate::hints;
use crate::key;

/// From here on a body is announced before it is sent, so that a server that
/// will not have it can say why instead of closing the connection.
const ANNOUNCE_BYTES_MIN: u64 = 256 << 10;

/// A connection to a server, with the key to show it.
pub(crate) struct Client {
    agent: Agent,
    endpoint: Endpoint,
    key: Option<String>,
    /// Where everything is done, if not in the namespace of the key.
    namespace: Option<Namespace>,
    /// For whoever is told that a key is needed.
    notes: Vec<String>,
}

/// An answer with a status below 400 whose body is still to come.
pub(crate) struct Opened<'a> {
    client: &'a Client,
    /// The status.
    pub(crate) status: StatusCode,
    /// The headers.
    pub(crate) headers: HeaderMap,
    body: Body,
}

impl Opened<'_> {
    /// How long the body will be, if that was said.
    pub(crate) fn bytes(&self) -> Option<u64> {
        self.headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
    }

    /// Hands the body on piece by piece; returns its length.
    ///
    /// # Errors
    /// Unreachable: the answer broke off. Otherwise what `take` failed with.
    pub(crate) fn copy(
        self,
        mut take: impl FnMut(&[u8]) -> Result<(), CliError>,
    ) -> Result<u64, CliError> {
        let announced = self.bytes();
        let endpoint = &self.client.endpoint;
        let mut reader = self.body.into_with_config().limit(u64::MAX).reader();
        let mut buffer = vec![0; 64 << 10];
        let mut total = 0;
        loop {
            let count = match reader.read(&mut buffer) {
                Ok(count) => count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    let reason = chain(&error);
                    return Err(CliError::unreachable(format!(
                        "the answer of {endpoint} broke off after {total} bytes: {reason}"
                    )));
                }
            };
            if count == 0 {
                break;
            }
            take(buffer.get(..count).unwrap_or_default())?;
            total += count as u64;
        }
        match announced {
            Some(bytes) if bytes != total => Err(CliError::unreachable(format!(
                "the answer of {endpoint} broke off after {total} of {bytes} bytes"
            ))),
            _ => Ok(total),
        }
    }
}

impl Client {
    /// A client for `endpoint` that shows it `key`.
    ///
    /// # Errors
    /// None: it trusts the public authorities.
    pub(crate) fn new(endpoint: Endpoint, key: Option<&str>) -> Result<Self, CliError> {
        let key = key.map(str::to_owned);
        Self::with(key::Found { endpoint, key, notes: Vec::new() }, None)
    }

    /// A client for the server that was found, trusting the certificates in `ca`
    /// if given and the public authorities otherwise. Connects when first used.
    ///
    /// # Errors
    /// Usage: `ca` cannot be read.
    pub(crate) fn with(found: key::Found, ca: Option<&Path>) -> Result<Self, CliError> {
        let key::Found { endpoint, key, notes } = found;
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
        if let Some(ca) = ca {
            let roots = RootCerts::Specific(Arc::new(certificates(ca)?));
            config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
        }
        Ok(Self { agent: config.build().into(), endpoint, key, namespace: None, notes })
    }

    /// Does everything in `namespace`.
    pub(crate) fn in_namespace(self, namespace: Option<Namespace>) -> Self {
        Self { namespace, ..self }
    }

    /// The server this talks to.
    pub(crate) const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// No answer came, or one that says that it was not done.
    pub(crate) fn send(&self, call: Call<'_>) -> Result<Reply, CliError> {
        let timeout = call.timeout;
        let Opened { status, headers, body, .. } = self.open(call)?;
        Ok(Reply { status, headers, body: self.read(body, timeout)? })
    }

    fn read(&self, mut body: Body, timeout: Duration) -> Result<Vec<u8>, CliError> {
        let body = body.with_config().limit(u64::MAX);
        body.read_to_vec().map_err(|error| self.no_answer(&error, timeout))
    }

    /// Sends a request and leaves the answer's body to be read.
    ///
    /// # Errors
    /// No answer came, or one that says that it was not done.
    pub(crate) fn open(&self, call: Call<'_>) -> Result<Opened<'_>, CliError> {
        let url = if call.target.starts_with('/') {
            format!("{}{}", self.endpoint, call.target)
        } else {
            call.target.clone()
        };
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
                request = request.header("lambent-namespace", namespace.as_str());
            }
        }
        let timeout = call.timeout;
        let answer = match call.body {
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
            return Err(self.refusal(&call.target, parts.status, &self.read(body, timeout)?));
        }
        Ok(Opened { client: self, status: parts.status, headers: parts.headers, body })
    }

    fn exchange(
        &self,
        request: request::Builder,
        body: impl AsSendBody,
        timeout: Duration,
    ) -> Result<Response<Body>, CliError> {
        let request = request.body(body).map_err(|error| {
            CliError::usage(format!("this cannot be sent as an HTTP header: {error}"))
        })?;
        let request = self.agent.configure_request(request).timeout_global(Some(timeout)).build();
        self.agent.run(request).map_err(|error| self.no_answer(&error, timeout))
    }

    fn redirected(&self, status: StatusCode, headers: &HeaderMap) -> CliError {
        let location = headers.get(header::LOCATION).and_then(|location| location.to_str().ok());
        let location = location.unwrap_or("nowhere");
        CliError::failed(format!("{} answered {status}: it redirects to {location}", self.endpoint))
            .hint("redirects are not followed; name the server itself: --endpoint URL")
    }

    fn refusal(&self, target: &str, status: StatusCode, body: &[u8]) -> CliError {
        let endpoint = &self.endpoint;
        match serde_json::from_slice::<Problem>(body) {
            Ok(problem) => {
                let hint = hints::for_problem(&problem, target, &self.notes);
                let error = CliError::problem(problem);
                match hint {
                    Some(hint) => error.hint(hint),
                    None => error,
                }
            }
            Err(_) => match detail(body) {
                Some(detail) => CliError::failed(detail),
                None => {
                    let text = excerpt(body);
                    CliError::failed(format!("{endpoint} answered {status}: {text}"))
                        .hint("something other than Lambent may be listening there")
                }
            },
        }
    }

    fn no_answer(&self, error: &ureq::Error, timeout: Duration) -> CliError {
        let endpoint = &self.endpoint;
        let reason = match error {
            ureq::Error::Io(error) => chain(error),
            ureq::Error::HostNotFound => "no such host".into(),
            ureq::Error::Timeout(ureq::Timeout::Connect) => "no connection within 5 s".into(),
            ureq::Error::Timeout(_) => format!("it was not done within {} s", timeout.as_secs()),
            other => other.to_string(),
        };
        let error = CliError::unreachable(format!("no answer from {endpoint}: {reason}"));
        if reason.contains("refused") || reason.contains("no such host") {
            return error.hint(
                "start a server: lambent serve\n\
                 or name another one: --endpoint URL, or LAMBENT_ENDPOINT",
            );
        }
        if reason.contains("CaUsedAsEndEntity") {
            return error.hint(
                "the server's own certificate is that of an authority; make one that is not:\n\
                 openssl req -x509 -addext basicConstraints=critical,CA:FALSE ...",
            );
        }
        if reason.contains("certificate") || reason.contains("UnknownIssuer") {
            return error.hint("for a private authority, pass its certificate: --ca FILE");
        }
        error
    }
}

fn certificates(path: &Path) -> Result<Vec<Certificate<'static>>, CliError> {
    let shown = path.display();
    let pem = fs::read(path)
        .map_err(|error| CliError::usage(format!("cannot read --ca {shown}: {error}")))?;
    let certificates: Vec<_> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if certificates.is_empty() {
        return Err(CliError::usage(format!("--ca {shown} holds no PEM certificate")));
    }
    Ok(certificates)
}

/// The detail of a problem whose code this version does not know.
fn detail(body: &[u8]) -> Option<String> {
    let problem: serde_json::Value = serde_json::from_slice(body).ok()?;
    problem.get("code")?;
    problem.get("detail")?.as_str().map(str::to_owned)
}

/// Writes text so that it can stand in a query.
pub(crate) fn query_value(text: &str) -> String {
    use std::fmt::Write;
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~$:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Writes a key so that it can stand at the end of a path and no proxy or
/// library takes it for something else: `/` stays where it separates segments,
/// and segments of dots only are escaped.
pub(crate) fn path_key(key: &str) -> String {
    let segments: Vec<_> = key.split('/').collect();
    let last = segments.len() - 1;
    let mut out = String::new();
    for (index, segment) in segments.iter().enumerate() {
        if matches!(*segment, "." | "..") {
            out.push_str(&segment.replace('.', "%2E"));
        } else {
            out.push_str(&query_value(segment));
        }
        if index < last {
            let empty = segment.is_empty() || segments.get(index + 1).is_some_and(|s| s.is_empty());
            out.push_str(if empty { "%2F" } else { "/" });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use ureq::http::Method;

    use super::*;
    use crate::canned::{Canned, answer};
    use crate::error::Exit;

    fn client(server: &Canned, key: Option<&str>) -> Client {
        Client::new(server.endpoint(), key).unwrap()
    }

    #[test]
    fn the_key_travels_to_the_api_and_not_to_functions() {
        let server = Canned::start(vec![answer("200 OK", "{}"), answer("200 OK", "{}")]);
        let client = client(&server, Some("secret"));
        client.send(Call::new(Method::GET, "/v1/functions")).unwrap();
        client.send(Call::new(Method::GET, format!("{}/fn/x/", server.endpoint()))).unwrap();
        let requests = server.requests();
        assert!(requests[0].starts_with("GET /v1/functions HTTP/1.1\r\n"));
        assert!(requests[0].to_ascii_lowercase().contains("authorization: bearer secret"));
        assert!(!requests[1].to_ascii_lowercase().contains("authorization"));
    }

    #[test]
    fn problems_become_errors_with_a_hint() {
        let problem = r#"{"type":"about:blank","title":"no such function","status":404,
            "code":"function-not-found","detail":"function \"x\" does not exist","retryable":false}"#;
        let server = Canned::start(vec![answer("404 Not Found", problem)]);
        let error = client(&server, None).send(Call::new(Method::GET, "/v1/x")).err().unwrap();
        assert_eq!(error.exit(), Exit::Failed);
        assert_eq!(
            error.to_string(),
            "function \"x\" does not exist\n  see which there are: lambent list"
        );
    }

    #[test]
    fn other_servers_are_suspected() {
        let server = Canned::start(vec![answer("404 Not Found", "<html>\u{1b}[31mnope")]);
        let error = client(&server, None).send(Call::new(Method::GET, "/v1/x")).err().unwrap();
        assert!(error.to_string().contains("404 Not Found: <html>[31mnope"), "{error}");
        assert!(error.to_string().contains("something other than Lambent"), "{error}");
    }

    #[test]
    fn redirects_are_not_followed_and_not_taken_for_success() {
        for status in ["302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
            let head = format!("{status}\r\nlocation: http://127.0.0.1:1/v1/x");
            let server = Canned::start(vec![answer(&head, "")]);
            let call = Call::new(Method::DELETE, "/v1/x");
            let error = client(&server, Some("secret")).send(call).err().unwrap();
            assert_eq!(error.exit(), Exit::Failed);
            assert!(error.to_string().contains("redirects to http://127.0.0.1:1/v1/x"), "{error}");
        }
    }

    #[test]
    fn nobody_listening_is_its_own_exit_code() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = listener.local_addr().unwrap().to_string().parse().unwrap();
        drop(listener);
        let client = Client::new(endpoint, None).unwrap();
        let error = client.send(Call::new(Method::GET, "/v1/x")).err().unwrap();
        assert_eq!(error.exit(), Exit::Unreachable);
        assert!(error.to_string().contains("lambent serve"), "{error}");
    }

    #[test]
    fn a_streamed_body_has_a_length() {
        let server = Canned::start(vec![answer("201 Created", "{}")]);
        let mut body: &[u8] = b"abc";
        let call = Call::new(Method::PUT, "/v1/functions/x")
            .body("application/wasm", Payload::Stream(&mut body, 3));
        assert_eq!(client(&server, None).send(call).unwrap().status, 201);
        let request = server.requests().remove(0).to_ascii_lowercase();
        assert!(request.contains("content-length: 3\r\n"), "{request}");
        assert!(request.contains("content-type: application/wasm\r\n"), "{request}");
        assert!(request.ends_with("\r\n\r\nabc"), "{request}");
    }

    #[test]
    fn query_values_are_escaped() {
        assert_eq!(query_value("$LATEST"), "$LATEST");
        assert_eq!(query_value("a b&c=é"), "a%20b%26c%3D%C3%A9");
    }

    #[test]
    fn keys_survive_a_path() {
        assert_eq!(path_key("a/b c.jpg"), "a/b%20c.jpg");
        assert_eq!(path_key("/x//y/"), "%2Fx%2F%2Fy%2F");
        assert_eq!(path_key("../é?#%"), "%2E%2E/%C3%A9%3F%23%25");
    }
}
