//! TLS for the listener.

use std::io;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::pki_types::UnixTime;
use tokio_rustls::rustls::server::Acceptor;
use tokio_rustls::rustls::{self, ServerConfig};
use tokio_rustls::server::TlsStream;

use crate::certificates::{Certificates, TlsError};
use crate::options::TlsOptions;

/// How often the log says that clients asked for names without a certificate: scanners do all day.
const UNKNOWN_EVERY: Duration = Duration::from_secs(10);
/// A record with the fatal alert `unrecognized_name` (RFC 6066, 3), in the clear as all is before a
/// server has chosen its keys. rustls would say `access_denied`, which leads to the wrong place.
const UNRECOGNIZED_NAME: [u8; 7] = [21, 3, 3, 0, 2, 2, 112];

/// What connections are accepted with, and where it was read.
pub(crate) struct Tls {
    options: TlsOptions,
    provider: Arc<CryptoProvider>,
    current: RwLock<Current>,
    unknown: Unknown,
}

/// What was read last.
#[derive(Clone)]
struct Current {
    certificates: Arc<Certificates>,
    config: Arc<ServerConfig>,
}

impl Tls {
    /// Reads certificates and keys; none if there are no files to read.
    ///
    /// # Errors
    /// They cannot be read, or not be used.
    pub(crate) fn open(options: &TlsOptions) -> Result<Option<Self>, TlsError> {
        if options.pair.is_none() && options.directory.is_none() {
            return Ok(None);
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let current = RwLock::new(Current::read(options, &provider)?);
        let (options, unknown) = (options.clone(), Unknown::default());
        Ok(Some(Self { options, provider, current, unknown }))
    }

    /// Speaks TLS with a client that has connected.
    ///
    /// # Errors
    /// The handshake fails, or the client asks for a name that has no certificate.
    pub(crate) async fn accept<S>(&self, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut client = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        let hello = client.client_hello();
        let name = hello.server_name();
        if current.certificates.choose(name).is_some() {
            return client.into_stream(current.config).await;
        }
        if let Some(before) = self.unknown.tell(Instant::now()) {
            let name = name.unwrap_or("no name");
            tracing::warn!(name, before, "a client asked for a name that has no certificate");
        }
        client.io.write_all(&UNRECOGNIZED_NAME).await?;
        client.io.shutdown().await?;
        Err(io::Error::new(io::ErrorKind::NotFound, "no certificate for the name asked for"))
    }

    /// Reads all files again, for connections to come; what is open stays open. Returns how many
    /// names have certificates of their own.
    ///
    /// # Errors
    /// As [`Self::open`]; then all that was read before stays in use.
    pub(crate) fn reload(&self) -> Result<usize, TlsError> {
        let new = Current::read(&self.options, &self.provider)?;
        let names = new.certificates.names();
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(names)
    }
}

impl Current {
    /// Reads the files. HTTP/2 and HTTP/1.1 are offered.
    fn read(options: &TlsOptions, provider: &Arc<CryptoProvider>) -> Result<Self, TlsError> {
        let certificates = Arc::new(Certificates::read(options, provider, UnixTime::now())?);
        let mut config = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Versions)?
            .with_no_client_auth()
            .with_cert_resolver(certificates.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { certificates, config: Arc::new(config) })
    }
}

/// When the log was last told of an unknown name, and how often it was not since.
#[derive(Default)]
struct Unknown(Mutex<(Option<Instant>, u64)>);

impl Unknown {
    /// Counts a client that asked for one. If the log is to be told of it: how many there were
    /// that it was not told of.
    fn tell(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, untold) = &mut *state;
        if last.is_some_and(|last| now.duration_since(last) < UNKNOWN_EVERY) {
            *untold += 1;
            return None;
        }
        *last = Some(now);
        Some(std::mem::take(untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_told_of_unknown_names_now_and_then() {
        let (unknown, start) = (Unknown::default(), Instant::now());
        let told = |seconds| unknown.tell(start + Duration::from_secs(seconds));
        assert_eq!(told(0), Some(0));
        assert_eq!((told(1), told(9)), (None, None));
        assert_eq!((told(10), told(11), told(20)), (Some(2), None, Some(1)));
    }
}
