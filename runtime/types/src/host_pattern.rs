use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The hosts that a function may send HTTP requests to: `[scheme://]host[:port]`.
///
/// The host is a name, `*.` and a name for everything below it, or an address,
/// one of version 6 in brackets. Without a scheme it is https, and without a
/// port it is the scheme's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostPattern {
    text: String,
    https: bool,
    host: PatternHost,
    port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum PatternHost {
    Name(String),
    Below(String),
    Address(IpAddr),
}

/// The text is not the pattern of a host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no host to grant; write api.example.com, *.example.com, api.example.com:8443 or \
     http://192.168.1.5:8080"
)]
pub struct InvalidHostPattern(String);

impl HostPattern {
    /// Returns whether the other allows the same, however it is written.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        (self.https, &self.host, self.port) == (other.https, &other.host, other.port)
    }

    /// Returns whether the pattern allows a name, which is in lower case and has no
    /// final dot.
    #[must_use]
    pub fn allows_name(&self, https: bool, name: &str, port: u16) -> bool {
        let fits = match &self.host {
            PatternHost::Name(own) => own == name,
            PatternHost::Below(parent) => name
                .strip_suffix(parent.as_str())
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
            PatternHost::Address(_) => false,
        };
        fits && self.https == https && self.port == port
    }

    /// Returns whether the pattern names this very address.
    #[must_use]
    pub fn allows_address(&self, https: bool, address: IpAddr, port: u16) -> bool {
        let own = PatternHost::Address(address.to_canonical());
        self.host == own && self.https == https && self.port == port
    }
}

impl FromStr for HostPattern {
    type Err = InvalidHostPattern;

    fn from_str(text: &str) -> Result<Self, InvalidHostPattern> {
        let text = text.to_ascii_lowercase();
        parse(&text)
            .map(|(https, host, port)| Self { https, host, port, text: text.clone() })
            .ok_or(InvalidHostPattern(text))
    }
}

fn parse(text: &str) -> Option<(bool, PatternHost, u16)> {
    let (https, rest) = match text.split_once("://") {
        Some(("https", rest)) => (true, rest),
        Some(("http", rest)) => (false, rest),
        Some(_) => return None,
        None => (true, text),
    };
    let (host, port) = match rest.rsplit_once(':') {
        // In a bare address, the text before the last colon is not the host.
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        _ => (rest, if https { 443 } else { 80 }),
    };
    let host = if let Some(address) = host.strip_prefix('[') {
        PatternHost::Address(IpAddr::V6(address.strip_suffix(']')?.parse().ok()?).to_canonical())
    } else if let Ok(address) = host.parse() {
        PatternHost::Address(IpAddr::V4(address))
    } else if let Some(parent) = host.strip_prefix("*.") {
        PatternHost::Below(is_host_name(parent).then(|| parent.to_owned())?)
    } else {
        PatternHost::Name(is_host_name(host).then(|| host.to_owned())?)
    };
    (port > 0).then_some((https, host, port))
}

/// Returns whether a text is the name of a host: labels of `a-z 0-9 - _`. The last
/// label is not a number, since some resolvers read such names as addresses.
#[must_use]
pub fn is_host_name(text: &str) -> bool {
    let label = |label: &str| {
        let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b"-_".contains(&c);
        (1..=63).contains(&label.len()) && label.bytes().all(allowed)
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    let number = last.bytes().all(|c| c.is_ascii_digit())
        || last.strip_prefix("0x").is_some_and(|hex| hex.bytes().all(|c| c.is_ascii_hexdigit()));
    text.len() <= 253 && text.split('.').all(label) && !number
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for HostPattern {
    type Error = InvalidHostPattern;
    fn try_from(text: String) -> Result<Self, InvalidHostPattern> {
        text.parse()
    }
}

impl From<HostPattern> for String {
    fn from(pattern: HostPattern) -> String {
        pattern.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> HostPattern {
        text.parse().unwrap()
    }

    #[test]
    fn names_match_by_scheme_name_and_port() {
        let plain = pattern("API.example.com");
        assert!(plain.allows_name(true, "api.example.com", 443));
        assert!(!plain.allows_name(false, "api.example.com", 80));
        assert!(!plain.allows_name(true, "api.example.com", 8443));
        assert!(!plain.allows_name(true, "x.api.example.com", 443));
        assert!(pattern("http://a.test").allows_name(false, "a.test", 80));
        let below = pattern("*.example.com:8443");
        assert!(below.allows_name(true, "a.b.example.com", 8443));
        assert!(!below.allows_name(true, "example.com", 8443));
        assert!(!below.allows_name(true, "badexample.com", 8443));
        assert!(!below.allows_name(true, ".example.com", 8443));
    }

    #[test]
    fn addresses_match_in_any_spelling_and_names_do_not() {
        let v4 = pattern("http://192.168.1.5:8080");
        assert!(v4.allows_address(false, "192.168.1.5".parse().unwrap(), 8080));
        assert!(v4.allows_address(false, "::ffff:192.168.1.5".parse().unwrap(), 8080));
        assert!(!v4.allows_address(false, "192.168.1.6".parse().unwrap(), 8080));
        assert!(!v4.allows_name(false, "192.168.1.5", 8080));
        assert!(pattern("[::1]").allows_address(true, "::1".parse().unwrap(), 443));
        let mapped = pattern("http://[::ffff:10.0.0.1]");
        assert!(mapped.allows_address(false, "10.0.0.1".parse().unwrap(), 80));
    }

    #[test]
    fn what_is_no_host_is_refused() {
        let bad = [
            "",
            "*",
            "*.",
            "a b",
            "a..b",
            "ftp://a.test",
            "a.test/path",
            "user@a.test",
            "a.test:0",
            "a.test:99999",
            "2130706433",
            "0x7f000001",
            "127.1",
            "0177.0.0.1.",
            "[::1",
            "a.*.test",
        ];
        for text in bad {
            assert!(text.parse::<HostPattern>().is_err(), "{text}");
        }
    }
}
