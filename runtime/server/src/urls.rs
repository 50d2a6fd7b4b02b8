//! Where functions and sites are reachable.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use lambent_types::{FunctionName, Namespace, SiteName};

use crate::host_header::Domains;

/// The longest label of a host name, by DNS.
const LABEL_CHARS_MAX: usize = 63;

/// Knows where functions and sites are reachable.
#[derive(Debug)]
pub(crate) struct Urls {
    scheme: &'static str,
    /// `:4566`, or nothing for the scheme's own port.
    port: String,
    /// The listener as a client on this machine reaches it, without port.
    address: String,
    domains: Vec<String>,
    /// Whether the node asks anybody for a key.
    pub(crate) asks_for_key: bool,
}

impl Urls {
    pub(crate) fn new(listen: SocketAddr, secure: bool, domains: &Domains, dev: bool) -> Self {
        let address = match listen.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        let own_port = if secure { 443 } else { 80 };
        Self {
            scheme: if secure { "https" } else { "http" },
            port: match listen.port() {
                port if port == own_port => String::new(),
                port => format!(":{port}"),
            },
            address: match address {
                IpAddr::V4(ip) => ip.to_string(),
                IpAddr::V6(ip) => format!("[{ip}]"),
            },
            domains: domains.list(),
            asks_for_key: !dev,
        }
    }

    /// The server's own base URL, without a slash at its end.
    pub(crate) fn base(&self) -> String {
        format!("{}://{}{}", self.scheme, self.address, self.port)
    }

    /// Every base URL of a function, ending in a slash.
    pub(crate) fn of(&self, namespace: &Namespace, name: &FunctionName) -> Vec<String> {
        let default = *namespace == Namespace::default();
        let mut urls = self.of_labels(namespace, name.as_str());
        let path = if default { format!("{name}") } else { format!("@{namespace}/{name}") };
        urls.push(format!("{}/fn/{path}/", self.base()));
        urls
    }

    /// The base URLs of a site below the node's domains, each ending in a slash.
    pub(crate) fn of_site(&self, namespace: &Namespace, name: &SiteName) -> Vec<String> {
        self.of_labels(namespace, name.as_str())
    }

    /// The base URL at a host, ending in a slash.
    pub(crate) fn of_host(&self, host: &str) -> String {
        format!("{}://{host}{}/", self.scheme, self.port)
    }

    /// The base URLs of what has a name, below each of the node's domains; none if the name is too
    /// long for a host.
    fn of_labels(&self, namespace: &Namespace, name: &str) -> Vec<String> {
        let fits = |label: &str| label.len() <= LABEL_CHARS_MAX;
        if !fits(name) || !fits(namespace.as_str()) {
            return Vec::new();
        }
        let default = *namespace == Namespace::default();
        let labels = if default { name.to_owned() } else { format!("{name}.{namespace}") };
        let hosts = self.domains.iter().map(|domain| format!("{labels}.{domain}"));
        hosts.map(|host| self.of_host(&host)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(listen: &str, secure: bool, domains: &[String]) -> Urls {
        Urls::new(listen.parse().unwrap(), secure, &Domains::new(domains), false)
    }

    #[test]
    fn every_address_of_a_function_is_listed() {
        let name: FunctionName = "hello".parse().unwrap();
        let urls = urls("0.0.0.0:4566", false, &["fn.example".into()]);
        assert_eq!(
            urls.of(&Namespace::default(), &name),
            [
                "http://hello.localhost:4566/",
                "http://hello.fn.example:4566/",
                "http://127.0.0.1:4566/fn/hello/"
            ]
        );
        assert_eq!(
            urls.of(&"team".parse().unwrap(), &name)[2],
            "http://127.0.0.1:4566/fn/@team/hello/"
        );
    }

    #[test]
    fn the_schemes_own_port_and_long_labels_are_left_out() {
        let name: FunctionName = "x".repeat(64).parse().unwrap();
        let urls = urls("[::]:443", true, &[]);
        assert_eq!(urls.base(), "https://[::1]");
        let all = urls.of(&Namespace::default(), &name);
        assert_eq!(all, [format!("https://[::1]/fn/{name}/")]);
    }
}
