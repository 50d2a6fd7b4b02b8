//! What a program does that wants to harm its host or its neighbours.

use std::io;
use std::net::{TcpListener, TcpStream, UdpSocket};

use crate::http::Api;

/// Tries it all; returns how far it came.
pub(crate) fn run() -> io::Result<String> {
    let mut said = Vec::new();
    for address in ["127.0.0.1:9002", "127.0.0.2:9001", "10.0.0.1:80", "[::1]:9001"] {
        said.push(format!("{address} {}", shown(TcpStream::connect(address))));
    }
    said.push(format!("listen {}", shown(TcpListener::bind("127.0.0.1:9001"))));
    said.push(format!("udp {}", shown(UdpSocket::bind("127.0.0.1:0"))));
    let mut open = Vec::new();
    for _ in 0..10_000 {
        let Ok(connection) = Api::connect() else { break };
        open.push(connection);
    }
    said.push(format!("connections {}", open.len()));
    // All but one, as `main` has one too.
    open.truncate(1);
    let no_length = b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n";
    for garbage in [&b"\0\x01\x02\r\n\r\n"[..], b"GET / HTTP/9.9\r\n\r\n", no_length] {
        let mut connection = Api::connect()?;
        let sent = connection.send(garbage);
        let answer = sent.and_then(|()| connection.answer()).map(|answer| answer.status);
        said.push(format!("garbage {}", answer.map_or(0, |status| status)));
    }
    said.push(format!("headers {}", endless_headers()?));
    Ok(said.join("\n"))
}

/// How many KiB of headers are taken before the connection ends.
fn endless_headers() -> io::Result<String> {
    let mut connection = Api::connect()?;
    connection.send(b"GET /2018-06-01/ping HTTP/1.1\r\n")?;
    let line = format!("x: {}\r\n", "y".repeat(1019));
    for kib in 0..100_000 {
        if connection.send(line.as_bytes()).is_err() {
            return Ok(if kib < 4096 { "ended".to_owned() } else { format!("{kib} KiB") });
        }
    }
    Ok("for ever".to_owned())
}

fn shown<T>(result: io::Result<T>) -> String {
    result.map_or_else(|error| error.kind().to_string(), |_| "open".to_owned())
}
