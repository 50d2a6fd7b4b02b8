//! Where the server is.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ureq::http::Uri;

/// The address that servers listen on and clients look at unless told otherwise.
pub(crate) const DEFAULT: &str = "http://127.0.0.1:4566";

/// The base URL of a server, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    base: String,
    secure: bool,
    loopback: bool,
}

impl Endpoint {
    /// Whether the traffic is encrypted.
    pub(crate) const fn is_secure(&self) -> bool {
        self.secure
    }

    /// Whether the server is on this machine.
    pub(crate) const fn is_loopback(&self) -> bool {
        self.loopback
    }
}

/// A base URL that cannot be used.
#[derive(Debug)]
pub(crate) struct InvalidEndpoint(String);

impl fmt::Display for InvalidEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; give a URL such as {DEFAULT}", self.0)
    }
}

impl std::error::Error for InvalidEndpoint {}

impl FromStr for Endpoint {
    type Err = InvalidEndpoint;

    /// Reads `http://host:port`, `https://host` or `host:port`.
    fn from_str(text: &str) -> Result<Self, InvalidEndpoint> {
        let invalid = |why: &str| InvalidEndpoint(format!("{text:?} {why}"));
        let text = text.trim();
        let url = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let uri: Uri = url.parse().map_err(|_| invalid("is not a URL"))?;
        let secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(invalid("is neither http nor https")),
        };
        let host = uri.host().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| invalid("names no host"))?;
        if uri.query().is_some() {
            return Err(invalid("has a query"));
        }
        let loopback = is_loopback(host);
        Ok(Self { base: url.trim_end_matches('/').to_owned(), secure, loopback })
    }
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(text: &str) -> Endpoint {
        text.parse().unwrap()
    }

    #[test]
    fn a_bare_host_means_http() {
        assert_eq!(endpoint("localhost:80").to_string(), "http://localhost:80");
        assert_eq!(endpoint("https://a.example/x/").to_string(), "https://a.example/x");
        assert!(endpoint("https://a.example").is_secure());
    }

    #[test]
    fn loopback_is_recognised_by_name_and_address() {
        for local in ["localhost", "127.0.0.9:1", "http://[::1]:4566", "x.localhost"] {
            assert!(endpoint(local).is_loopback(), "{local}");
        }
        for remote in ["10.0.0.1", "localhost.example", "[2001:db8::1]:80"] {
            assert!(!endpoint(remote).is_loopback(), "{remote}");
        }
    }

    #[test]
    fn others_are_refused_with_an_example() {
        for text in ["ftp://x", "http://", "http://a b", "http://x/?q=1"] {
            let message = text.parse::<Endpoint>().unwrap_err().to_string();
            assert!(message.contains("http://127.0.0.1:4566"), "{message}");
        }
    }
}
