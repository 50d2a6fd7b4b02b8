//! A server that is told to stop finishes what it has begun.

use std::time::{Duration, Instant};

use lambent_server::{Engine, Options, Server, StartError};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::fake::Fake;
use crate::node::{Node, read_to_end, read_until};

const READY: &[u8] = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n";

#[tokio::test]
async fn what_is_in_flight_finishes_and_nothing_more_is_taken() {
    let mut node = Node::dev().await;
    node.deploy_public("f").await;
    let mut held = node.connect().await;
    held.write_all(b"GET /fn/f/held HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut idle = node.connect().await;
    idle.write_all(READY).await.unwrap();
    read_until(&mut idle, "\r\n\r\nready").await;
    node.wait_for_in_flight().await;

    let ended = node.stop();
    // An idle connection is closed at once, and no other is accepted.
    assert_eq!(read_to_end(&mut idle).await, "");
    node.released.notify_one();
    let received = read_to_end(&mut held).await;
    assert!(received.ends_with("held"), "{received}");
    ended.await.unwrap();
    assert!(TcpStream::connect(node.address).await.is_err());
}

#[tokio::test]
async fn a_draining_server_is_not_ready() {
    let mut node = Node::dev().await;
    node.deploy_public("f").await;
    let address = node.address;
    let io = hyper_util::rt::TokioIo::new(TcpStream::connect(address).await.unwrap());
    let executor = hyper_util::rt::TokioExecutor::new();
    let (sender, connection) = hyper::client::conn::http2::handshake(executor, io).await.unwrap();
    tokio::spawn(connection);
    let ask = |path: &str| {
        let body = http_body_util::Empty::<bytes::Bytes>::new();
        let uri = format!("http://{address}{path}");
        sender.clone().send_request(http::Request::get(uri).body(body).unwrap())
    };
    assert_eq!(ask("/readyz").await.unwrap().status(), 200);
    let held = tokio::spawn(ask("/fn/f/held"));
    node.wait_for_in_flight().await;
    let ended = node.stop();
    // HTTP/2 lets go of a connection in two steps; in between requests come in.
    if let Ok(response) = ask("/readyz").await {
        assert_eq!(response.status(), 503);
    }
    node.released.notify_one();
    assert_eq!(held.await.unwrap().unwrap().status(), 200);
    ended.await.unwrap();
}

#[tokio::test]
async fn the_grace_period_is_an_end() {
    let mut node = Node::start_with(|options| {
        options.dev = true;
        options.grace = Duration::from_millis(300);
    })
    .await;
    node.deploy_public("f").await;
    let mut hanging = node.connect().await;
    hanging.write_all(b"GET /fn/f/hang HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut endless = node.connect().await;
    endless.write_all(b"GET /fn/f/endless HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    read_until(&mut endless, "x\r\n").await;

    let begun = Instant::now();
    node.stop().await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(300));
    assert!(begun.elapsed() < Duration::from_secs(3), "took {:?}", begun.elapsed());
    node.wait_for_cancelled(2).await;
}

#[tokio::test]
async fn a_stopped_server_lets_go_of_its_directory() {
    let data = tempfile::tempdir().unwrap();
    let options =
        || Options { listen: "127.0.0.1:0".parse().unwrap(), ..Options::new(data.path()) };
    let engine = || {
        let fake = std::sync::Arc::new(Fake::default());
        Engine { inspect: fake.clone(), runner: fake }
    };
    for _ in 0..2 {
        let server = Server::start_with(options(), engine()).await.unwrap();
        let second = Server::start_with(options(), engine()).await;
        assert!(matches!(second, Err(StartError::Data(_))));
        server.run_until(async {}).await.unwrap();
    }
}

#[tokio::test]
async fn what_keeps_a_server_from_starting_is_named() {
    let node = Node::dev().await;
    let data = tempfile::tempdir().unwrap();
    let fake = std::sync::Arc::new(Fake::default());
    let engine = Engine { inspect: fake.clone(), runner: fake };
    let options = Options { listen: node.address, ..Options::new(data.path()) };
    let error = Server::start_with(options, engine).await.err().unwrap();
    assert!(matches!(error, StartError::AddressInUse { address } if address == node.address));
    assert!(error.to_string().contains("--listen"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn threads_that_are_stuck_do_not_keep_the_server_from_its_end() {
    let mut node = Node::start_with(|options| options.grace = Duration::from_millis(300)).await;
    node.deploy_public("stuck").await;
    let cores = std::thread::available_parallelism().unwrap().get();
    let mut stuck = Vec::new();
    for _ in 0..cores {
        // Each is given to the thread with the fewest connections.
        let mut connection = node.connect().await;
        let head = "GET /fn/stuck/stuck HTTP/1.1\r\nhost: localhost\r\n\r\n";
        connection.write_all(head.as_bytes()).await.unwrap();
        stuck.push(connection);
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    // The grace period, five seconds for what was cut off, two for the threads.
    let ended = tokio::time::timeout(Duration::from_secs(60), node.stop()).await;
    ended.expect("the server waits for stuck threads").unwrap();
}
