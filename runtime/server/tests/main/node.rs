//! A server on a port of its own, and clients for it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use lambent_server::{Engine, Options, Server};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::fake::Fake;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Node {
    pub(crate) address: SocketAddr,
    pub(crate) key: String,
    pub(crate) cancelled: Arc<AtomicUsize>,
    pub(crate) released: Arc<Notify>,
    stop: Option<oneshot::Sender<()>>,
    running: Option<JoinHandle<()>>,
    _data: tempfile::TempDir,
}

/// A whole response.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) trailers: Option<HeaderMap>,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The code of a problem document, which it must be.
    pub(crate) fn code(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16());
        assert_eq!(problem["request_id"], self.header("lambent-request-id"));
        problem["code"].as_str().unwrap().to_owned()
    }
}

impl Node {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn dev() -> Self {
        Self::start_with(|options| options.dev = true).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Options)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut options =
            Options { listen: "127.0.0.1:0".parse().unwrap(), ..Options::new(data.path()) };
        change(&mut options);
        let fake = Arc::new(Fake::default());
        let (cancelled, released) = (fake.cancelled.clone(), fake.released.clone());
        let engine = Engine { inspect: fake.clone(), runner: fake };
        let server = Server::start_with(options, engine).await.unwrap();
        let address = server.local_addr();
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(async move {
            server.run_until(async { drop(stopped.await) }).await.unwrap();
        });
        let file: PathBuf = data.path().join("root-key.json");
        let key: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let key = key["secret"].as_str().unwrap().to_owned();
        let (stop, running) = (Some(stop), Some(running));
        Self { address, key, cancelled, released, stop, running, _data: data }
    }

    /// Begins to drain; the handle ends with the server.
    pub(crate) fn stop(&mut self) -> JoinHandle<()> {
        self.stop.take().unwrap().send(()).unwrap();
        self.running.take().unwrap()
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends `bytes` and reads until the server closes the connection.
    pub(crate) async fn raw(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect().await;
        // The server may answer, and close, before it has read everything.
        let _ = stream.write_all(bytes.as_ref()).await;
        read_to_end(&mut stream).await
    }

    /// Sends a request with the key over a connection of its own.
    pub(crate) async fn send(&self, request: Request<Bytes>) -> Reply {
        let mut request = request;
        let bearer = format!("Bearer {}", self.key).parse().unwrap();
        request.headers_mut().entry("authorization").or_insert(bearer);
        self.send_as_is(request).await
    }

    pub(crate) async fn send_as_is(&self, request: Request<Bytes>) -> Reply {
        Self::send_to(self.address, request).await
    }

    pub(crate) async fn send_to(address: SocketAddr, mut request: Request<Bytes>) -> Reply {
        let host = address.to_string().parse().unwrap();
        request.headers_mut().entry("host").or_insert(host);
        let io = TokioIo::new(TcpStream::connect(address).await.unwrap());
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
        tokio::spawn(connection);
        let response = sender.send_request(request.map(Full::new)).await.unwrap();
        collect(response).await
    }

    /// Sends a request over HTTP/2 with prior knowledge.
    pub(crate) async fn send_h2(&self, request: Request<Bytes>) -> Reply {
        let io = TokioIo::new(self.connect().await);
        let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), io);
        let (mut sender, connection) = handshake.await.unwrap();
        tokio::spawn(connection);
        let response = sender.send_request(request.map(Full::new)).await.unwrap();
        collect(response).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Request::get(path).body(Bytes::new()).unwrap()).await
    }

    pub(crate) async fn put(&self, path: &str, code: &'static str) -> Reply {
        let request = Request::put(path).header("content-type", "application/wasm");
        self.send(request.body(code.into()).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<Bytes>) -> Reply {
        let request = Request::post(path).header("content-type", "application/json");
        self.send(request.body(body.into()).unwrap()).await
    }

    /// Deploys a function that anyone may call.
    pub(crate) async fn deploy_public(&self, name: &str) {
        let reply = self.put(&format!("/v1/functions/{name}?public=true"), "http").await;
        assert_eq!(reply.status, 201, "{reply:?}");
    }

    /// Waits until an invocation has begun and is not over.
    pub(crate) async fn wait_for_in_flight(&self) {
        let begun = async || {
            while !self.get("/metrics").await.text().contains("lambent_in_flight 1\n") {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, begun()).await.unwrap();
    }

    pub(crate) async fn wait_for_cancelled(&self, count: usize) {
        let reached = async {
            while self.cancelled.load(Ordering::SeqCst) < count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, reached).await.expect("nothing was cancelled");
    }
}

pub(crate) async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut received = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match timeout(PATIENCE, stream.read(&mut buffer)).await {
            Ok(Ok(0) | Err(_)) => return String::from_utf8_lossy(&received).into_owned(),
            Ok(Ok(count)) => received.extend_from_slice(&buffer[..count]),
            Err(_) => panic!("still open after {:?}", String::from_utf8_lossy(&received)),
        }
    }
}

/// Reads what there is until `end` was seen.
pub(crate) async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut received = Vec::new();
    let mut buffer = [0; 4096];
    while !String::from_utf8_lossy(&received).contains(end) {
        let count = timeout(PATIENCE, stream.read(&mut buffer))
            .await
            .unwrap_or_else(|_| panic!("no {end:?} in {:?}", String::from_utf8_lossy(&received)))
            .unwrap();
        assert!(count > 0, "closed without {end:?}: {:?}", String::from_utf8_lossy(&received));
        received.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8_lossy(&received).into_owned()
}

async fn collect(response: http::Response<hyper::body::Incoming>) -> Reply {
    let (parts, body) = response.into_parts();
    let body = timeout(PATIENCE, body.collect()).await.expect("endless body").unwrap();
    let trailers = body.trailers().cloned();
    Reply { status: parts.status, headers: parts.headers, trailers, body: body.to_bytes() }
}
