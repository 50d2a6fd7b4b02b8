//! Whom a request is from: what its connection says, and what proxies say that
//! are trusted.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Where a request came from.
#[derive(Debug)]
pub(crate) struct Peer {
    /// Its IP address: every request of the connection says it to the function.
    pub(crate) client: HeaderValue,
    pub(crate) secure: bool,
    /// Whether it is a proxy whose word is taken on whom a request is from.
    pub(crate) trusted: bool,
}

impl Peer {
    pub(crate) fn new(address: IpAddr, secure: bool, proxies: &Proxies) -> Self {
        // An address is always a valid value.
        let client = HeaderValue::try_from(address.to_canonical().to_string());
        let client = client.unwrap_or(HeaderValue::from_static("unknown"));
        Self { client, secure, trusted: proxies.trust(address) }
    }
}

/// Fields in which proxies say whom a request is from, or what it was for,
/// besides all that begin with `x-forwarded-`: RFC 7239, and what proxies and
/// content networks in wide use send.
const SAID_BY_PROXIES: [&str; 11] = [
    "cf-connecting-ip",
    "fastly-client-ip",
    "forwarded",
    "true-client-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-envoy-external-address",
    "x-original-forwarded-for",
    "x-original-host",
    "x-original-url",
    "x-real-ip",
];

/// The networks of proxies whose word is taken.
#[derive(Debug, Default)]
pub(crate) struct Proxies(Vec<IpNet>);

impl Proxies {
    pub(crate) const fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Whether one of them has this address, in either form of an IPv4 one.
    pub(crate) fn trust(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Says to a function where its request came from. What only a proxy could
    /// know is kept if a trusted one said it, and else replaced: anybody can
    /// send these fields.
    pub(crate) fn settle(
        &self,
        headers: &mut HeaderMap,
        peer: &Peer,
        authority: &HeaderValue,
        prefix: Option<&str>,
    ) {
        let from = if peer.trusted { self.chain(headers, peer) } else { None };
        if !peer.trusted {
            remove_said(headers);
        }
        headers.insert(FORWARDED_FOR, from.unwrap_or_else(|| peer.client.clone()));
        let said = |headers: &HeaderMap, name| peer.trusted && headers.contains_key(name);
        if !said(headers, FORWARDED_PROTO) {
            let proto = if peer.secure { "https" } else { "http" };
            headers.insert(FORWARDED_PROTO, HeaderValue::from_static(proto));
        }
        if !said(headers, FORWARDED_HOST) {
            headers.insert(FORWARDED_HOST, authority.clone());
        }
        if let Some(prefix) = prefix {
            let outer = headers.get(FORWARDED_PREFIX).filter(|_| peer.trusted);
            let outer = outer.map_or(&b""[..], HeaderValue::as_bytes);
            let whole = [outer.strip_suffix(b"/").unwrap_or(outer), prefix.as_bytes()].concat();
            if let Ok(whole) = HeaderValue::from_bytes(&whole) {
                headers.insert(FORWARDED_PREFIX, whole);
            }
        }
    }

    /// The client and the proxies after it, of which `peer` is the last. Each
    /// proxy adds at the right whom it was connected to, so the client is the
    /// first from the right that is no proxy of ours; what stands before it, it
    /// could have made up.
    fn chain(&self, headers: &HeaderMap, peer: &Peer) -> Option<HeaderValue> {
        let said = headers.get_all(FORWARDED_FOR).iter();
        let said: Vec<&[u8]> = said
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
            .map(<[u8]>::trim_ascii)
            .collect();
        let mut first = said.len();
        while let Some(address) = first.checked_sub(1).and_then(|at| address(said[at])) {
            first -= 1;
            if !self.trust(address) {
                break;
            }
        }
        let chain = said[first..].iter().copied().chain([peer.client.as_bytes()]);
        HeaderValue::from_bytes(&chain.collect::<Vec<_>>().join(&b", "[..])).ok()
    }
}

/// An address as proxies write it: some add the port.
fn address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse().ok().map(|address: SocketAddr| address.ip()))
}

