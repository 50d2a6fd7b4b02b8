use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures::future::BoxFuture;
use lambent_engine::wasi_http::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

use crate::egress::own_doors::Connection;
use crate::egress::target::{Target, TargetHost};

/// Finds the addresses of names.
pub trait Resolve: Send + Sync {
    /// The addresses of a host, the ones to try first first.
    ///
    /// # Errors
    /// It has none, or that cannot be found out.
    fn resolve(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// As the machine's own resolver has it.
struct System;

impl Resolve for System {
    fn resolve(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// The network that guests' requests go to.
#[derive(Clone)]
pub struct Network {
    resolve: Arc<dyn Resolve>,
    tls: TlsConnector,
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").finish_non_exhaustive()
    }
}

impl Network {
    /// Trusts Mozilla's list of authorities, and asks the machine's resolver.
    ///
    /// # Errors
    /// The TLS library does not know the protocol's versions.
    pub fn system() -> Result<Self, rustls::Error> {
        let roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        Self::new(Arc::new(System), roots)
    }

    /// Trusts `roots`, and asks `resolve`.
    ///
    /// # Errors
    /// The errors of [`system`](Self::system).
    pub fn new(resolve: Arc<dyn Resolve>, roots: RootCertStore) -> Result<Self, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { resolve, tls: TlsConnector::from(Arc::new(config)) })
    }

    /// Every address of a target.
    pub(super) async fn addresses(&self, target: &Target) -> Result<Vec<IpAddr>, Error> {
        let name = match &target.host {
            TargetHost::Address(address) => return Ok(vec![*address]),
            TargetHost::Name(name) => name.clone(),
        };
        let found = self.resolve.resolve(name).await.map_err(|error| {
            tracing::debug!(%error, "a name could not be resolved");
            Error::DnsError { rcode: None, info_code: None }
        })?;
        if found.is_empty() { Err(Error::DestinationNotFound) } else { Ok(found) }
    }

    /// Connects to the first of `addresses` that answers, and to no other.
    pub(super) async fn connect(
        &self,
        target: &Target,
        addresses: &[IpAddr],
    ) -> Result<Connected, Error> {
        let mut failed = Error::DestinationUnavailable;
        for address in addresses {
            match TcpStream::connect(SocketAddr::new(*address, target.port)).await {
                Ok(stream) => {
                    let gone = |_| Error::ConnectionTerminated;
                    let local = stream.local_addr().map_err(gone)?;
                    let ends = Connection { local, peer: stream.peer_addr().map_err(gone)? };
                    let io: Box<dyn Io> = if target.https {
                        self.encrypt(target, stream).await?
                    } else {
                        Box::new(stream)
                    };
                    return Ok(Connected { io, ends });
                }
                Err(error) => failed = unreachable_error(&error),
            }
        }
        Err(failed)
    }

    async fn encrypt(&self, target: &Target, stream: TcpStream) -> Result<Box<dyn Io>, Error> {
        let name = match &target.host {
            TargetHost::Address(address) => ServerName::from(*address),
            TargetHost::Name(name) => {
                ServerName::try_from(name.clone()).map_err(|_| Error::HttpRequestUriInvalid)?
            }
        };
        match self.tls.connect(name, stream).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => {
                tracing::debug!(%error, "TLS with another host failed");
                let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
                match cause {
                    Some(rustls::Error::InvalidCertificate(_)) => Err(Error::TlsCertificateError),
                    _ => Err(Error::TlsProtocolError),
                }
            }
        }
    }
}

fn unreachable_error(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Error::ConnectionRefused,
        io::ErrorKind::TimedOut => Error::ConnectionTimeout,
        _ => Error::DestinationUnavailable,
    }
}

/// A connection to a target.
pub(super) struct Connected {
    pub(super) io: Box<dyn Io>,
    pub(super) ends: Connection,
}

/// A connection, encrypted or not.
pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Io for S {}
