use std::env;
use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use lambent_fetch::Reference;
use lambent_server::{Credentials, IpNet, Options, Timeouts, TlsFiles, TlsOptions};
use lambent_types::parse_bytes;
use serde_json::json;

use crate::duration;
use crate::error::{CliError, Exit};
use crate::global::Global;
use crate::key;
use crate::listen;
use crate::node::Node;
use crate::output::duration;
use crate::paste::{endpoint_flag, program, quoted};
use crate::quotas::QuotaArgs;
use crate::telemetry::{self, LogFormat};

const AFTER_HELP: &str = "\
The first start makes a root key and keeps it in root-key.json in the data directory,
where the other commands find it. SIGTERM or Ctrl-C lets what is in flight finish,
a second one ends at once. SIGHUP reads certificates and keys again; if one cannot be
used, all stay in use as they are and the log says why. LAMBENT_LOG filters the log:
info, or warn,lambent_server=debug. A socket of systemd's (LISTEN_FDS) is listened on in
place of --listen: connections wait there while a node is restarted.

Examples:
  lambent serve --dev
  lambent serve --data ./data --listen 9000
  lambent serve --quota-objects 10GiB --quota-messages 1GiB
  lambent serve --listen 0.0.0.0:443 --domain fn.example.com --tls-cert cert.pem --tls-key key.pem";

/// Run a server: functions, the API and all they need, in one process
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct ServeArgs {
    /// Keep everything in DIR [default: see lambent --help]
    #[arg(long, value_name = "DIR", env = "LAMBENT_DATA")]
    data: Option<PathBuf>,

    /// Listen on this address; a port alone is on 127.0.0.1, and port 0 picks a free one
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:4566",
        value_parser = listen::parse
    )]
    listen: SocketAddr,

    /// Read root-key.json and access-key-seed from DIR and not from the data directory
    /// [default: those that systemd hands over, in $CREDENTIALS_DIRECTORY]
    #[arg(long, value_name = "DIR")]
    credentials: Option<PathBuf>,

    /// Ask for no key; loopback addresses only
    #[arg(long)]
    dev: bool,

    /// Serve functions at FUNCTION.DOMAIN too. May be repeated
    #[arg(long, value_name = "DOMAIN")]
    domain: Vec<String>,

    /// Speak TLS with this certificate chain (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// The certificate's private key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// Speak TLS with the pairs NAME.crt and NAME.key (PEM) in DIR, each for the domains that the
    /// certificate names. --tls-cert is for clients that ask for others; without it they are refused
    #[arg(long, value_name = "DIR")]
    tls_dir: Option<PathBuf>,

    /// Send responses as they are also to clients that take them compressed
    #[arg(long)]
    no_compression: bool,

    /// Run at most so many invocations at once; more are answered 429
    #[arg(long, value_name = "N", default_value_t = 1000)]
    concurrency: usize,

    /// Let the invocations of a function that run at once become at most so many more in ten
    /// seconds; others are answered 429
    #[arg(long, value_name = "N", default_value_t = 1000)]
    scaling_rate: u32,

    /// Let at most so many invocations come of one, through what functions write,
    /// send and call; further events go to their dead letters
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    descendants: u64,

    /// Use at most so much memory; invocations beyond it are answered 503 [default: 80 % of what
    /// the machine or the control group allows]
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes)]
    memory_budget: Option<u64>,

    /// Hold at most so many connections at once, if the process may open enough
    /// files; for more, idle ones are closed, and if none is, they are answered 503
    #[arg(long, value_name = "N", default_value_t = 8192)]
    connections: usize,

    /// Hold at most so many connections of one address (of IPv6: one /64)
    /// [default: a tenth of all; any number from this machine]
    #[arg(long, value_name = "N")]
    connections_per_peer: Option<usize>,

    /// Give up bodies that come in more slowly, after 20 s; 0 for any
    #[arg(long, value_name = "BYTES/S", default_value_t = Timeouts::default().body_rate)]
    body_rate: u64,

    /// Believe proxies in this network that say whom a request is from; what
    /// others say in X-Forwarded-For and the like is replaced. May be repeated
    #[arg(long, value_name = "CIDR", value_parser = network)]
    trusted_proxy: Vec<IpNet>,

    /// Fetch images of functions from this registry, such as registry.example.com:5000, with the
    /// credentials of docker login, if there are any. May be repeated
    #[arg(long, value_name = "HOST", value_parser = registry)]
    image_registry: Vec<String>,

    /// Trust the certificate authorities in FILE (PEM) for image registries instead of the public ones
    #[arg(long, value_name = "FILE", requires = "image_registry")]
    image_registry_ca: Option<PathBuf>,

    /// Post messages of topics to addresses of this network too, and not only to public ones. May be
    /// repeated
    #[arg(long, value_name = "CIDR", value_parser = network)]
    subscriber_network: Vec<IpNet>,

    /// Let compiling one component take at most this much CPU time; small ones get
    /// less: 15 s, and 8 s for each MiB
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    compile_cpu_seconds: u64,

    /// When asked to stop, wait this long for what is in flight
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration::parse)]
    grace: Duration,

    /// Keep invocation logs this long
    #[arg(long, value_name = "DURATION", default_value = "7d", value_parser = duration::parse)]
    log_retention: Duration,

    /// Keep at most so much of invocation logs
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = parse_bytes)]
    log_size: u64,

    /// Write the server's own log in this form, to standard error
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,

    #[command(flatten)]
    quotas: QuotaArgs,
}

