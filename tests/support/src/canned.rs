//! A server for tests that gives prepared answers and keeps what it was sent.

use std::fmt::Debug;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::str::FromStr;
use std::thread::JoinHandle;

/// A server that answers as many requests as it has answers, one connection each.
pub struct Canned {
    address: SocketAddr,
    thread: JoinHandle<Vec<String>>,
}

/// A whole HTTP answer; headers may follow the status after a line break.
#[must_use]
pub fn answer(head: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
}

impl Canned {
    /// Starts on a free port of this machine.
    ///
    /// # Panics
    /// There is none; in its thread, where a request is not one.
    #[must_use]
    pub fn start(answers: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let thread = std::thread::spawn(move || {
            answers.iter().map(|answer| serve(&listener.accept().unwrap().0, answer)).collect()
        });
        Self { address, thread }
    }

    /// Its address, in the form that a client takes.
    ///
    /// # Panics
    /// The form has no place for a host and a port.
    #[must_use]
    pub fn endpoint<E: FromStr<Err: Debug>>(&self) -> E {
        self.address.to_string().parse().unwrap()
    }

    /// The requests as they came, once all answers are given.
    ///
    /// # Panics
    /// A request was none.
    pub fn requests(self) -> Vec<String> {
        self.thread.join().unwrap()
    }
}

fn serve(mut stream: &TcpStream, answer: &str) -> String {
    let mut reader = BufReader::new(stream);
    let mut request = String::new();
    while !request.ends_with("\r\n\r\n") {
        assert_ne!(reader.read_line(&mut request).unwrap(), 0, "request ended early: {request}");
    }
    let header = |name: &str| {
        let lower = request.to_ascii_lowercase();
        let value = lower.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        value.map(str::to_owned)
    };
    let length = header("content-length").map_or(0, |length| length.parse().unwrap());
    if header("expect").is_some() {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    request.push_str(&String::from_utf8_lossy(&body));
    stream.write_all(answer.as_bytes()).unwrap();
    request
}
