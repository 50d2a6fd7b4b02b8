use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use lambent_storage::Quota;
use lambent_types::bounds;

use crate::backend::Backend;
use crate::credentials::Credentials;

/// What a server is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// The directory that holds everything the node keeps.
    pub data: PathBuf,
    /// The socket that whoever started the process listens on already, in place of
    /// `listen`: so that no connection is refused while another process takes over.
    pub socket: Option<Arc<std::net::TcpListener>>,
    /// The address of the one listener; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Development: no key is asked for, so only this machine may connect.
    pub dev: bool,
    /// Domains whose subdomains are functions, besides `localhost`.
    pub domain: Vec<String>,
    /// Networks of proxies that are believed when they say whom a request is
    /// from; what all others say in `Forwarded`, `X-Forwarded-*` and the like is
    /// replaced.
    pub trusted_proxies: Vec<IpNet>,
    /// Certificates and keys; without any the listener speaks cleartext.
    pub tls: TlsOptions,
    /// Secrets of the node that are not in `data`.
    pub credentials: Option<Credentials>,
    /// Whether responses are compressed for clients that take it.
    pub compression: bool,
    /// Most invocations at once on this node.
    pub concurrency_max: usize,
    /// How many invocations may descend from one, through what functions do.
    pub descendants_max: u64,
    /// By how many the invocations of a function that run at once may grow in ten seconds.
    pub scaling_rate: u32,
    /// Most bytes of memory that the node uses; 80 % of what the machine or the
    /// control groups of the process allow if not given.
    pub memory_budget: Option<u64>,
    /// Most connections at once, if the process may open enough files; for
    /// further ones the longest idle is closed, and if none is, they are answered
    /// 503 and closed.
    pub connections_max: usize,
    /// Most connections of one address (of IPv6: one /64). By default a tenth of
    /// all, and of addresses of this machine any number. Those of trusted proxies
    /// are not counted.
    pub connections_per_peer: Option<usize>,
    /// How long a stopping server waits for what is in flight.
    pub grace: Duration,
    /// Invocation records older than this are deleted.
    pub log_age_max: Duration,
    /// The oldest invocation records are deleted beyond this many bytes.
    pub log_bytes_max: u64,
    /// The registries that images of functions are fetched from, each as it is written in references.
    pub image_registries: Vec<String>,
    /// A file of certificates, in PEM, that registries are trusted by in place of the public authorities.
    pub image_registry_authorities: Option<PathBuf>,
    /// Networks, beside the public internet, to which messages of topics are posted if clients say so.
    pub subscriber_networks: Vec<IpNet>,
    /// The program whose `compile-worker` command compiles components; this
    /// one if not given.
    pub compiler: Option<PathBuf>,
    /// CPU time that compiling one component may take at the most, in seconds;
    /// by its size it may take less. The default is twenty times what an 18 MB Python
    /// component takes, which slow machines come near.
    pub compile_cpu_seconds: u64,
    /// What one namespace may hold, where it is not the default for the size of
    /// the disk.
    pub quotas: Vec<(Quota, u64)>,
    /// Bytes of disk that stay free: below them only deletes are taken. The
    /// default depends on the size of the disk.
    pub disk_reserve: Option<u64>,
    /// What keeps the node's state.
    pub backend: Backend,
    /// How long peers may take.
    pub timeouts: Timeouts,
}

/// Where the certificates of a listener are that speaks TLS.
#[derive(Debug, Clone, Default)]
pub struct TlsOptions {
    /// For clients that ask for no name, or for one that no certificate in `directory` is for; without
    /// it these are refused.
    pub pair: Option<TlsFiles>,
    /// Pairs `NAME.crt` and `NAME.key` in PEM form, each for the domains in the certificate.
    pub directory: Option<PathBuf>,
}

/// The PEM files of one certificate.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The certificate chain, leaf first.
    pub cert: PathBuf,
    /// The private key of the leaf.
    pub key: PathBuf,
}

/// How long the peer of a connection may take.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For a TLS handshake, and for the head of a request once it has begun.
    pub head: Duration,
    /// Between two requests.
    pub idle: Duration,
    /// Without taking a byte that waits to be sent, and without sending a byte
    /// of a body that the API waits for.
    pub stall: Duration,
    /// To send less of a body than `body_rate` asks for, while it is waited for.
    pub body_grace: Duration,
    /// The least bytes of a body in a second, at every door; 0 for any.
    pub body_rate: u64,
    /// To be idle for, before its connection may be closed to give another one
    /// its place.
    pub spare: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            stall: Duration::from_secs(60),
            // As Apache's mod_reqtimeout has them; a modem sends 4,000 a second.
            body_grace: Duration::from_secs(20),
            body_rate: 500,
            spare: Duration::from_secs(5),
        }
    }
}

/// The least that a node can be told to do with: its own part, and some guests.
const MEMORY_BYTES_MIN: u64 = 64 << 20;