/// Reads a network, or an address as the network of it alone.
fn network(text: &str) -> Result<IpNet, String> {
    let address = text.parse::<IpAddr>().map(IpNet::from);
    address
        .or_else(|_| text.parse())
        .map_err(|_| format!("{text:?} is no network; give one such as 10.0.0.0/8, or an address"))
}

/// Reads the name of a registry, which is all of it before the first slash of a reference.
fn registry(text: &str) -> Result<String, String> {
    let reference = format!("{text}/x:x").parse::<Reference>();
    let is_registry = reference.is_ok_and(|reference| reference.registry() == text.to_lowercase());
    is_registry.then(|| text.to_owned()).ok_or_else(|| {
        format!("{text:?} is no registry; give a host such as registry.example.com:5000, without a scheme")
    })
}

/// The secrets that were given, or those of systemd's, which may be there for other purposes.
fn credentials_of(given: Option<PathBuf>, inherited: Option<OsString>) -> Option<Credentials> {
    let inherited = inherited.filter(|directory| !directory.is_empty());
    let inherited =
        inherited.map(|directory| Credentials { directory: directory.into(), required: false });
    given.map(|directory| Credentials { directory, required: true }).or(inherited)
}

impl ServeArgs {
    fn options(self) -> Options {
        let data = self.data.filter(|data| !data.as_os_str().is_empty());
        let pair = self.tls_cert.zip(self.tls_key).map(|(cert, key)| TlsFiles { cert, key });
        Options {
            listen: self.listen,
            dev: self.dev,
            domain: self.domain,
            tls: TlsOptions { pair, directory: self.tls_dir },
            credentials: credentials_of(self.credentials, env::var_os("CREDENTIALS_DIRECTORY")),
            compression: !self.no_compression,
            concurrency_max: self.concurrency,
            descendants_max: self.descendants,
            scaling_rate: self.scaling_rate,
            memory_budget: self.memory_budget,
            connections_max: self.connections,
            connections_per_peer: self.connections_per_peer,
            trusted_proxies: self.trusted_proxy,
            timeouts: Timeouts { body_rate: self.body_rate, ..Timeouts::default() },
            image_registries: self.image_registry,
            image_registry_authorities: self.image_registry_ca,
            subscriber_networks: self.subscriber_network,
            compile_cpu_seconds: self.compile_cpu_seconds,
            grace: self.grace,
            log_age_max: self.log_retention,
            log_bytes_max: self.log_size,
            quotas: self.quotas.quotas(),
            disk_reserve: self.quotas.disk_reserve(),
            ..Options::new(data.unwrap_or_else(key::data_directory))
        }
    }
}

