//! What the protocol says of each step, and of steps that it forbids.

use std::io;
use std::time::Duration;

use crate::http::{Answer, Api};
use crate::{NEXT, respond};

/// Bytes that a response may have.
const RESPONSE_BYTES_MAX: usize = 6_291_556;

/// Does what a word says; nothing is returned if the event was answered by that.
pub(crate) fn run(api: &mut Api, id: &str, word: &str, rest: &str) -> io::Result<Option<String>> {
    match word {
        "conform" => return conform(api, id).map(Some),
        "twice" => {
            respond(api, id, b"first")?;
            let path = format!("/2018-06-01/runtime/invocation/{id}");
            println!("{}", respond(api, id, b"second")?.shown());
            println!("{}", api.ask("POST", &format!("{path}/error"), &[], b"{}")?.shown());
        }
        "big" => {
            let more: usize = rest.parse().unwrap_or(0);
            let body = vec![b'x'; RESPONSE_BYTES_MAX + more];
            println!("{}", respond(api, id, &body)?.shown());
        }
        "mode" => println!("{}", with_mode(api, id, rest)?.shown()),
        "error" => {
            let path = format!("/2018-06-01/runtime/invocation/{id}/error");
            let (label, body) = rest.split_once(' ').unwrap_or((rest, ""));
            let headers = [("Lambda-Runtime-Function-Error-Type", label)];
            println!("{}", api.ask("POST", &path, &headers, body.as_bytes())?.shown());
        }
        "late" => {
            let path = format!("/2018-06-01/runtime/invocation/{id}/response");
            let head = format!(
                "POST {path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\
                 Lambda-Runtime-Function-Response-Mode: streaming\r\n\
                 Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\
                 \r\n\r\n"
            );
            api.send(head.as_bytes())?;
            api.send(b"4\r\npart\r\n0\r\nLambda-Runtime-Function-Error-Type: Late\r\n")?;
            // {"errorMessage":"broke"}
            let body = "eyJlcnJvck1lc3NhZ2UiOiJicm9rZSJ9";
            api.send(format!("Lambda-Runtime-Function-Error-Body: {body}\r\n\r\n").as_bytes())?;
            println!("{}", api.answer()?.shown());
        }
        "exit-after" => {
            respond(api, id, b"done")?;
            std::process::exit(rest.parse().unwrap_or(0));
        }
        _ => return Ok(Some(format!("there is no {word}"))),
    }
    Ok(None)
}

/// The path of a request, if an event is one.
pub(crate) fn path(event: &str) -> Option<&str> {
    let (_, rest) = event.split_once("\"rawPath\":\"")?;
    rest.split('"').next()
}

/// The type of a response that begins with its head.
const STREAMED: &str = "application/vnd.awslambda.http-integration-response";

/// Responds to a request, below `/stream` by a response that is streamed.
pub(crate) fn serve(api: &mut Api, id: &str, path: &str) -> io::Result<()> {
    if let Some(kind) = path.strip_prefix("/stream/") {
        return stream(api, id, kind);
    }
    if path != "/stream" {
        let body = format!("{{\"statusCode\":201,\"body\":\"you are at {path}\"}}");
        respond(api, id, body.as_bytes())?;
        return Ok(());
    }
    let head = br#"{"statusCode":418,"headers":{"x-from":"stream"},"cookies":["a=b"]}"#;
    let body = [&head[..], &[0; 8], b"streamed"].concat();
    let headers =
        [("Lambda-Runtime-Function-Response-Mode", "streaming"), ("Content-Type", STREAMED)];
    let path = format!("/2018-06-01/runtime/invocation/{id}/response");
    api.ask("POST", &path, &headers, &body)?;
    Ok(())
}

