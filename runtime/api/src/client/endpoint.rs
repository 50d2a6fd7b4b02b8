//! The server's address.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::Uri;

/// The address that servers listen on and clients look at unless told otherwise.
pub const DEFAULT: &str = "http://127.0.0.1:4566";

/// The base URL of a server, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    base: String,
    secure: bool,
    loopback: bool,
    /// The host, in lower case.
    host: String,
    port: u16,
    path: String,
}

impl Endpoint {
    /// Returns the endpoint of [`DEFAULT`].
    pub fn standard() -> Self {
        Self {
            base: DEFAULT.into(),
            secure: false,
            loopback: true,
            host: "127.0.0.1".into(),
            port: 4566,
            path: String::new(),
        }
    }

    /// Returns whether the traffic is encrypted.
    pub const fn is_secure(&self) -> bool {
        self.secure
    }

    /// Returns whether the server is on this machine.
    pub const fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// Returns whether `other` names the same server. A loopback address may also be called
    /// `localhost`.
    pub fn is_named_by(&self, other: &Self) -> bool {
        let place = |this: &Self| (this.secure, this.port, this.path.clone());
        let local = self.loopback && other.host == "localhost";
        place(self) == place(other) && (self.host == other.host || local)
    }
}

/// A base URL that cannot be used.
#[derive(Debug)]
pub struct InvalidEndpoint(String);

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
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            let why =
                "the URL names a user, which no server here has; the key is given apart from it";
            return Err(InvalidEndpoint(why.into()));
        }
        Ok(Self {
            loopback: is_loopback(host),
            host: host.to_ascii_lowercase(),
            port: uri.port_u16().unwrap_or(if secure { 443 } else { 80 }),
            path: uri.path().trim_end_matches('/').to_owned(),
            base: url.trim_end_matches('/').to_owned(),
            secure,
        })
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
    fn the_standard_one_is_the_default() {
        assert_eq!(Endpoint::standard(), endpoint(DEFAULT));
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
    fn the_same_server_is_known_by_its_names() {
        let named = |this: &str, other: &str| endpoint(this).is_named_by(&endpoint(other));
        for other in ["127.0.0.1:80", "http://127.0.0.1/", "localhost", "LOCALHOST:80"] {
            assert!(named("http://127.0.0.1:80", other), "{other}");
        }
        for other in ["127.0.0.2", "127.0.0.1:81", "https://127.0.0.1:80", "127.0.0.1/x", "[::1]"] {
            assert!(!named("http://127.0.0.1", other), "{other}");
        }
        assert!(named("https://10.0.0.1", "https://10.0.0.1:443"));
        assert!(!named("http://10.0.0.1", "http://localhost"));
    }

    #[test]
    fn others_are_refused_with_an_example() {
        for text in ["ftp://x", "http://", "http://a b", "http://x/?q=1", "http://a:b@x"] {
            let message = text.parse::<Endpoint>().unwrap_err().to_string();
            assert!(message.contains("http://127.0.0.1:4566"), "{message}");
        }
    }
}