pub(crate) fn run(args: ServeArgs, global: &Global) -> Result<Exit, CliError> {
    let given = args.data.is_some();
    telemetry::start(args.log_format, "warn,lambent=info")?;
    let mut options = args.options();
    options.socket = listen::inherited()?;
    if let Some(socket) = &options.socket {
        // The flag is for when there is none.
        options.listen = socket.local_addr().unwrap_or(options.listen);
    }
    let (data, dev) = (options.data.clone(), options.dev);
    let handed_over = options.credentials.as_ref().map(|given| given.directory.join(key::FILE));
    let handed_over = handed_over.filter(|file| file.is_file());
    let node = Node::start(options)?;
    let shown = data.display();
    // Where the other commands do not look.
    let given = given && handed_over.is_none();
    let key_file = handed_over.unwrap_or_else(|| data.join(key::FILE));
    if global.json {
        global.output().json(&json!({
            "url": node.url,
            "data": data,
            "key_file": (!dev).then_some(key_file),
            "startup_us": u64::try_from(node.startup.as_micros()).unwrap_or(u64::MAX),
        }))?;
    } else {
        let url = &node.url;
        let key = if dev { "none needed".into() } else { key_file.display().to_string() };
        // If the key is found only by its directory, the commands need that directory.
        let (environment, flag) = if given && !dev {
            (format!("LAMBENT_DATA={} ", quoted(&shown.to_string())), String::new())
        } else {
            (String::new(), endpoint_flag(url))
        };
        let (version, time) = (env!("CARGO_PKG_VERSION"), duration(node.startup));
        eprintln!("lambent {version} is ready ({time})");
        eprintln!("  url   {url}");
        eprintln!("  data  {shown}");
        eprintln!("  key   {key}");
        eprintln!("  next  {environment}{} deploy hello hello.wasm --public{flag}", program());
    }
    node.run(std::future::pending())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use clap::Parser;
    use lambent_server::Quota;

    #[derive(Parser)]
    struct Probe {
        #[command(flatten)]
        args: ServeArgs,
    }

    fn options(arguments: &[&str]) -> Options {
        let arguments = std::iter::once("probe").chain(arguments.iter().copied());
        Probe::try_parse_from(arguments).unwrap().args.options()
    }

    #[test]
    fn the_defaults_are_the_servers() {
        let (ours, theirs) = (options(&["--data=d"]), Options::new("d"));
        assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
    }

    #[test]
    fn every_flag_reaches_the_server() {
        let options = options(&[
            "--data=d",
            "--listen=127.0.0.1:0",
            "--domain=a.example",
            "--credentials=s",
            "--tls-cert=c",
            "--tls-key=k",
            "--tls-dir=t",
            "--no-compression",
            "--concurrency=2",
            "--descendants=9",
            "--memory-budget=1GiB",
            "--connections=3",
            "--connections-per-peer=2",
            "--body-rate=7",
            "--trusted-proxy=10.0.0.0/8",
            "--trusted-proxy=::1",
            "--compile-cpu-seconds=4",
            "--grace=1m",
            "--log-retention=2d",
            "--log-size=1MiB",
            "--quota-objects=10GiB",
            "--quota-object-count=1",
            "--quota-keyvalue=2KiB",
            "--quota-messages=3KiB",
            "--quota-resources=4",
            "--quota-code=5KiB",
            "--disk-reserve=6KiB",
        ]);
        assert_eq!(options.listen.port(), 0);
        assert_eq!(options.domain, ["a.example"]);
        assert_eq!(options.tls.pair.unwrap().key, PathBuf::from("k"));
        assert_eq!(options.tls.directory, Some(PathBuf::from("t")));
        let credentials = options.credentials.unwrap();
        assert!(credentials.required && credentials.directory == Path::new("s"));
        assert!(!options.compression);
        assert_eq!((options.concurrency_max, options.connections_max), (2, 3));
        assert_eq!((options.connections_per_peer, options.timeouts.body_rate), (Some(2), 7));
        let proxies = ["10.0.0.0/8", "::1/128"].map(|network| network.parse().unwrap());
        assert_eq!(options.trusted_proxies, proxies);
        assert_eq!(options.descendants_max, 9);
        assert_eq!(options.memory_budget, Some(1 << 30));
        assert_eq!(options.compile_cpu_seconds, 4);
        assert_eq!(options.grace, Duration::from_secs(60));
        assert_eq!(options.log_age_max, Duration::from_secs(2 * 86_400));
        assert_eq!(options.log_bytes_max, 1 << 20);
        let mut quotas = vec![
            (Quota::ObjectBytes, 10 << 30),
            (Quota::Objects, 1),
            (Quota::KeyvalueBytes, 2 << 10),
            (Quota::MessageBytes, 3 << 10),
            (Quota::CodeBytes, 5 << 10),
        ];
        quotas.extend(Quota::resources().map(|quota| (quota, 4)));
        assert_eq!(options.quotas, quotas);
        assert_eq!(options.disk_reserve, Some(6 << 10));
        let inherited = credentials_of(None, Some("/run/credentials".into())).unwrap();
        assert!(!inherited.required && inherited.directory == Path::new("/run/credentials"));
        assert!(credentials_of(None, Some("".into())).is_none());
        assert!(Probe::try_parse_from(["probe", "--tls-cert=c"]).is_err());
        for bad in ["10.0.0.0/33", "proxy.example", "10.0.0", ""] {
            assert!(Probe::try_parse_from(["probe", "--trusted-proxy", bad]).is_err(), "{bad}");
        }
    }
}
