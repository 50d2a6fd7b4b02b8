//! Fetches over HTTPS, with bounds on size and time.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use lambent_types::{error_chain, format_bytes};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, AsSendBody, Body};
use url::{Host, Url};

use crate::error::FetchError;
use crate::progress::{Counted, Progress};

/// The longest time until there is a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// How often a server may send us on.
const REDIRECTS_MAX: u32 = 5;
/// What is shown of an answer that says that something is wrong.
const EXCERPT_BYTES: u64 = 300;

/// How long a server may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// The longest time without a single byte.
    pub stalled: Duration,
    /// The longest time for one answer with its body.
    pub whole: Duration,
}

/// Certificates of authorities, in PEM, and where they are from, for errors.
#[derive(Debug, Clone)]
pub struct Authorities {
    /// The certificates.
    pub pem: Vec<u8>,
    /// What an error calls them, such as an option and its file.
    pub shown: String,
}

/// A client of web servers: over HTTPS, or over HTTP to servers on this machine.
pub struct Http {
    agent: Agent,
    patience: Patience,
}

impl Http {
    /// A client that trusts the public authorities, or those that are given in their place.
    ///
    /// # Errors
    /// What is given has no certificates.
    pub fn new(patience: Patience, authorities: Option<&Authorities>) -> Result<Self, FetchError> {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            // Followed here, since where they may lead is ours to say.
            .max_redirects(0)
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(patience.stalled))
            .timeout_per_read(Some(patience.stalled))
            .timeout_global(Some(patience.whole))
            .user_agent(concat!("lambent/", env!("CARGO_PKG_VERSION")));
        if let Some(Authorities { pem, shown }) = authorities {
            let certificates = parse_pem(pem).filter_map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(certificate),
                _ => None,
            });
            let certificates: Vec<_> = certificates.collect();
            if certificates.is_empty() {
                return Err(FetchError::new(format!("{shown} holds no PEM certificate")));
            }
            let roots = RootCerts::Specific(Arc::new(certificates));
            config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
        }
        Ok(Self { agent: config.build().into(), patience })
    }

    /// Sends a request; the answer may have any status.
    ///
    /// # Errors
    /// No answer came.
    pub(crate) fn send(
        &self,
        url: &Url,
        request: Request<impl AsSendBody>,
    ) -> Result<Response<Body>, FetchError> {
        let mut request = self.agent.configure_request(request);
        if is_loopback(url) {
            // A proxy from the environment cannot reach this machine's loopback.
            request = request.proxy(None);
        }
        self.agent.run(request.build()).map_err(|error| no_answer(url, self.patience, &error))
    }

    /// Gets what is at a URL, or where that redirects to: never to what is not encrypted, unless
    /// both are on this machine, and to another server without what it knows us by. The answer
    /// may have any other status.
    ///
    /// # Errors
    /// No answer came, or it leads astray.
    pub(crate) fn follow(
        &self,
        url: &Url,
        mut headers: HeaderMap,
    ) -> Result<Response<Body>, FetchError> {
        let mut place = url.clone();
        for _ in 0..=REDIRECTS_MAX {
            let mut request = get(&place);
            request.headers_mut().extend(headers.clone());
            let answer = self.send(&place, request)?;
            let Some(next) = redirected(&place, &answer) else { return Ok(answer) };
            let is_allowed =
                next.scheme() == "https" || (is_loopback(&next) && is_loopback(&place));
            if !is_allowed {
                let (place, next) = (shown(&place), shown(&next));
                return Err(FetchError::new(format!(
                    "{place} redirects to {next}, which is not encrypted"
                )));
            }
            if next.origin() != place.origin() {
                headers.remove(header::AUTHORIZATION);
            }
            place = next;
        }
        let shown = shown(url);
        Err(FetchError::new(format!("{shown} redirects more than {REDIRECTS_MAX} times")))
    }

    /// Fetches what is at a URL, of at most so many bytes.
    ///
    /// # Errors
    /// It is not there, does not come, or is larger.
    pub fn fetch(
        &self,
        url: &Url,
        most: u64,
        progress: &dyn Progress,
    ) -> Result<Vec<u8>, FetchError> {
        let answer = self.follow(url, HeaderMap::new())?;
        if answer.status() == StatusCode::OK {
            return self.read(url, answer, most, progress);
        }
        let error = refused(url, answer);
        Err(error.hint("check the address and the version; what needs a login is not fetched: download it, and install the file"))
    }

    /// Reads the body of an answer, of at most so many bytes.
    ///
    /// # Errors
    /// It is larger, or does not come.
    pub(crate) fn read(
        &self,
        url: &Url,
        answer: Response<Body>,
        most: u64,
        progress: &dyn Progress,
    ) -> Result<Vec<u8>, FetchError> {
        let shown = shown(url);
        let too_large = || {
            let most = format_bytes(most);
            FetchError::new(format!(
                "what is at {shown} is larger than {most}, the most there may be"
            ))
        };
        let announced = answer.headers().get(header::CONTENT_LENGTH);
        let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if announced.is_some_and(|announced| announced > most) {
            return Err(too_large());
        }
        if let Some(announced) = announced {
            progress.expect(announced);
        }
        let body = answer.into_body().into_with_config().limit(u64::MAX).reader();
        let mut bytes = Vec::new();
        let read = Counted::new(body, progress).take(most + 1).read_to_end(&mut bytes);
        read.map_err(|error| {
            let after = format_bytes(bytes.len() as u64);
            match error.get_ref().and_then(|inner| inner.downcast_ref::<ureq::Error>()) {
                Some(inner) => broken(&shown, self.patience, inner, &after),
                None => FetchError::new(format!("{shown}: {} after {after}", error_chain(&error))),
            }
        })?;
        if bytes.len() as u64 > most { Err(too_large()) } else { Ok(bytes) }
    }
}

