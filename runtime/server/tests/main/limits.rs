//! No peer holds on to the server for longer, or with more, than it may.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use lambent_server::{Options, Timeouts};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;
use tokio::time::{Instant, sleep};

use crate::node::{Node, read_to_end, read_until};

const SHORT: Duration = Duration::from_millis(200);
const LONG: Duration = Duration::from_secs(60);

fn timeouts(head: Duration, idle: Duration) -> impl FnOnce(&mut Options) {
    move |options| {
        options.dev = true;
        options.timeouts = Timeouts { head, idle, stall: LONG, ..Timeouts::default() };
    }
}

#[tokio::test]
async fn a_head_that_does_not_come_ends_the_connection() {
    let node = Node::start_with(timeouts(SHORT, LONG)).await;
    for beginning in ["", "G", "PRI * HTTP/2.0\r\n", "GET /healthz HTTP/1.1\r\nHost: loc"] {
        let mut stream = node.connect().await;
        let begun = Instant::now();
        stream.write_all(beginning.as_bytes()).await.unwrap();
        assert_eq!(read_to_end(&mut stream).await, "", "{beginning:?}");
        assert!(begun.elapsed() < SHORT * 4, "{beginning:?} took {:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_head_that_drips_is_no_better() {
    let node = Node::start_with(timeouts(SHORT, LONG)).await;
    let mut stream = node.connect().await;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    read_until(&mut stream, "\r\n\r\nok").await;
    let begun = Instant::now();
    let mut dripped = 0;
    // Idle for longer than a head may take is fine; a slow second head is not.
    sleep(SHORT * 2).await;
    while stream.write_all(b"x").await.is_ok() && dripped < 200 {
        dripped += 1;
        sleep(Duration::from_millis(20)).await;
    }
    assert!(dripped > 2, "closed while idle");
    assert!(begun.elapsed() < SHORT * 7, "took {:?}", begun.elapsed());
}

#[tokio::test]
async fn idle_connections_are_closed_in_order() {
    let node = Node::start_with(timeouts(LONG, SHORT)).await;
    let mut stream = node.connect().await;
    let begun = Instant::now();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let received = read_to_end(&mut stream).await;
    assert!(received.ends_with("ok"), "{received}");
    assert!(begun.elapsed() < SHORT * 4, "took {:?}", begun.elapsed());
}

#[tokio::test]
async fn a_running_function_is_not_idle() {
    let node = Node::start_with(timeouts(SHORT / 2, SHORT / 2)).await;
    node.deploy_public("f").await;
    let reply = node.get("/fn/f/slow").await;
    assert_eq!(reply.text(), "slow");
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_given_up() {
    let node = Node::start_with(|options| {
        options.dev = true;
        options.timeouts =
            Timeouts { head: SHORT, idle: SHORT, stall: SHORT, ..Timeouts::default() };
    })
    .await;
    let reply = node.put("/v1/functions/f", "http").await;
    assert_eq!(reply.status, 201);
    // More than all buffers between here and there can hold.
    let mut body = Bytes::from(vec![b'x'; 5 << 20]);
    let mut stream = node.connect().await;
    let head = format!(
        "POST /fn/f/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n",
        body.len() * 8
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..8 {
        stream.write_all_buf(&mut body.clone()).await.unwrap();
    }
    body.clear();
    let gone = async {
        loop {
            let text = node.get("/metrics").await.text();
            // Only the connection of this very request is left.
            if text.lines().any(|line| line == "lambent_connections 1") {
                return;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(SHORT * 20, gone).await.expect("the connection stays");
}

#[tokio::test]
async fn a_stream_that_takes_nothing_is_given_up() {
    let node = Node::start_with(|options| {
        options.dev = true;
        options.timeouts =
            Timeouts { head: SHORT, idle: SHORT, stall: SHORT, ..Timeouts::default() };
    })
    .await;
    node.deploy_public("f").await;
    let io = hyper_util::rt::TokioIo::new(node.connect().await);
    let (mut sender, connection) =
        hyper::client::conn::http2::Builder::new(hyper_util::rt::TokioExecutor::new())
            .initial_stream_window_size(1)
            .handshake(io)
            .await
            .unwrap();
    tokio::spawn(connection);
    let body = http_body_util::Empty::<Bytes>::new();
    let uri = format!("http://{}/fn/f/endless", node.address);
    let response = sender.send_request(Request::get(uri).body(body).unwrap()).await.unwrap();
    // The body is held and not read.
    node.wait_for_cancelled(1).await;
    drop(response);
}

#[tokio::test]
async fn connections_beyond_the_limit_are_told_so() {
    let node = Node::start_with(|options| {
        options.dev = true;
        options.connections_max = 2;
    })
    .await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = node.connect().await;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        read_until(&mut stream, "\r\n\r\nok").await;
        held.push(stream);
    }
    let reply = node.get("/healthz").await;
    assert_eq!(reply.status, 503);
    assert_eq!(reply.json()["code"], "overloaded");
    assert_eq!(reply.header("retry-after"), "1");

    held.clear();
    let again = async {
        while node.get("/healthz").await.status != 200 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(LONG, again).await.unwrap();
}

/// A node on which this machine counts as one address, with three places for it.
async fn crowded(spare: Duration) -> Node {
    Node::start_with(|options| {
        options.dev = true;
        options.connections_per_peer = Some(3);
        options.timeouts.spare = spare;
    })
    .await
}

#[tokio::test]
async fn one_address_has_so_many_connections_and_no_more() {
    let node = crowded(LONG).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut stream = node.connect().await;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        read_until(&mut stream, "\r\n\r\nok").await;
        held.push(stream);
    }
    let reply = node.get("/healthz").await;
    assert_eq!((reply.status.as_u16(), reply.json()["code"].as_str()), (503, Some("overloaded")));
    // Others are not kept out.
    let other = TcpSocket::new_v4().unwrap();
    other.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut other = other.connect(node.address).await.unwrap();
    other.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    read_until(&mut other, "\r\n\r\nok").await;
}

#[tokio::test]
async fn the_longest_idle_connection_gives_way_and_none_that_is_at_work() {
    let node = crowded(SHORT).await;
    node.deploy_public("f").await;
    // Until the connection of the deploy is gone.
    sleep(SHORT * 2).await;
    let mut busy = node.connect().await;
    busy.write_all(b"GET /fn/f/hang HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut silent = node.connect().await;
    sleep(SHORT / 4).await;
    let mut idle = node.connect().await;
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    read_until(&mut idle, "\r\n\r\nok").await;
    sleep(SHORT * 2).await;
    assert_eq!(node.get("/healthz").await.status, 200);
    // It never said anything, so nobody had been idle for longer.
    assert_eq!(read_to_end(&mut silent).await, "");
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    read_until(&mut idle, "\r\n\r\nok").await;
    drop(busy);
    node.wait_for_cancelled(1).await;
}

#[tokio::test]
async fn a_trusted_proxy_has_as_many_connections_as_it_needs() {
    let node = Node::start_with(|options| {
        options.dev = true;
        options.connections_per_peer = Some(1);
        options.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
        options.timeouts.spare = LONG;
    })
    .await;
    let _held = [node.connect().await, node.connect().await];
    assert_eq!(node.get("/healthz").await.status, 200);
}

fn least_rate(options: &mut Options) {
    options.dev = true;
    let (body_grace, body_rate) = (SHORT, 1000);
    options.timeouts = Timeouts { body_grace, body_rate, ..Timeouts::default() };
}

/// Sends a request whose body drips, and returns what came of it and when.
async fn dripping(node: &Node, head: &str) -> (String, Duration) {
    let mut stream = node.connect().await;
    let begun = Instant::now();
    let head = format!(
        "{head} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/wasm\r\nContent-Length: 100000\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut answer, mut drip) = stream.into_split();
    let dripping = tokio::spawn(async move {
        while drip.write_all(b"x").await.is_ok() {
            sleep(SHORT / 10).await;
        }
    });
    let mut received = Vec::new();
    let _ = tokio::time::timeout(LONG, answer.read_to_end(&mut received)).await.unwrap();
    dripping.abort();
    (String::from_utf8_lossy(&received).into_owned(), begun.elapsed())
}

#[tokio::test]
async fn bodies_come_at_a_least_rate_at_every_door() {
    let node = Node::start_with(least_rate).await;
    node.deploy_public("f").await;
    for path in ["buckets/photos", "keyspaces/settings", "queues/orders"] {
        let request = Request::put(format!("/v1/{path}")).body(Bytes::new()).unwrap();
        assert_eq!(node.send(request).await.status, 201, "{path}");
    }
    for (head, answer) in [
        ("POST /fn/f/", "HTTP/1.1 502"),
        ("PUT /v1/functions/g", "HTTP/1.1 400"),
        ("PUT /v1/buckets/photos/objects/o", "HTTP/1.1 400"),
        ("PUT /v1/keyspaces/settings/keys/k", "HTTP/1.1 400"),
        ("POST /v1/queues/orders/messages", "HTTP/1.1 400"),
        ("POST /v1/functions/f/invocations", "HTTP/1.1 400"),
    ] {
        let (received, took) = dripping(&node, head).await;
        assert!(received.starts_with(answer), "{head}: {received}");
        assert!(took < SHORT * 30, "{head} took {took:?}");
    }
}

#[tokio::test]
async fn a_slow_function_is_no_slow_client() {
    let node = Node::start_with(least_rate).await;
    node.deploy_public("f").await;
    // It answers after twice the grace, and reads nothing before.
    let body = Bytes::from(vec![b'x'; 4 << 20]);
    let reply = node.send(Request::post("/fn/f/slow").body(body).unwrap()).await;
    assert_eq!(reply.text(), "slow");
}

#[tokio::test]
async fn a_panic_is_the_end_of_one_request_only() {
    let node = Node::dev().await;
    node.deploy_public("f").await;
    let reply = node.get("/fn/f/panic").await;
    assert_eq!((reply.status.as_u16(), reply.code()), (500, "internal".into()));
    assert!(!reply.text().contains("on purpose"));
    assert_eq!(node.get("/fn/f/x").await.status, 200);
}

#[tokio::test]
async fn a_refused_upload_is_told_so_while_it_is_still_sent() {
    let node = Node::start().await;
    let body = Bytes::from(vec![b'x'; 16 << 20]);
    let request = Request::put("/v1/functions/f").header("content-type", "application/wasm");
    let reply = node.send_as_is(request.body(body).unwrap()).await;
    assert_eq!((reply.status.as_u16(), reply.code()), (401, "unauthorized".into()));
}
