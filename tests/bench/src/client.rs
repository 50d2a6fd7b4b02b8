//! A client of HTTP/1.1 that costs little: one keep-alive connection, one
//! request at a time, whose bytes are made once.

use std::fmt;
use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The longest wait for an answer, unless more is asked for.
const PATIENCE: Duration = Duration::from_secs(60);
/// The longest head, and the longest body.
const HEAD_MAX: usize = 64 << 10;
const BODY_MAX: usize = 64 << 20;

/// A connection that is kept from one request to the next.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    /// Whether the server closes after the last answer.
    closed: bool,
    patience: Duration,
}

/// What came back.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl fmt::Display for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = String::from_utf8_lossy(&self.body);
        write!(formatter, "{} {}", self.status, text.chars().take(300).collect::<String>())
    }
}

/// The bytes of a request.
pub(crate) fn request(
    address: SocketAddr,
    method: &str,
    target: &str,
    body: Option<(&str, &[u8])>,
) -> Vec<u8> {
    let mut bytes = format!("{method} {target} HTTP/1.1\r\nHost: {address}\r\n").into_bytes();
    if let Some((content_type, data)) = body {
        let length = data.len();
        let head = format!("Content-Type: {content_type}\r\nContent-Length: {length}\r\n");
        bytes.extend_from_slice(head.as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body.map_or(&[], |(_, data)| data));
    bytes
}

/// Sends one request over a connection of its own.
pub(crate) async fn once(address: SocketAddr, request: &[u8]) -> Result<Answer> {
    Connection::open(address).await?.send(request).await
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = timeout(PATIENCE, TcpStream::connect(address)).await??;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::with_capacity(64 << 10, stream),
            closed: false,
            patience: PATIENCE,
        })
    }

    /// Waits so long for each answer.
    pub(crate) fn patient(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Whether another request can be sent.
    pub(crate) fn is_open(&self) -> bool {
        !self.closed
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn send(&mut self, request: &[u8]) -> Result<Answer> {
        timeout(self.patience, self.exchange(request)).await?
    }

    async fn exchange(&mut self, request: &[u8]) -> Result<Answer> {
        self.stream.get_mut().write_all(request).await?;
        let status = self.line().await?;
        let status = status.split(' ').nth(1).and_then(|text| text.parse().ok());
        let status: u16 = status.ok_or_else(|| malformed("no status"))?;
        let (mut length, mut chunked) = (None, false);
        for _ in 0..100 {
            let line = self.line().await?.to_ascii_lowercase();
            let Some((name, value)) = line.split_once(':') else { break };
            match (name, value.trim()) {
                ("content-length", value) => length = value.parse().ok(),
                ("transfer-encoding", "chunked") => chunked = true,
                ("connection", "close") => self.closed = true,
                _ => {}
            }
        }
        let body = match length {
            _ if chunked => self.chunks().await?,
            Some(length) => self.bytes(length).await?,
            None if matches!(status, 204 | 304) => Vec::new(),
            None => return Err(malformed("a body without a length")),
        };
        Ok(Answer { status, body })
    }

    async fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        let mut limited = (&mut self.stream).take(HEAD_MAX as u64);
        if limited.read_line(&mut line).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }

    async fn bytes(&mut self, length: usize) -> Result<Vec<u8>> {
        if length > BODY_MAX {
            return Err(malformed("a body beyond measure"));
        }
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes).await?;
        Ok(bytes)
    }

    async fn chunks(&mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        while body.len() <= BODY_MAX {
            let size = self.line().await?;
            let size = usize::from_str_radix(size.split(';').next().unwrap_or_default(), 16);
            let size = size.map_err(|_| malformed("a chunk without a size"))?;
            if size == 0 {
                // Trailers, of which nobody asked for any, end with an empty line.
                while !self.line().await?.is_empty() {}
                return Ok(body);
            }
            body.extend(self.bytes(size).await?);
            self.line().await?;
        }
        Err(malformed("a body beyond measure"))
    }
}

fn malformed(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}