/// A request for what is at a URL, as it is there.
pub(crate) fn get(url: &Url) -> Request<()> {
    let mut request = Request::new(());
    // What is a URL by the WHATWG's rules may be none by those of HTTP.
    *request.uri_mut() = without_fragment(url).as_str().parse().unwrap_or_default();
    request.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    request
}

/// Where an answer leads, if it leads anywhere.
fn redirected(from: &Url, answer: &Response<Body>) -> Option<Url> {
    let location = answer.headers().get(header::LOCATION)?.to_str().ok()?;
    matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308).then_some(())?;
    from.join(location).ok()
}

fn broken(shown: &str, patience: Patience, error: &ureq::Error, after: &str) -> FetchError {
    match error {
        ureq::Error::Timeout(ureq::Timeout::Global) => {
            let limit = patience.whole.as_secs();
            FetchError::new(format!("{shown} did not come within {limit} s, only {after}"))
        }
        ureq::Error::Timeout(_) => {
            let limit = patience.stalled.as_secs();
            FetchError::new(format!("{shown}: nothing came for {limit} s, after {after}"))
        }
        other => FetchError::new(format!("{shown}: {other} after {after}")),
    }
    .hint("try again; nothing was changed")
}

/// What an answer that is none says.
pub(crate) fn refused(url: &Url, answer: Response<Body>) -> FetchError {
    let (status, shown) = (answer.status(), shown(url));
    let mut excerpt = Vec::new();
    let body = answer.into_body().into_with_config().limit(u64::MAX).reader();
    // What cannot be read is not shown.
    let _ = body.take(EXCERPT_BYTES).read_to_end(&mut excerpt);
    let excerpt = String::from_utf8_lossy(&excerpt);
    let excerpt = excerpt.trim();
    // A page for people says no more than its status.
    let said = if excerpt.is_empty() || excerpt.starts_with('<') {
        String::new()
    } else {
        format!(": {}", excerpt.replace('\n', " "))
    };
    FetchError::new(format!("{shown} answers {status}{said}"))
}

