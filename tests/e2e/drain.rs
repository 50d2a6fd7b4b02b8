//! A node told to stop finishes what it has begun.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio::net::TcpStream;

use crate::client::{Raw, next, whole};
use crate::node::{Node, eventually};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_flight_finishes_and_nothing_more_is_taken() {
    let node = Node::start(&["--grace", "60s"]);
    node.deploy("slow", "guest-probe", "timeout=60s").await;
    node.deploy("stream", "stream-http", "timeout=60s").await;
    let mut idle = Raw::connect(node.address).await;
    idle.send("GET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    assert!(idle.until("taken").await.starts_with("HTTP/1.1 200"));

    let mut first = node.call("slow", "GET", "/slow-stream?chunks=30&ms=100").open().await;
    next(first.body_mut()).await.unwrap();
    let mut second = node.call("stream", "GET", "/?lines=30&delay_ms=100").http2().open().await;
    next(second.body_mut()).await.unwrap();
    let waiting = node.call("slow", "GET", "/sleep?ms=1500").try_send();
    let stop = async {
        eventually("three in flight", async || {
            let metrics = node.ask("GET", "/metrics").key(&node.key).send().await.text();
            metrics.contains("\nlambent_in_flight 3\n").then_some(())
        })
        .await;
        node.signal(Signal::TERM);
        eventually("a closed door", async || {
            TcpStream::connect(node.address).await.err().map(|_| ())
        })
        .await;
    };
    let (waited, ()) = tokio::join!(waiting, stop);
    assert_eq!(waited.unwrap().status, 200);
    assert!(idle.end().await.is_empty(), "an idle connection is closed without a word");
    let first = whole(first).await.unwrap();
    assert!(first.text().ends_with("chunk 29\n"), "{first:?}");
    let second = whole(second).await.unwrap();
    assert!(second.text().ends_with("line 30 of 30\n"), "{second:?}");
    assert_eq!(node.ended().await.code(), Some(0), "{}", node.log());

    // Every record was written.
    let node = Node::start_in(&node.data(), &[]);
    let records = node.records("slow").await;
    assert!(records.iter().all(|record| record["outcome"]["kind"] != "cancelled"), "{records:?}");
    assert!(records.len() >= 2, "{records:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_connection_gets_its_answer_and_is_closed() {
    let node = Node::start(&["--grace", "60s"]);
    node.deploy("slow", "guest-probe", "timeout=60s").await;
    let mut busy = Raw::connect(node.address).await;
    let line = "HTTP/1.1\r\nhost: slow.localhost\r\n\r\n";
    busy.send(format!("GET /slow-stream?chunks=15&ms=100 {line}")).await;
    busy.until("chunk 0").await;
    node.signal(Signal::TERM);
    node.logged("draining").await;
    let rest = busy.end().await;
    assert!(rest.contains("chunk 14"), "{rest}");
    assert_eq!(node.ended().await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_grace_period_has_an_end() {
    let node = Node::start(&["--grace", "1s"]);
    node.deploy("slow", "guest-probe", "timeout=600s").await;
    let mut response = node.call("slow", "GET", "/slow-stream?chunks=1000&ms=100").open().await;
    next(response.body_mut()).await.unwrap();
    let id = response.headers()["lambent-request-id"].to_str().unwrap().to_owned();
    let began = Instant::now();
    node.signal(Signal::TERM);
    let cut = whole(response).await;
    assert!(cut.is_err(), "what was cut off does not look whole: {cut:?}");
    let status = node.ended().await;
    assert!(status.code().is_some(), "{status}");
    assert!(began.elapsed() >= Duration::from_millis(900), "{:?}", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    assert!(node.log().contains("grace period is over"), "{}", node.log());
    let node = Node::start_in(&node.data(), &[]);
    assert_eq!(node.record("slow", &id).await["outcome"]["kind"], "cancelled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_ends_it_at_once() {
    let node = Node::start(&["--grace", "600s"]);
    node.deploy("slow", "guest-probe", "timeout=600s").await;
    let mut response = node.call("slow", "GET", "/slow-stream?chunks=10000&ms=100").open().await;
    next(response.body_mut()).await.unwrap();
    node.signal(Signal::INT);
    node.logged("stopping").await;
    node.signal(Signal::INT);
    assert_eq!(node.ended().await.code(), Some(1), "{}", node.log());
    assert!(node.log().contains("cut off"), "{}", node.log());
}
