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