fn no_answer(url: &Url, patience: Patience, error: &ureq::Error) -> FetchError {
    let shown = shown(url);
    let host = url.host_str().unwrap_or_default();
    let reason = match error {
        ureq::Error::HostNotFound => format!("there is no host {host}"),
        ureq::Error::Timeout(ureq::Timeout::Connect) => {
            format!("no connection within {} s", CONNECT.as_secs())
        }
        ureq::Error::Timeout(_) => format!("no answer within {} s", patience.stalled.as_secs()),
        ureq::Error::Io(error) => error_chain(error),
        other => error_chain(other),
    };
    let made = FetchError::new(format!("{shown}: {reason}"));
    if reason.contains("certificate") {
        return made.hint("for a private authority, pass its certificate: --ca FILE");
    }
    made
}

/// A URL without what may be secret in it.
pub fn shown(url: &Url) -> String {
    let mut shown = without_fragment(url);
    shown.set_query(None);
    shown.to_string()
}

fn without_fragment(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_fragment(None);
    url
}

/// Whether a URL is of a server on this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Silent;
    use lambent_test_support::canned::{Canned, answer};
    use std::io::Write as _;
    use std::net::TcpListener;
    use std::time::Instant;

    fn fetch(url: &str, stalled: u64, whole: u64, most: u64) -> Result<Vec<u8>, String> {
        let (stalled, whole) = (Duration::from_millis(stalled), Duration::from_millis(whole));
        let http = Http::new(Patience { stalled, whole }, None).unwrap();
        let url = Url::parse(url).unwrap();
        http.fetch(&url, most, &Silent).map_err(|error| error.to_string())
    }

    #[test]
    fn what_does_not_say_its_size_is_cut_where_it_is_too_large() {
        let endless = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n0123456789".to_owned();
        let server = Canned::start(vec![endless.clone()]);
        let url = format!("http://{}/x", server.endpoint::<String>());
        assert!(fetch(&url, 5_000, 5_000, 9).unwrap_err().contains("larger than 9"));
        let server = Canned::start(vec![endless]);
        let url = format!("http://{}/x", server.endpoint::<String>());
        assert_eq!(fetch(&url, 5_000, 5_000, 10).unwrap(), b"0123456789");
    }

    #[test]
    fn a_server_that_goes_silent_or_slow_is_given_up() {
        let server = |pause: u64| {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10000\r\n\r\n");
                // Until whoever reads has gone away.
                while stream.write_all(b"x").is_ok() {
                    std::thread::sleep(Duration::from_millis(pause));
                }
            });
            format!("http://{address}/x")
        };
        let clock = Instant::now();
        let silent = fetch(&server(20_000), 200, 60_000, 1 << 20).unwrap_err();
        assert!(silent.contains("nothing came for"), "{silent}");
        let slow = fetch(&server(20), 10_000, 500, 1 << 20).unwrap_err();
        assert!(slow.contains("did not come within"), "{slow}");
        assert!(clock.elapsed() < Duration::from_secs(15));
    }

    #[test]
    fn what_a_server_says_is_told_and_what_is_secret_is_not() {
        let server = Canned::start(vec![answer("403 Forbidden", "not\nyou")]);
        let url = format!("http://{}/x?signature=secret", server.endpoint::<String>());
        let error = fetch(&url, 5_000, 5_000, 9).unwrap_err();
        assert!(error.contains("403 Forbidden: not you") && !error.contains("secret"), "{error}");
        let request = server.requests().remove(0);
        assert!(request.starts_with("GET /x?signature=secret HTTP/1.1"), "{request}");
        let error = fetch("http://127.0.0.1:1/x", 5_000, 5_000, 9).unwrap_err();
        assert!(error.contains("refused"), "{error}");
    }
}
