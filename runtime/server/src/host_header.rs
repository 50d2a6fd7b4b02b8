//! Which host a request is for, and which hosts are ours.

use std::net::IpAddr;

use http::uri::Authority;
use http::{HeaderMap, Uri, Version, header};
use lambent_types::ErrorCode;

use crate::problem::Refusal;

/// The host that a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Host {
    /// As the client wrote it, with the port.
    pub(crate) authority: Authority,
    /// Lower case, without port, brackets and the dot of the DNS root.
    pub(crate) name: String,
}

impl Host {
    /// Reads the host of a request: that of its target if it has one, as RFC
    /// 9112 asks, else that of its `Host` header.
    pub(crate) fn of(uri: &Uri, headers: &HeaderMap, version: Version) -> Result<Self, Refusal> {
        let mut given = headers.get_all(header::HOST).iter();
        let (first, more) = (given.next(), given.next());
        if more.is_some() {
            return Err(Refusal::invalid("more than one Host header"));
        }
        if let Some(authority) = uri.authority() {
            return Self::read(authority.clone());
        }
        match first {
            Some(value) => match Authority::try_from(value.as_bytes()) {
                Ok(authority) => Self::read(authority),
                Err(_) => Err(Refusal::invalid("the Host header is not a host")),
            },
            None if version == Version::HTTP_10 => Self::read(Authority::from_static("localhost")),
            None => Err(Refusal::invalid("no Host header")),
        }
    }

    pub(crate) fn read(authority: Authority) -> Result<Self, Refusal> {
        let host = authority.host();
        let bare = host.strip_prefix('[').map_or(host, |rest| rest.trim_end_matches(']'));
        let bare = bare.strip_suffix('.').unwrap_or(bare);
        if bare.is_empty() || authority.as_str().contains('@') {
            return Err(Refusal::invalid("the host of the request is not a host"));
        }
        let name = bare.to_ascii_lowercase();
        Ok(Self { authority, name })
    }
}

/// The domains whose subdomains are functions, lower case, the longest first.
#[derive(Debug)]
pub(crate) struct Domains(Vec<String>);

impl Domains {
    /// `localhost` and `more`.
    pub(crate) fn new(more: &[String]) -> Self {
        let mut domains: Vec<String> = more.iter().map(|name| name.to_ascii_lowercase()).collect();
        domains.push("localhost".into());
        domains.sort_by_key(|name| std::cmp::Reverse(name.len()));
        domains.dedup();
        Self(domains)
    }

    /// The domains, `localhost` first: it works without any DNS.
    pub(crate) fn list(&self) -> Vec<String> {
        let mut domains = self.0.clone();
        domains.sort_by_key(|name| name != "localhost");
        domains
    }

    /// What stands before one of the domains in `host`: `a.b` in
    /// `a.b.localhost`. `None` for the domains themselves and all other hosts.
    pub(crate) fn subdomain<'h>(&self, host: &'h str) -> Option<&'h str> {
        self.0.iter().find_map(|domain| host.strip_suffix(domain.as_str())?.strip_suffix('.'))
    }

    /// Whether it is one of the domains or under one.
    pub(crate) fn covers(&self, host: &str) -> bool {
        self.0.iter().any(|domain| domain == host) || self.subdomain(host).is_some()
    }

    /// Whether a page or a program on this machine may have meant us by
    /// `host`. A name that someone else's DNS points at this machine is none.
    pub(crate) fn is_local(&self, host: &str) -> bool {
        self.covers(host) || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// In development no key is asked for, so a web page of another site must not
    /// reach us by a DNS name that resolves to this machine.
    pub(crate) fn check_rebinding(&self, host: &Host) -> Result<(), Refusal> {
        if self.is_local(&host.name) {
            return Ok(());
        }
        Err(Refusal::new(
            ErrorCode::Forbidden,
            format!(
                "host {:?} is not served in development mode; use localhost, or start the \
                 server with --domain",
                host.name
            ),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> Result<Host, Refusal> {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, text.parse().unwrap());
        Host::of(&Uri::from_static("/"), &headers, Version::HTTP_11)
    }

    #[test]
    fn hosts_are_compared_in_one_form() {
        for (text, name) in [
            ("localhost", "localhost"),
            ("LocalHost:4566", "localhost"),
            ("hello.localhost.:80", "hello.localhost"),
            ("[::1]:4566", "::1"),
            ("[::1]", "::1"),
            ("127.0.0.1:1", "127.0.0.1"),
        ] {
            assert_eq!(host(text).unwrap().name, name);
        }
        for bad in ["", ".", "a b", "user@localhost", "a/b", "[", ":80"] {
            assert!(host(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_target_wins_over_the_header() {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "b.localhost".parse().unwrap());
        let uri = Uri::from_static("http://a.localhost/x");
        assert_eq!(Host::of(&uri, &headers, Version::HTTP_11).unwrap().name, "a.localhost");
        headers.append(header::HOST, "c.localhost".parse().unwrap());
        assert!(Host::of(&uri, &headers, Version::HTTP_11).is_err());
    }

    #[test]
    fn only_http_1_0_may_name_no_host() {
        let none = HeaderMap::new();
        assert!(Host::of(&Uri::from_static("/"), &none, Version::HTTP_11).is_err());
        assert!(Host::of(&Uri::from_static("/"), &none, Version::HTTP_10).is_ok());
    }

    #[test]
    fn subdomains_belong_to_the_longest_domain() {
        let domains = Domains::new(&["example.com".into(), "fn.Example.com".into()]);
        assert_eq!(domains.subdomain("a.fn.example.com"), Some("a"));
        assert_eq!(domains.subdomain("a.b.example.com"), Some("a.b"));
        assert_eq!(domains.subdomain("a.localhost"), Some("a"));
        for none in ["localhost", "example.com", "alocalhost", "example.com.evil.net", "::1"] {
            assert_eq!(domains.subdomain(none), None, "{none}");
        }
    }

    #[test]
    fn other_names_do_not_reach_a_development_server() {
        let domains = Domains::new(&["dev.example".into()]);
        let check = |name: &str| domains.check_rebinding(&host(name).unwrap()).is_ok();
        for name in ["localhost:4566", "127.0.0.1", "[::1]:1", "a.localhost", "a.dev.example"] {
            assert!(check(name), "{name}");
        }
        for name in
            ["evil.example", "localhost.evil.example", "10.0.0.1", "0.0.0.0", "127.0.0.1.nip.io"]
        {
            assert!(!check(name), "{name}");
        }
    }
}
