//! HTTP clients: one that speaks properly, over a connection of its own per
//! request, and one that sends whatever bytes it is given.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::Stream;
use http::{HeaderMap, Request, Response, request};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than anything here takes, on a machine that does much else.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// A request being made.
pub(crate) struct Ask {
    address: SocketAddr,
    http2: bool,
    request: request::Builder,
    body: Body,
    patience: Duration,
}

/// A whole response.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) trailers: Option<HeaderMap>,
}

impl Ask {
    pub(crate) fn new(address: SocketAddr, method: &str, target: &str) -> Self {
        let request = Request::builder().method(method).uri(target);
        Self {
            address,
            http2: false,
            request,
            body: Full::default().boxed_unsync(),
            patience: PATIENCE,
        }
    }

    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        Self { request: self.request.header(name, value), ..self }
    }

    pub(crate) fn key(self, key: &str) -> Self {
        self.header("authorization", &format!("Bearer {key}"))
    }

    pub(crate) fn body(self, bytes: impl Into<Bytes>) -> Self {
        Self { body: Full::new(bytes.into()).boxed_unsync(), ..self }
    }

    /// Sends frames as they come, of no length known before.
    pub(crate) fn frames(self, frames: impl Stream<Item = Frame<Bytes>> + Send + 'static) -> Self {
        use futures::StreamExt as _;
        Self { body: StreamBody::new(frames.map(Ok)).boxed_unsync(), ..self }
    }

    /// Speaks HTTP/2 without having asked.
    pub(crate) fn http2(self) -> Self {
        Self { http2: true, ..self }
    }

    /// Waits this long for an answer.
    pub(crate) fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The response once its head is there.
    pub(crate) async fn open(self) -> Response<Incoming> {
        self.try_open().await.expect("a response")
    }

    pub(crate) async fn try_open(self) -> Result<Response<Incoming>, String> {
        let address = self.address;
        let connect = async { TcpStream::connect(address).await.map_err(|e| e.to_string()) };
        let stream = timeout(PATIENCE, connect).await.map_err(|_| "no connection in time")??;
        stream.set_nodelay(true).unwrap();
        self.over(stream).await
    }

    /// As [`Self::try_open`], over a connection that is there already.
    pub(crate) async fn over(
        self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    ) -> Result<Response<Incoming>, String> {
        let (address, http2, patience) = (self.address, self.http2, self.patience);
        let mut request = self.request.body(self.body).unwrap();
        let exchange = async move {
            let io = TokioIo::new(stream);
            if http2 {
                let host = request.headers_mut().remove("host");
                let host = host.map(|host| host.to_str().unwrap().to_owned());
                let authority = host.unwrap_or_else(|| address.to_string());
                let target = format!("http://{authority}{}", request.uri());
                *request.uri_mut() = target.parse().unwrap();
                let (mut sender, connection) =
                    hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await?;
                tokio::spawn(connection);
                sender.send_request(request).await
            } else {
                let host = address.to_string().parse().unwrap();
                request.headers_mut().entry("host").or_insert(host);
                let (mut sender, connection) =
                    hyper::client::conn::http1::Builder::new().handshake(io).await?;
                tokio::spawn(connection);
                sender.send_request(request).await
            }
        };
        let answer = timeout(patience, exchange).await.map_err(|_| "no answer in time")?;
        answer.map_err(|error| format!("{error:?}"))
    }

    /// The whole response.
    pub(crate) async fn send(self) -> Reply {
        self.try_send().await.expect("a whole response")
    }

    /// The whole response, or what went wrong on the way.
    pub(crate) async fn try_send(self) -> Result<Reply, String> {
        let response = self.try_open().await?;
        timeout(PATIENCE, whole(response)).await.map_err(|_| "no end in time")?
    }
}

/// Reads a response to its end.
pub(crate) async fn whole(response: Response<Incoming>) -> Result<Reply, String> {
    let (parts, body) = response.into_parts();
    let collected = body.collect().await.map_err(|error| format!("{error:?}"))?;
    Ok(Reply {
        status: parts.status.as_u16(),
        headers: parts.headers,
        trailers: collected.trailers().cloned(),
        body: collected.to_bytes(),
    })
}

/// The next bytes of a body; none at its end.
pub(crate) async fn next(body: &mut Incoming) -> Option<Bytes> {
    loop {
        let frame = timeout(PATIENCE, body.frame()).await.expect("a frame in time")?;
        match frame.expect("an unbroken body").into_data() {
            Ok(data) if !data.is_empty() => return Some(data),
            _ => {}
        }
    }
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// A header's value; empty if there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The detail of a problem with this status and code, which it must be.
    pub(crate) fn problem(&self, status: u16, code: &str) -> String {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{self:?}");
        assert_eq!(problem["status"], status, "{self:?}");
        assert_eq!(problem["request_id"], self.header("lambent-request-id"), "{self:?}");
        problem["detail"].as_str().unwrap().to_owned()
    }
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = self.text();
        let text: String = text.chars().take(1000).collect();
        write!(f, "{} {:?} {text:?}", self.status, self.headers)
    }
}

/// A connection on which anything can be said.
pub(crate) struct Raw(pub(crate) TcpStream);

impl Raw {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self(timeout(PATIENCE, TcpStream::connect(address)).await.unwrap().unwrap())
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        // The server may have answered and closed before it has read all.
        let _ = timeout(PATIENCE, self.0.write_all(bytes.as_ref())).await.expect("sent in time");
    }

    /// Reads until `text` was read, or the end.
    pub(crate) async fn until(&mut self, text: &str) -> String {
        let mut read = BytesMut::new();
        while !String::from_utf8_lossy(&read).contains(text) {
            let more = timeout(PATIENCE, self.0.read_buf(&mut read)).await;
            // A reset is an end too.
            if more.expect("bytes in time").unwrap_or(0) == 0 {
                break;
            }
        }
        String::from_utf8_lossy(&read).into_owned()
    }

    /// Reads until the server closes the connection.
    pub(crate) async fn end(&mut self) -> String {
        self.until("\0 never sent").await
    }
}

/// Sends bytes and reads until the server closes the connection.
pub(crate) async fn raw(address: SocketAddr, bytes: impl AsRef<[u8]>) -> String {
    let mut raw = Raw::connect(address).await;
    raw.send(bytes).await;
    raw.end().await
}