fn remove_said(headers: &mut HeaderMap) {
    let said = |name: &&HeaderName| {
        let name = name.as_str();
        name.starts_with("x-forwarded-") || SAID_BY_PROXIES.contains(&name)
    };
    let names: Vec<HeaderName> = headers.keys().filter(said).cloned().collect();
    for name in names {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: HeaderValue = HeaderValue::from_static("a.localhost:1");

    fn proxies() -> Proxies {
        let networks = ["10.0.0.0/8", "fd00::/64"];
        Proxies::new(networks.map(|network| network.parse().unwrap()).to_vec())
    }

    fn settled(peer: &str, lines: &[(&'static str, &str)], prefix: Option<&str>) -> HeaderMap {
        let line = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        let mut headers: HeaderMap = lines.iter().map(line).collect();
        let proxies = proxies();
        let peer = Peer::new(peer.parse().unwrap(), false, &proxies);
        proxies.settle(&mut headers, &peer, &HOST, prefix);
        headers
    }

    #[test]
    fn what_a_client_says_of_itself_is_replaced() {
        let mut lines: Vec<_> = SAID_BY_PROXIES.map(|name| (name, "6.6.6.6")).to_vec();
        lines.extend([
            ("x-forwarded-for", "6.6.6.6"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-prefix", "/evil"),
            ("x-forwarded-port", "443"),
            ("x-kept", "1"),
        ]);
        let settled = settled("192.0.2.7", &lines, None);
        let mut left: Vec<_> =
            settled.iter().map(|(k, v)| (k.as_str(), v.to_str().unwrap())).collect();
        left.sort_unstable();
        let expected = [
            ("x-forwarded-for", "192.0.2.7"),
            ("x-forwarded-host", "a.localhost:1"),
            ("x-forwarded-proto", "http"),
            ("x-kept", "1"),
        ];
        assert_eq!(left, expected);
    }

    #[test]
    fn the_client_is_the_first_from_the_right_that_is_no_proxy_of_ours() {
        for (said, chain) in [
            ("", "10.0.0.1"),
            ("192.0.2.7", "192.0.2.7, 10.0.0.1"),
            ("6.6.6.6, 192.0.2.7", "192.0.2.7, 10.0.0.1"),
            ("10.9.9.9, 192.0.2.7, 10.0.0.2", "192.0.2.7, 10.0.0.2, 10.0.0.1"),
            ("6.6.6.6,192.0.2.7:99 , [fd00::1]:80", "192.0.2.7:99, [fd00::1]:80, 10.0.0.1"),
            ("2001:db8::1, fd00::2", "2001:db8::1, fd00::2, 10.0.0.1"),
            ("10.0.0.3, 10.0.0.2", "10.0.0.3, 10.0.0.2, 10.0.0.1"),
            ("192.0.2.7, unknown", "10.0.0.1"),
            ("192.0.2.7, unknown, 10.0.0.2", "10.0.0.2, 10.0.0.1"),
        ] {
            let settled = settled("::ffff:10.0.0.1", &[("x-forwarded-for", said)], None);
            assert_eq!(settled["x-forwarded-for"], chain, "{said:?}");
        }
        let twice = [("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "192.0.2.7")];
        let settled = settled("10.0.0.1", &twice, None);
        assert_eq!(settled["x-forwarded-for"], "192.0.2.7, 10.0.0.1");
        assert_eq!(settled.get_all("x-forwarded-for").iter().count(), 1);
    }

    #[test]
    fn a_trusted_proxy_is_believed() {
        let lines = [
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "shop.example"),
            ("x-forwarded-prefix", "/shop/"),
            ("x-real-ip", "192.0.2.7"),
        ];
        let settled = settled("10.0.0.1", &lines, Some("/fn/a"));
        assert_eq!(settled["x-forwarded-proto"], "https");
        assert_eq!(settled["x-forwarded-host"], "shop.example");
        assert_eq!(settled["x-forwarded-prefix"], "/shop/fn/a");
        assert_eq!(settled["x-real-ip"], "192.0.2.7");
    }
}