impl Options {
    /// The defaults, with the data in `data`.
    #[must_use]
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            socket: None,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 4566)),
            dev: false,
            domain: Vec::new(),
            trusted_proxies: Vec::new(),
            tls: TlsOptions::default(),
            credentials: None,
            compression: true,
            concurrency_max: 1000,
            descendants_max: bounds::DESCENDANTS_DEFAULT,
            scaling_rate: 1000,
            memory_budget: None,
            connections_max: 8192,
            connections_per_peer: None,
            grace: Duration::from_secs(30),
            log_age_max: Duration::from_secs(7 * 24 * 60 * 60),
            log_bytes_max: 256 << 20,
            image_registries: Vec::new(),
            image_registry_authorities: None,
            subscriber_networks: Vec::new(),
            compiler: None,
            compile_cpu_seconds: 300,
            quotas: Vec::new(),
            disk_reserve: None,
            backend: Backend::default(),
            timeouts: Timeouts::default(),
        }
    }

    /// Checks what can be checked without opening anything.
    ///
    /// # Errors
    /// Names the first value that cannot be served with.
    pub fn validate(&self) -> Result<(), InvalidOptions> {
        if self.dev && !self.listen.ip().is_loopback() {
            return Err(InvalidOptions::OpenToAll { listen: self.listen });
        }
        for domain in &self.domain {
            check_domain(domain)?;
        }
        check_range("concurrency limit", self.concurrency_max as u64, 1, 100_000)?;
        check_range("scaling rate", self.scaling_rate.into(), 1, 1_000_000)?;
        check_range("limit of descendants", self.descendants_max, 1, 1_000_000_000_000)?;
        let memory = self.memory_budget.unwrap_or(MEMORY_BYTES_MIN);
        check_range("memory budget in bytes", memory, MEMORY_BYTES_MIN, 1 << 50)?;
        check_range("connection limit", self.connections_max as u64, 1, 1_000_000)?;
        let per_peer = self.connections_per_peer.unwrap_or(1) as u64;
        check_range("connection limit of one address", per_peer, 1, 1_000_000)?;
        check_range("least rate of bodies in bytes a second", self.timeouts.body_rate, 0, 1 << 30)?;
        check_range("compile limit in CPU seconds", self.compile_cpu_seconds, 1, 3600)?;
        check_range("grace period in seconds", self.grace.as_secs(), 0, 3600)?;
        check_range("log age in seconds", self.log_age_max.as_secs(), 60, 10 * 366 * 86_400)?;
        check_range("log size in bytes", self.log_bytes_max, 1 << 20, 1 << 40)
    }
}

/// An option that the server cannot be started with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOptions {
    /// Development mode asks for no key.
    #[error(
        "development mode asks for no key, so it cannot listen on {listen}; \
         listen on a loopback address or leave out --dev"
    )]
    OpenToAll {
        /// The address asked for.
        listen: SocketAddr,
    },
    /// A domain that no function can be under.
    #[error("domain {domain:?} {problem}; give a name such as functions.example.com")]
    Domain {
        /// The domain as it was given.
        domain: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A number out of its bounds.
    #[error("{what} is {value}; it must be between {least} and {most}")]
    OutOfRange {
        /// The noun for the option.
        what: &'static str,
        /// Its value.
        value: u64,
        /// The least it may be.
        least: u64,
        /// The most it may be.
        most: u64,
    },
}

fn check_range(
    what: &'static str,
    value: u64,
    least: u64,
    most: u64,
) -> Result<(), InvalidOptions> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(InvalidOptions::OutOfRange { what, value, least, most })
}

fn check_domain(domain: &str) -> Result<(), InvalidOptions> {
    let refuse = |problem| Err(InvalidOptions::Domain { domain: domain.to_owned(), problem });
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if domain.eq_ignore_ascii_case("localhost") {
        return refuse("is always served");
    }
    if domain.len() > 253 || !domain.split('.').all(label) {
        return refuse("is not a domain name");
    }
    if domain.rsplit('.').next().is_some_and(|last| last.bytes().all(|c| c.is_ascii_digit())) {
        return refuse("is an address, which has no subdomains");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut Options)) -> String {
        let mut options = Options::new("data");
        change(&mut options);
        options.validate().unwrap_err().to_string()
    }

    #[test]
    fn the_defaults_are_valid() {
        assert_eq!(Options::new("data").validate(), Ok(()));
    }

    #[test]
    fn development_mode_stays_on_this_machine() {
        let message = refused(|o| {
            o.dev = true;
            o.listen = "0.0.0.0:4566".parse().unwrap();
        });
        assert!(message.contains("cannot listen on 0.0.0.0:4566"), "{message}");
        for listen in ["127.0.0.1:0", "[::1]:0"] {
            let options =
                Options { dev: true, listen: listen.parse().unwrap(), ..Options::new("data") };
            assert_eq!(options.validate(), Ok(()));
        }
    }

    #[test]
    fn domains_are_names() {
        for bad in ["", ".", "a..b", "-a.example", "a b", "10.0.0.1", "localhost", "x/y", "é.fr"] {
            let message = refused(|o| o.domain = vec![bad.into()]);
            assert!(message.contains(&format!("domain {bad:?}")), "{message}");
        }
        let options =
            Options { domain: vec!["Fn.Example.com".into(), "lan".into()], ..Options::new("d") };
        assert_eq!(options.validate(), Ok(()));
    }

    #[test]
    fn numbers_have_bounds() {
        let message = refused(|o| o.concurrency_max = 0);
        assert_eq!(message, "concurrency limit is 0; it must be between 1 and 100000");
        assert!(refused(|o| o.memory_budget = Some(1)).contains("memory budget"));
        assert!(refused(|o| o.connections_max = 0).contains("connection limit"));
        assert!(refused(|o| o.grace = Duration::from_secs(3601)).contains("grace period"));
        assert!(refused(|o| o.log_bytes_max = 1).contains("log size"));
    }
}
