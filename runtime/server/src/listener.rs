//! The one listener: accepts connections, as many as are allowed.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::connection::Connections;
use crate::connection_limits::{ConnectionLimits, ConnectionPermit};
use crate::error::StartError;
use crate::options::Options;
use crate::state::App;
use crate::tls::Tls;
use crate::workers::Workers;

/// Connections that the kernel completes before we accept them.
const BACKLOG: u32 = 1024;
/// Most connections at once that are being told that there are too many.
const TURNED_AWAY_MAX: usize = 16;
/// What they are told. Over TLS they are closed without a word.
const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: application/problem+json\r\ncontent-length: 144\r\n\
    retry-after: 1\r\nconnection: close\r\n\r\n\
    {\"type\":\"about:blank\",\"title\":\"node is overloaded\",\"status\":503,\
    \"code\":\"overloaded\",\"detail\":\"too many connections; try again\",\"retryable\":true}";

/// Binds `address`.
///
/// # Errors
/// `AddressInUse`, or whatever else keeps it from being listened on.
fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    let listen = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // So that a restart need not wait for the connections of the last run.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    listen().map_err(|source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => StartError::AddressInUse { address },
        _ => StartError::Bind { address, source },
    })
}

/// The socket that came with the process, or else one of the address that is asked for.
///
/// # Errors
/// It cannot be listened on.
pub(crate) fn open(options: &Options) -> Result<TcpListener, StartError> {
    options.socket.as_deref().map_or_else(|| bind(options.listen), take_over)
}

/// Takes over a socket that is listened on already.
///
/// # Errors
/// It is no socket that accepts connections.
fn take_over(socket: &std::net::TcpListener) -> Result<TcpListener, StartError> {
    let take = || {
        let socket = socket.try_clone()?;
        socket.set_nonblocking(true)?;
        TcpListener::from_std(socket)
    };
    take().map_err(StartError::Inherited)
}

/// What accepts connections.
pub(crate) struct Listener {
    pub(crate) socket: TcpListener,
    pub(crate) tls: Option<Arc<Tls>>,
    pub(crate) connections: Arc<Connections>,
    pub(crate) places: Arc<ConnectionLimits>,
    pub(crate) workers: Arc<Workers>,
    pub(crate) app: Arc<App>,
}

impl Listener {
    /// Accepts connections until the server drains.
    pub(crate) async fn run(self) {
        let turned_away = Arc::new(Semaphore::new(TURNED_AWAY_MAX));
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.app.stop.drain.cancelled() => return,
                accepted = self.socket.accept() => accepted,
            };
            let (stream, address) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    self.recover(error).await;
                    continue;
                }
            };
            match self.places.take(address.ip()) {
                Some(place) => self.serve(stream, address, place),
                None => {
                    self.app.metrics.connection_refused();
                    if let Ok(place) = turned_away.clone().try_acquire_owned() {
                        self.turn_away(stream, place);
                    }
                }
            }
        }
    }

    /// A connection that failed before it was accepted is nobody's loss. All
    /// else (no file handles, no memory) passes only with time.
    async fn recover(&self, error: io::Error) {
        use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
        if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
            return;
        }
        tracing::error!(%error, "cannot accept connections; trying again");
        let _ = timeout(Duration::from_millis(200), self.app.stop.drain.cancelled()).await;
    }

    fn serve(&self, stream: TcpStream, address: SocketAddr, place: ConnectionPermit) {
        // Each fails only for a connection that is gone.
        let _ = stream.set_nodelay(true);
        let Ok(stream) = stream.into_std() else { return };
        let open = self.app.metrics.connection();
        let (executor, worker) = self.workers.place();
        let tls = self.tls.clone();
        let serving = self.connections.clone().accepted(stream, address, tls, place);
        self.app.tasks.spawn_on(
            async move {
                let _held = (open, worker);
                serving.await;
            },
            executor,
        );
    }

    fn turn_away(&self, mut stream: TcpStream, place: OwnedSemaphorePermit) {
        let cleartext = self.tls.is_none();
        self.app.tasks.spawn(async move {
            let _held = place;
            let tell = async {
                if cleartext {
                    stream.write_all(TOO_MANY).await?;
                    stream.shutdown().await?;
                    // What the client had sent is read, or the answer would be
                    // overtaken by a reset.
                    while stream.read(&mut [0; 4096]).await? > 0 {}
                }
                io::Result::Ok(())
            };
            let _ = timeout(Duration::from_secs(1), tell).await;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fixed_answer_is_well_formed() {
        let text = std::str::from_utf8(TOO_MANY).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{}", body.len());
        let problem: lambent_types::Problem = serde_json::from_str(body).unwrap();
        assert_eq!(problem.code, lambent_types::ErrorCode::Overloaded);
    }

    #[tokio::test]
    async fn a_taken_port_is_named() {
        let first = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = first.local_addr().unwrap();
        assert!(
            matches!(bind(address), Err(StartError::AddressInUse { address: a }) if a == address)
        );
    }
}
