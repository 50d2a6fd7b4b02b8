//! Bytes that are not exactly one HTTP message are refused, in time, and never
//! taken for two.

use std::time::Instant;

use tokio::time::Duration;

use crate::client::{Raw, raw};
use crate::node::{Node, shared};

const SECOND: &str = "GET /healthz?second HTTP/1.1\r\nhost: localhost\r\n\r\n";

fn post(lines: &str) -> String {
    format!("POST /fn/framing/headers HTTP/1.1\r\nhost: localhost\r\n{lines}\r\n0\r\n\r\n{SECOND}")
}

/// The statuses of all responses in it.
fn statuses(received: &str) -> Vec<&str> {
    received.split("HTTP/1.1 ").skip(1).filter_map(|rest| rest.get(..3)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_one_clear_message_is_refused_and_the_connection_closed() {
    let node = shared().await;
    node.deploy("framing", "guest-probe", "").await;
    let long = format!("x: {}\r\n", "x".repeat(70 << 10));
    let many = "x: 1\r\n".repeat(101);
    let cases = [
        ("content-length: 5\r\ncontent-length: 6\r\n", "400"),
        ("content-length: 5, 5\r\n", "400"),
        ("content-length: +5\r\n", "400"),
        ("content-length: 99999999999999999999\r\n", "400"),
        ("transfer-encoding: identity\r\n", "400"),
        ("transfer-encoding : chunked\r\n", "400"),
        ("transfer-encoding: gzip, chunked\r\n", "501"),
        ("x: 1\r\n folded\r\n", "400"),
        ("x: a\0b\r\n", "400"),
        ("x y: 1\r\n", "400"),
        ("no colon\r\n", "400"),
        ("host: other\r\n", "400"),
        (&long, "431"),
        (&many, "431"),
    ];
    for (lines, status) in cases {
        let received = raw(node.address, post(lines)).await;
        assert_eq!(statuses(&received), [status], "{lines:.60?}: {received:.200}");
    }
    let heads = [
        ("nonsense\r\n\r\n", "400"),
        ("GET /\r\n\r\n", "400"),
        ("GET / HTTP/7.3\r\n\r\n", "400"),
        ("GET  / HTTP/1.1\r\nhost: localhost\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nhost: a b\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nhost: u:p@localhost\r\n\r\n", "400"),
        ("CONNECT example.com:443 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n", "405"),
    ];
    for (head, status) in heads {
        let received = raw(node.address, head).await;
        assert_eq!(statuses(&received), [status], "{head:?}: {received}");
    }
    // TLS where none is spoken.
    let received = raw(node.address, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n").await;
    assert!(statuses(&received).iter().all(|status| *status == "400"), "{received:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_lengths_never_make_a_second_request() {
    let node = shared().await;
    node.deploy("framing-two", "guest-probe", "").await;
    for lines in [
        "content-length: 5\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 5\r\n",
    ] {
        let request = post(lines).replace("framing", "framing-two");
        let received = raw(node.address, request).await;
        assert_eq!(statuses(&received).len(), 1, "{lines:?}: {received}");
        assert!(!received.contains(r#""content-length""#), "{received}");
    }
    for chunks in
        ["zz\r\nabc\r\n", "-1\r\nabc\r\n", "fffffffffffffffff\r\nabc\r\n", "3\r\nabcdef\r\n"]
    {
        let head = "POST /fn/framing-two/echo HTTP/1.1\r\nhost: localhost\r\n\
                    transfer-encoding: chunked\r\n\r\n";
        let received = raw(node.address, format!("{head}{chunks}0\r\n\r\n{SECOND}")).await;
        assert!(statuses(&received).len() <= 1, "{chunks:?}: {received}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_does_not_come_ends_the_connection() {
    let node = Node::start(&[]);
    node.deploy("hello", "hello-http", "").await;
    let mut silent = Raw::connect(node.address).await;
    let mut half = Raw::connect(node.address).await;
    half.send("GET / HTTP/1.1\r\nhost: loc").await;
    let mut drip = Raw::connect(node.address).await;
    let began = Instant::now();
    let dripping = async {
        // As long as it is let, a byte at a time.
        for _ in 0..120 {
            drip.send("x").await;
            let byte = tokio::time::timeout(Duration::from_millis(250), drip.until("HTTP")).await;
            if byte.is_ok() {
                return;
            }
        }
        panic!("a head may drip for ever");
    };
    let (_, _, ()) = tokio::join!(silent.end(), half.end(), dripping);
    // The limit is 10 s, checked every 5 s.
    assert!(began.elapsed() >= Duration::from_secs(8), "{:?}", began.elapsed());
    assert_eq!(node.get("hello", "/").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_of_another_length_than_declared_is_a_bad_response() {
    let node = shared().await;
    node.deploy("length-02", "guest-hostile", "").await;
    node.deploy("length-reused", "guest-hostile", "reuse=100").await;
    node.deploy("length-03", "guest-concurrent", "").await;
    node.deploy("length-shared", "guest-concurrent", "reuse=100&shared=4").await;
    let mut cases = Vec::new();
    for function in ["length-02", "length-reused"] {
        for rest in ["", "&ms=300"] {
            cases.extend(
                [0, 2, 6, 5000]
                    .map(|written| (function, format!("/length?writes={written}{rest}"))),
            );
        }
        let large = "/length?declares=60000&writes=59999".to_owned();
        cases.push((function, large));
    }
    for function in ["length-03", "length-shared"] {
        cases.extend([0, 2, 6, 5000].map(|written| (function, format!("/length?{written}"))));
    }
    for (function, target) in cases {
        for http2 in [false, true] {
            let case = format!("{function}{target} HTTP/2: {http2}");
            let ask = node.call(function, "GET", &target);
            let reply = if http2 { ask.http2() } else { ask }.try_send().await;
            let reply = reply.unwrap_or_else(|error| panic!("{case}: {error}"));
            assert_eq!(reply.status, 502, "{case}: {reply:?}");
            reply.problem(502, "function-bad-response");
            let record = node.record(function, reply.header("lambent-request-id")).await;
            assert_eq!(record["outcome"]["kind"], "bad-response", "{case}: {record}");
        }
    }
    // As long as it says; of HEAD and 304 the length is another body's.
    for (function, target) in [("length-02", "/length"), ("length-shared", "/length?5")] {
        let reply = node.get(function, target).await;
        assert_eq!((reply.status, reply.text().as_str()), (200, "xxxxx"), "{reply:?}");
        assert_eq!(reply.header("content-length"), "5");
        let reply = node.call(function, "HEAD", target).send().await;
        assert_eq!((reply.status, reply.body.len()), (200, 0), "{reply:?}");
    }
    let reply = node.call("length-02", "HEAD", "/length?writes=0").send().await;
    let record = node.record("length-02", reply.header("lambent-request-id")).await;
    assert_eq!((reply.status, &record["outcome"]["kind"]), (200, &"ok".into()), "{record}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_turns_out_short_when_it_is_being_sent_breaks_off() {
    let node = shared().await;
    node.deploy("length-long", "guest-hostile", "").await;
    for http2 in [false, true] {
        let ask = node.call("length-long", "GET", "/length?declares=2000000&writes=1000000");
        let response = if http2 { ask.http2() } else { ask }.try_open().await;
        // Of HTTP/2 the reset may overtake the head, which breaks it off as well.
        let Ok(response) = response else {
            assert!(http2, "{response:?}");
            continue;
        };
        let id = response.headers()["lambent-request-id"].to_str().unwrap().to_owned();
        let whole = crate::client::whole(response).await;
        assert!(whole.is_err(), "HTTP/2: {http2}: {whole:?}");
        let record = node.record("length-long", &id).await;
        assert_eq!(record["outcome"]["kind"], "bad-response", "{record}");
        let told = record["outcome"]["message"].as_str().unwrap();
        assert!(told.contains("1000000 bytes and its head declares 2000000"), "{record}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statuses_that_http_does_not_have_are_a_bad_response() {
    let node = shared().await;
    node.deploy("status", "guest-probe", "").await;
    for (status, sent) in [(200, 200), (599, 599), (100, 502), (101, 502), (600, 502), (999, 502)] {
        for http2 in [false, true] {
            let ask = node.call("status", "GET", &format!("/status/{status}"));
            let reply = if http2 { ask.http2() } else { ask }.send().await;
            assert_eq!(reply.status, sent, "{status}: {reply:?}");
            let record = node.record("status", reply.header("lambent-request-id")).await;
            let kind = if status == sent { "ok" } else { "bad-response" };
            assert_eq!(record["outcome"]["kind"], kind, "{record}");
        }
    }
}
