//! One connection, from its first byte to its last.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::rt::Executor;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::connection_limits::ConnectionPermit;
use crate::connection_timeouts::{ConnectionTimeouts, Verdict};
use crate::doors::Doors;
use crate::forwarded::Peer;
use crate::headers::HEADERS_MAX;
use crate::options::Timeouts;
use crate::request;
use crate::state::App;
use crate::timed_stream::TimedStream;
use crate::tls::Tls;

/// Most bytes of a request's head. Lambda's front door has 10 KiB, nginx 32.
pub(crate) const HEAD_BYTES_MAX: usize = 64 << 10;
/// Most requests at once on one HTTP/2 connection; the number RFC 9113
/// recommends as the least.
const STREAMS_MAX: u32 = 100;
/// Most streams of one HTTP/2 connection that were reset and not yet seen to
/// be (CVE-2023-44487), and that we reset for the peer's mistakes.
const RESETS_MAX: usize = 32;

/// Bytes of a body, and of all bodies of a connection, that an HTTP/2 client may
/// send before somebody takes them: what it can have the node hold.
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;
/// Most bytes of an HTTP/2 frame: the least that may be, since a frame is held
/// whole.
const FRAME_BYTES_MAX: u32 = 16 << 10;

/// How long after it began a connection is waited for when the server drains, if no request has
/// come on it.
const FIRST_REQUEST: Duration = Duration::from_secs(1);

/// What all connections of a listener have in common.
pub(crate) struct Connections {
    doors: Doors,
    http: Builder<Spawn>,
    timeouts: Timeouts,
    /// Whether connections are encrypted.
    secure: bool,
}

impl Connections {
    pub(crate) fn new(doors: Doors, timeouts: Timeouts, secure: bool) -> Self {
        let mut http = Builder::new(Spawn(doors.app.clone()));
        http.http1()
            .timer(TokioTimer::new())
            // Our own, see `ConnectionTimeouts`: hyper's would also end idle connections.
            .header_read_timeout(None)
            .max_headers(HEADERS_MAX)
            .max_buf_size(HEAD_BYTES_MAX);
        http.http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS_MAX)
            .max_header_list_size(HEAD_BYTES_MAX as u32)
            .max_pending_accept_reset_streams(RESETS_MAX)
            .max_local_error_reset_streams(RESETS_MAX)
            .max_send_buf_size(64 << 10)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_frame_size(FRAME_BYTES_MAX)
            .keep_alive_interval(Duration::from_secs(30))
            .keep_alive_timeout(Duration::from_secs(20));
        Self { doors, http, timeouts, secure }
    }

    /// Serves a connection that was accepted, on the executor this runs on.
    pub(crate) async fn accepted(
        self: Arc<Self>,
        stream: std::net::TcpStream,
        address: SocketAddr,
        tls: Option<Arc<Tls>>,
        place: ConnectionPermit,
    ) {
        let stream = match TcpStream::from_std(stream) {
            Ok(stream) => stream,
            Err(error) => return tracing::debug!(%address, %error, "connection lost"),
        };
        let Some(tls) = tls else { return self.serve(stream, address, &place).await };
        let now = self.doors.app.stop.now.clone();
        let handshake = timeout(self.timeouts.head, tls.accept(stream));
        let handshake = place.close.run_until_cancelled(handshake);
        match now.run_until_cancelled(handshake).await.flatten() {
            Some(Ok(Ok(stream))) => self.serve(stream, address, &place).await,
            Some(Ok(Err(error))) => tracing::debug!(%address, %error, "handshake failed"),
            Some(Err(_)) => tracing::debug!(%address, "handshake took too long"),
            None => {}
        }
    }

    /// Waits until the server drains. A connection that was accepted just before has its first
    /// request on the way, which nobody else will take.
    async fn drained(&self, activity: &ConnectionTimeouts) {
        self.doors.app.stop.drain.cancelled().await;
        sleep(activity.first_request_within(FIRST_REQUEST)).await;
    }

    /// Serves HTTP/1.1 or HTTP/2 on `stream`, whichever the client speaks.
    async fn serve<S>(self: Arc<Self>, stream: S, address: SocketAddr, place: &ConnectionPermit)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let activity = place.activity.clone();
        let peer = Arc::new(Peer::new(address.ip(), self.secure, &self.doors.app.proxies));
        let io = TokioIo::new(TimedStream::new(stream, activity.clone()));
        let this = self.clone();
        let seen = activity.clone();
        let service = service_fn(move |request| {
            let (this, seen, peer) = (this.clone(), seen.clone(), peer.clone());
            async move { request::answer(&this.doors, &seen, &peer, request).await }
        });
        let mut connection = pin!(self.http.serve_connection(io, service));
        let mut drained = pin!(self.drained(&activity));
        let mut stopped = pin!(self.doors.app.stop.now.cancelled());
        let mut given_up = pin!(place.close.cancelled());
        // Often enough that no limit is exceeded by more than half.
        let interval =
            (self.timeouts.head.min(self.timeouts.idle) / 2).max(Duration::from_millis(10));
        let mut check = pin!(sleep_until(Instant::now() + interval));
        let mut retired = false;
        loop {
            tokio::select! {
                biased;
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(%address, %error, "connection failed");
                    }
                    return;
                }
                () = stopped.as_mut() => return,
                () = drained.as_mut(), if !retired => {
                    retired = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = given_up.as_mut(), if !retired => {
                    // A request may have come since it was found to be idle.
                    if activity.idle_for().is_some() {
                        return;
                    }
                    retired = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = check.as_mut() => {
                    match activity.verdict(&self.timeouts) {
                        Verdict::Keep => {}
                        Verdict::Retire if !retired => {
                            retired = true;
                            connection.as_mut().graceful_shutdown();
                        }
                        Verdict::Retire => return,
                        Verdict::Close => {
                            tracing::debug!(%address, "connection was too slow");
                            return;
                        }
                    }
                    check.as_mut().reset(Instant::now() + interval);
                }
            }
        }
    }
}

/// Runs the streams of HTTP/2 connections: tracked, and ended with the server.
#[derive(Clone)]
pub(crate) struct Spawn(Arc<App>);

impl<F> Executor<F> for Spawn
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, future: F) {
        let now = self.0.stop.now.clone();
        self.0.tasks.spawn(async move { now.run_until_cancelled(future).await });
    }
}
