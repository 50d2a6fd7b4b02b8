//! The API as a client sees it, byte by byte.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use wasmtime_wasi::p2::{InputStream as _, OutputStream as _, Pollable as _};

use super::Session;
use super::answer::Answer;
use super::connection::{GuestReader, GuestWriter};
use super::delivery::Delivery;
use super::server::Server;
use super::session::AsSession;
use crate::budget::{Budget, Hold};

struct Instance(Session);

impl AsSession for Instance {
    fn session(&self) -> &Session {
        &self.0
    }
}

/// A client with one connection, and what serves it.
struct Client {
    instance: Arc<Instance>,
    server: Server,
    reader: GuestReader,
    writer: GuestWriter,
}

impl Client {
    fn new() -> Self {
        Self::charged_to(&Arc::new(Budget::unlimited().hold(None, None)))
    }

    fn charged_to(hold: &Arc<Hold>) -> Self {
        let hold = hold.clone();
        let instance = Arc::new(Instance(Session::new(hold, None)));
        Self::of(instance)
    }

    fn of(instance: Arc<Instance>) -> Self {
        let connection = instance.0.connect().unwrap();
        let server = Server::new(instance.clone());
        let (reader, writer) = (GuestReader(connection.clone()), GuestWriter(connection));
        Self { instance, server, reader, writer }
    }

    /// One that has been given the event `id`.
    async fn running(id: &str) -> Self {
        Self::new().given(id).await
    }

    /// It is given the event `id`.
    async fn given(self, id: &str) -> Self {
        let mut client = self;
        client.send(&request("GET", "/2018-06-01/runtime/invocation/next", "", "")).await;
        assert_eq!(client.read().await, "");
        assert!(client.instance.0.lifecycle().is_parked());
        let (headers, data) = (HeaderMap::new(), Bytes::from_static(b"{\"a\":1}"));
        let delivery = Delivery { id: id.into(), headers, data, invoke: Bytes::new() };
        client.instance.0.lifecycle().deliver(Arc::new(delivery));
        assert!(client.read().await.ends_with("\r\n\r\n{\"a\":1}"));
        client
    }

    async fn send(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            self.serve().await;
            let free = self.writer.check_write().unwrap().min(bytes.len());
            self.writer.write(Bytes::copy_from_slice(&bytes[..free])).unwrap();
            bytes = &bytes[free..];
        }
    }

    async fn serve(&mut self) {
        std::future::poll_fn(|cx| {
            self.server.poll(cx);
            std::task::Poll::Ready(())
        })
        .await;
    }

    /// Whether there is more to read, after all was done that can be done now.
    async fn is_ready(&mut self) -> bool {
        let (server, mut ready) = (&mut self.server, self.reader.ready());
        // It is served whenever it is woken, as it may be to go on with what it has read.
        let served = std::future::poll_fn(|cx| {
            server.poll(cx);
            ready.as_mut().poll(cx)
        });
        tokio::time::timeout(Duration::from_millis(20), served).await.is_ok()
    }

    /// What was answered by now.
    async fn read(&mut self) -> String {
        let mut read = Vec::new();
        loop {
            let is_ready = self.is_ready().await;
            match self.reader.read(1 << 20) {
                Ok(bytes) if is_ready => read.extend_from_slice(&bytes),
                _ => return String::from_utf8(read).unwrap(),
            }
        }
    }

    /// Status and body of the answer to a request.
    async fn ask(&mut self, method: &str, path: &str, head: &str, body: &str) -> (u16, String) {
        self.send(&request(method, path, head, body)).await;
        let answer = self.read().await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer:?}"));
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    fn answer(&self) -> Option<Answer> {
        self.instance.0.lifecycle().take_answer()
    }
}

fn request(method: &str, path: &str, head: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("{method} {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n{head}\r\n{body}")
        .into_bytes()
}