/// Streams a response in pieces, which goes on as `kind` says.
fn stream(api: &mut Api, id: &str, kind: &str) -> io::Result<()> {
    let path = format!("/2018-06-01/runtime/invocation/{id}/response");
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\
         Lambda-Runtime-Function-Response-Mode: streaming\r\nContent-Type: {STREAMED}\r\n\
         Trailer: Lambda-Runtime-Function-Error-Type\r\n\r\n"
    );
    api.send(head.as_bytes())?;
    piece(api, b"{\"statusCode\":418}\0\0\0\0\0\0\0\0first")?;
    match kind {
        "hang" => std::thread::sleep(Duration::from_secs(3600)),
        "large" => (0..LARGE_PIECES).try_for_each(|_| piece(api, &[b'x'; 64 << 10]))?,
        // It ends when nobody takes any more.
        "endless" => while piece(api, &[b'x'; 64 << 10]).is_ok() {},
        _ => {}
    }
    let trailer = if kind == "late" { "Lambda-Runtime-Function-Error-Type: Late\r\n" } else { "" };
    api.send(format!("0\r\n{trailer}\r\n").as_bytes())?;
    println!("{}", api.answer()?.shown());
    Ok(())
}

/// Pieces of 64 KiB of a response that is larger than one that is kept may be.
const LARGE_PIECES: usize = 256;

fn piece(api: &mut Api, bytes: &[u8]) -> io::Result<()> {
    let length = format!("{:x}\r\n", bytes.len());
    api.send(&[length.as_bytes(), bytes, b"\r\n"].concat())
}

fn with_mode(api: &mut Api, id: &str, mode: &str) -> io::Result<Answer> {
    let path = format!("/2018-06-01/runtime/invocation/{id}/response");
    let headers = [("Lambda-Runtime-Function-Response-Mode", mode)];
    api.ask("POST", &path, &headers, b"streamed")
}

/// The cases that leave the invocation unanswered, each with what was said to it.
fn conform(api: &mut Api, id: &str) -> io::Result<String> {
    let mut said = Vec::new();
    let asked = [
        ("GET", "/2018-06-01/ping"),
        ("POST", NEXT),
        ("HEAD", "/2018-06-01/ping"),
        ("GET", "/2018-06-01/runtime/restore/next"),
        ("GET", "/nowhere"),
        ("POST", "/2018-06-01/runtime/invocation/abc/response"),
        ("POST", "/2018-06-01/runtime/init/error"),
        ("POST", "/2020-01-01/extension/register"),
        ("GET", "/2020-01-01/extension/event/next"),
        ("PUT", "/2022-07-01/telemetry"),
    ];
    for (method, path) in asked {
        let headers = [("Lambda-Extension-Name", "late")];
        let answer = api.ask(method, path, &headers, b"{}")?;
        let allow = answer.header("Allow").to_owned();
        said.push(format!("{method} {path}: {}{allow}", answer.shown()));
    }
    let again = api.ask("GET", NEXT, &[], b"")?;
    let same = again.header("Lambda-Runtime-Aws-Request-Id") == id;
    said.push(format!("again: {} {same}", again.shown()));
    Ok(said.join("\n"))
}

/// Registers an extension and has it wait for what it is told, on a connection that is kept.
pub(crate) fn register(api: &mut Api) -> io::Result<String> {
    let path = "/2020-01-01/extension/register";
    let headers = [("Lambda-Extension-Name", "own")];
    let answer = api.ask("POST", path, &headers, br#"{"events":[]}"#)?;
    let id = answer.header("Lambda-Extension-Identifier").to_owned();
    let again = api.ask("POST", path, &headers, br#"{"events":[]}"#)?;
    let mut second = Api::connect()?;
    let next = "/2020-01-01/extension/event/next";
    second.send(
        format!("GET {next} HTTP/1.1\r\nHost: a\r\nLambda-Extension-Identifier: {id}\r\n\r\n")
            .as_bytes(),
    )?;
    // It is open for as long as the program runs.
    std::mem::forget(second);
    Ok(format!("{} {}", answer.shown(), again.shown()))
}
