//! A server for tests that gives prepared answers and keeps what it was sent.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

use crate::endpoint::Endpoint;

/// A server that answers as many requests as it has answers, one connection each.
pub(crate) struct Canned {
    endpoint: Endpoint,
    thread: JoinHandle<Vec<String>>,
}

/// A whole HTTP answer; headers may follow the status after a line break.
pub(crate) fn answer(head: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
}

impl Canned {
    pub(crate) fn start(answers: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = listener.local_addr().unwrap().to_string().parse().unwrap();
        let thread = std::thread::spawn(move || {
            answers.iter().map(|answer| serve(&listener.accept().unwrap().0, answer)).collect()
        });
        Self { endpoint, thread }
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        self.endpoint.clone()
    }

    /// The requests as they came, once all answers are given.
    pub(crate) fn requests(self) -> Vec<String> {
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