const RESPONSE: &str = "/2018-06-01/runtime/invocation/1/response";
const ERROR: &str = "/2018-06-01/runtime/invocation/1/error";
const REGISTER: &str = "/2020-01-01/extension/register";

#[tokio::test]
async fn an_answer_comes_in_one_piece_with_the_head_that_lambda_has() {
    let mut client = Client::running("1").await;
    client.send(&request("POST", RESPONSE, "", "hello")).await;
    client.serve().await;
    let whole = client.reader.read(1 << 20).unwrap();
    let whole = String::from_utf8(whole.to_vec()).unwrap();
    assert!(whole.starts_with("HTTP/1.1 202 Accepted\r\n"), "{whole}");
    assert!(whole.contains("Content-Type: application/json\r\n"), "{whole}");
    assert!(whole.contains("Content-Length: 16\r\n"), "{whole}");
    assert!(whole.ends_with("\r\n\r\n{\"status\":\"OK\"}\n"), "{whole}");
    assert!(matches!(client.answer(), Some(Answer::Output(output)) if output.data == "hello"));
}

#[tokio::test]
async fn a_body_may_be_chunked_and_may_break_off() {
    let mut client = Client::running("1").await;
    let head = format!("POST {RESPONSE} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send(head.as_bytes()).await;
    client.send(b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n").await;
    assert!(client.read().await.contains(" 202 "));
    assert!(matches!(client.answer(), Some(Answer::Output(output)) if output.data == "hello"));

    let mut client = Client::running("1").await;
    client.send(head.as_bytes()).await;
    client.send(b"5\r\nhe").await;
    let Client { instance, server, reader, writer } = client;
    drop(writer);
    let mut client =
        Client { writer: GuestWriter(instance.0.connect().unwrap()), instance, server, reader };
    client.read().await;
    let Some(Answer::Failed(failure)) = client.answer() else { panic!("it was whole") };
    assert_eq!(failure.kind, "Runtime.TruncatedResponse");
}

#[tokio::test]
async fn what_is_streamed_is_passed_on_and_charged_no_longer() {
    let hold = Arc::new(Budget::unlimited().hold(None, None));
    let mut client = Client::charged_to(&hold).given("1").await;
    let (sender, mut pieces) = tokio::sync::mpsc::channel(1000);
    let begin = move |content_type: Option<String>| {
        assert_eq!(content_type.as_deref(), Some("text/plain"));
        sender
    };
    client.instance.0.set_stream(Some(Box::new(begin)));
    let head = format!(
        "POST {RESPONSE} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\
         Content-Type: text/plain\r\nLambda-Runtime-Function-Response-Mode: streaming\r\n\r\n"
    );
    client.send(head.as_bytes()).await;
    let piece = [&b"8000\r\n"[..], &[b'x'; 0x8000], b"\r\n"].concat();
    let mut charged = 0;
    for _ in 0..100 {
        client.send(&piece).await;
        client.serve().await;
        charged = charged.max(hold.bytes());
    }
    // Two steps are what is on its way, and that in which it is rounded up.
    assert!(charged <= 3 << 16, "{charged}");
    client.send(b"0\r\n\r\n").await;
    assert!(client.read().await.contains(" 202 "));
    assert!(matches!(client.answer(), Some(Answer::Streamed(bytes)) if bytes == 100 << 15));
    let mut bytes = 0;
    while let Some(piece) = pieces.recv().await.unwrap().unwrap() {
        bytes += piece.len();
    }
    assert_eq!(bytes, 100 << 15);
}

#[tokio::test]
async fn reports_of_errors_have_their_forms() {
    let report = r#"{"errorMessage":"m","errorType":"T","stackTrace":["s"],"errorCause":{}}"#;
    let cause = "Content-Type: application/vnd.aws.lambda.error.cause+json\r\n";
    for (head, body, kind, message) in [
        (cause, report, "T", "m"),
        (cause, "nonjson", "Runtime.Unknown", "Invalid error body"),
        ("", "nonjson", "Runtime.Unknown", "nonjson"),
        ("Lambda-Runtime-Function-Error-Type: Function.Xy\r\n", "{}", "Function.Xy", ""),
    ] {
        let mut client = Client::running("1").await;
        assert_eq!(client.ask("POST", ERROR, head, body).await.0, 202);
        let Some(Answer::Failed(failure)) = client.answer() else { panic!("{body}") };
        assert_eq!((&*failure.kind, &*failure.message), (kind, message));
    }
    let mut client = Client::running("1").await;
    let large = "x".repeat(6_291_557);
    assert_eq!(client.ask("POST", ERROR, "", &large).await.0, 413);
    assert_eq!(client.ask("POST", ERROR, "", "{}").await.0, 202, "it may report again");
}

#[tokio::test]
async fn extensions_register_as_on_lambda() {
    let mut client = Client::new();
    let text = |answer: (u16, String)| {
        assert_eq!(answer.0, 403, "{}", answer.1);
        answer.1
    };
    let name = "Lambda-Extension-Name: a\r\n";
    for (head, body, told) in [
        ("", "{}", "Empty extension name"),
        (name, "", "InvalidRequestFormat"),
        (name, r#"{"configurationKeys":["a"]}"#, "use environment variables instead"),
        (name, r#"{"events":["FOO"]}"#, "FOO: ErrorInvalidEventType"),
    ] {
        let answer = text(client.ask("POST", REGISTER, head, body).await);
        assert!(answer.contains(told), "{answer}");
    }
    let next = "/2020-01-01/extension/event/next";
    for (head, told) in [
        ("", "Missing Lambda-Extension-Identifier header"),
        ("Lambda-Extension-Identifier: zz\r\n", "Invalid Lambda-Extension-Identifier"),
        (
            "Lambda-Extension-Identifier: 00000000-0000-4000-8000-000000000000\r\n",
            "Unknown extension 00000000-0000-4000-8000-000000000000",
        ),
    ] {
        let answer = text(client.ask("GET", next, head, "").await);
        assert!(answer.contains(told), "{answer}");
    }
    let accepts = format!("{name}Lambda-Extension-Accept-Feature: accountId\r\n");
    client.send(&request("POST", REGISTER, &accepts, r#"{"events":["SHUTDOWN"]}"#)).await;
    let answer = client.read().await;
    assert!(answer.contains("\"accountId\":\"000000000000\""), "{answer}");
    let id = answer.lines().find_map(|line| line.strip_prefix("Lambda-Extension-Identifier: "));
    let head = format!("Lambda-Extension-Identifier: {}\r\n", id.unwrap());
    client.send(&request("GET", next, &head, "")).await;
    assert_eq!(client.read().await, "", "it waits");
    assert!(client.instance.0.lifecycle().shut_down(&Bytes::from_static(b"the end")));
    assert!(client.read().await.ends_with("the end"));
    let exit = "/2020-01-01/extension/exit/error";
    let missing = text(client.ask("POST", exit, &head, "").await);
    assert!(missing.contains("Extension.MissingHeader"), "{missing}");
    let head = format!("{head}Lambda-Extension-Function-Error-Type: Extension.Broke\r\n");
    assert_eq!(client.ask("POST", exit, &head, "").await.0, 202);
    let failure = client.instance.0.lifecycle().take_fatal().unwrap();
    assert_eq!(failure.kind, "Extension.Broke");
}

#[tokio::test]
async fn what_an_instance_asks_for_is_charged() {
    let mut client = Client::new();
    for _ in 0..10 {
        assert_eq!(client.ask("GET", "/2018-06-01/ping", "", "").await, (200, "pong".into()));
    }
    assert!(client.instance.0.take_debt() >= 100_000);
    assert_eq!(client.instance.0.take_debt(), 0);
}
