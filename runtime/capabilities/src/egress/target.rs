use std::fmt;
use std::net::IpAddr;

use http::Uri;
use lambent_engine::wasi_http::Error;
use lambent_types::is_host_name;

/// Where a request goes, in the one form that is compared and connected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) https: bool,
    pub(super) host: TargetHost,
    pub(super) port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TargetHost {
    /// In lower case, without a final dot.
    Name(String),
    /// An IPv4 address is never in its IPv6 form here.
    Address(IpAddr),
}

impl Target {
    /// # Errors
    /// The scheme is not HTTP's, or what should be a host is none: also the
    /// numbers that some resolvers take for addresses.
    pub(super) fn of(uri: &Uri) -> Result<Self, Error> {
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(Error::HttpProtocolError),
        };
        let authority = uri.authority().ok_or(Error::HttpRequestUriInvalid)?;
        if authority.as_str().contains('@') {
            return Err(Error::HttpRequestUriInvalid);
        }
        let port = match authority.port() {
            Some(port) => port.as_u16(),
            // `host:` too has a port, which is not one.
            None if authority.as_str().ends_with(':') => return Err(Error::HttpRequestUriInvalid),
            None if https => 443,
            None => 80,
        };
        let host = host(authority.host()).ok_or(Error::HttpRequestUriInvalid)?;
        if port == 0 {
            return Err(Error::HttpRequestUriInvalid);
        }
        Ok(Self { https, host, port })
    }

    /// The `Host` of a request to it.
    pub(super) fn authority(&self) -> String {
        let usual = if self.https { 443 } else { 80 };
        if self.port == usual {
            self.host.to_string()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// The grant that would allow requests to it.
    pub(super) fn pattern(&self) -> String {
        let scheme = if self.https { "" } else { "http://" };
        format!("{scheme}{}", self.authority())
    }
}

fn host(text: &str) -> Option<TargetHost> {
    if let Some(address) = text.strip_prefix('[') {
        let address: IpAddr = IpAddr::V6(address.strip_suffix(']')?.parse().ok()?);
        return Some(TargetHost::Address(address.to_canonical()));
    }
    if let Ok(address) = text.parse() {
        return Some(TargetHost::Address(IpAddr::V4(address)));
    }
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    is_host_name(&name).then_some(TargetHost::Name(name))
}

impl fmt::Display for TargetHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => address.fmt(f),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(uri: &str) -> Option<Target> {
        Target::of(&uri.parse().ok()?).ok()
    }

    #[test]
    fn spellings_of_one_host_are_one_target() {
        let plain = target("https://example.com/").unwrap();
        for spelling in ["https://EXAMPLE.com", "https://example.com:443/x", "https://example.com."]
        {
            assert_eq!(target(spelling).unwrap(), plain, "{spelling}");
        }
        assert_eq!(plain.authority(), "example.com");
        assert_eq!(target("http://a.test:8080").unwrap().pattern(), "http://a.test:8080");
        let loopback = target("http://127.0.0.1").unwrap();
        for spelling in ["http://[::ffff:127.0.0.1]", "http://[::ffff:7f00:1]:80"] {
            assert_eq!(target(spelling).unwrap(), loopback, "{spelling}");
        }
    }

    #[test]
    fn addresses_in_disguise_are_no_hosts() {
        let disguises = [
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0x7f.0.0.1/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://127.0.0.1./",
            "http://0/",
            "http://017700000001/",
            "http://user@127.0.0.1/",
            "http://example.com@127.0.0.1/",
            "http://[::1%25lo]/",
            "http://a.test:0/",
            "http://a.test:/",
            "ftp://a.test/",
        ];
        for uri in disguises {
            assert_eq!(target(uri), None, "{uri}");
        }
    }
}
