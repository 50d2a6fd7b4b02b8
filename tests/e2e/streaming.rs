//! Bodies of any size flow both ways as they are produced, in little memory.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use http::HeaderMap;
use hyper::body::Frame;
use serde_json::Value;

use crate::client::{Raw, next};
use crate::node::{Node, eventually, shared};

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const CHUNK: usize = 64 << 10;
/// What a node may grow by while it passes on any number of bytes.
const FLAT: u64 = 64 * MIB;
const PATIENT: &str = "timeout=300s&fuel=1000000000000";

/// Does something, watching how much memory the node has at the most.
async fn highest_rss<T>(node: &Node, work: impl Future<Output = T>) -> (T, u64) {
    let (done, highest) = (AtomicBool::new(false), AtomicU64::new(0));
    let watch = async {
        while !done.load(Ordering::Relaxed) {
            highest.fetch_max(node.rss(), Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let work = async {
        let result = work.await;
        done.store(true, Ordering::Relaxed);
        result
    };
    let (result, ()) = tokio::join!(work, watch);
    (result, highest.into_inner())
}

/// The byte at a place of an endless body: no chunk is like the one before.
fn chunk(number: u64) -> Bytes {
    let mut chunk = vec![b'.'; CHUNK];
    chunk[..8].copy_from_slice(&number.to_le_bytes());
    chunk.into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gibibyte_goes_through_a_function_in_flat_memory() {
    let node = Node::start(&[]);
    node.deploy("probe", "guest-probe", PATIENT).await;
    assert_eq!(node.call("probe", "POST", "/echo").body("warm").send().await.text(), "warm");
    let before = node.rss();
    let frames = futures::stream::iter(0..GIB / CHUNK as u64).map(|n| Frame::data(chunk(n)));
    let echo = async {
        let response = node.call("probe", "POST", "/echo").frames(frames).open().await;
        assert_eq!(response.status(), 200);
        let id = response.headers()["lambent-request-id"].to_str().unwrap().to_owned();
        let mut body = response.into_body();
        let mut read = 0_u64;
        while let Some(data) = next(&mut body).await {
            for place in (read..read + data.len() as u64).filter(|n| n % CHUNK as u64 == 0) {
                let number = (place / CHUNK as u64).to_le_bytes();
                let start = usize::try_from(place - read).unwrap();
                let length = (data.len() - start).min(8);
                assert_eq!(data[start..start + length], number[..length], "at byte {place}");
            }
            read += data.len() as u64;
        }
        assert_eq!(read, GIB);
        id
    };
    let (id, highest) = highest_rss(&node, echo).await;
    let record = node.record("probe", &id).await;
    assert_eq!(record["outcome"]["kind"], "ok", "{record}");
    assert_eq!(
        (&record["meter"]["bytes_in"], &record["meter"]["bytes_out"]),
        (&GIB.into(), &GIB.into())
    );
    let grown = highest.saturating_sub(before);
    assert!(grown < FLAT, "grew by {} MiB from {} MiB", grown / MIB, before / MIB);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gibibyte_comes_out_of_a_wasi_03_function_in_flat_memory() {
    let node = Node::start(&[]);
    node.deploy("stream", "stream-http", PATIENT).await;
    assert_eq!(node.get("stream", "/?bytes=100").await.body.len(), 100);
    let before = node.rss();
    let read = async {
        let mut body =
            node.call("stream", "GET", &format!("/?bytes={GIB}")).open().await.into_body();
        let mut read = 0;
        while let Some(data) = next(&mut body).await {
            read += data.len() as u64;
        }
        read
    };
    let (read, highest) = highest_rss(&node, read).await;
    assert_eq!(read, GIB);
    let grown = highest.saturating_sub(before);
    assert!(grown < FLAT, "grew by {} MiB from {} MiB", grown / MIB, before / MIB);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_takes_nothing_stops_the_function_not_the_node() {
    let node = Node::start(&[]);
    node.deploy("probe", "guest-probe", PATIENT).await;
    node.deploy("stream", "stream-http", PATIENT).await;
    for (function, target) in [("probe", "/big?bytes="), ("stream", "/?bytes=")] {
        node.get(function, &format!("{target}1")).await;
        let before = node.rss();
        let response = node.call(function, "GET", &format!("{target}{GIB}")).open().await;
        let id = response.headers()["lambent-request-id"].to_str().unwrap().to_owned();
        let wait = tokio::time::sleep(Duration::from_millis(800));
        let ((), highest) = highest_rss(&node, wait).await;
        let grown = highest.saturating_sub(before);
        assert!(grown < FLAT, "{function} grew by {} MiB", grown / MIB);
        drop(response);
        let record = node.record(function, &id).await;
        assert_eq!(record["outcome"]["kind"], "cancelled", "{record}");
        // What the kernel and the buffers between took, not what could be made.
        let made = record["meter"]["bytes_out"].as_u64().unwrap();
        assert!(made < 64 * MIB, "{function} made {} MiB for nobody", made / MIB);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_byte_comes_before_the_last_is_produced() {
    let node = shared().await;
    node.deploy("stream-02", "guest-probe", "").await;
    node.deploy("stream-03", "stream-http", "").await;
    for (function, target) in
        [("stream-02", "/slow-stream?chunks=3&ms=500"), ("stream-03", "/?lines=3&delay_ms=500")]
    {
        for http2 in [false, true] {
            let ask = node.call(function, "GET", target);
            let ask = if http2 { ask.http2() } else { ask };
            let mut body = ask.open().await.into_body();
            let first = next(&mut body).await.unwrap();
            let began = Instant::now();
            assert!(first.len() < 16, "{function}: the first piece alone, {first:?}");
            let mut rest = Vec::new();
            while let Some(data) = next(&mut body).await {
                rest.extend_from_slice(&data);
            }
            assert_eq!(String::from_utf8(rest).unwrap().lines().count(), 2, "{function}");
            assert!(began.elapsed() >= Duration::from_millis(500), "{:?}", began.elapsed());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_answers_while_it_is_still_being_asked() {
    let node = shared().await;
    node.deploy("stream-duplex", "guest-probe", "timeout=60s").await;
    for http2 in [false, true] {
        let (mut sender, frames) = futures::channel::mpsc::channel(0);
        let ask = node.call("stream-duplex", "POST", "/echo").frames(frames);
        let ask = if http2 { ask.http2() } else { ask };
        let mut body = ask.open().await.into_body();
        for round in 0..5 {
            let text = Bytes::from(format!("round {round} of a conversation"));
            sender.send(Frame::data(text.clone())).await.unwrap();
            let mut heard = Vec::new();
            while heard.len() < text.len() {
                heard.extend_from_slice(&next(&mut body).await.unwrap());
            }
            assert_eq!(heard, text);
        }
        drop(sender);
        assert_eq!(next(&mut body).await, None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trailers_go_both_ways() {
    let node = shared().await;
    node.deploy("stream-trailers", "guest-probe", "").await;
    for http2 in [false, true] {
        let mut trailers = HeaderMap::new();
        trailers.insert("x-checksum", "abc123".parse().unwrap());
        let frames = [Frame::data(Bytes::from("body")), Frame::trailers(trailers.clone())];
        let ask = node.call("stream-trailers", "POST", "/echo");
        let ask = ask.header("trailer", "x-checksum").header("te", "trailers");
        let ask = ask.frames(futures::stream::iter(frames));
        let reply = if http2 { ask.http2() } else { ask }.send().await;
        assert_eq!((reply.status, &*reply.text()), (200, "body"), "{reply:?}");
        assert_eq!(reply.trailers, Some(trailers), "HTTP/2: {http2}, {reply:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_goes_away_cancels_its_invocation() {
    let node = shared().await;
    node.deploy("gone-02", "guest-probe", "timeout=60s").await;
    node.deploy("gone-03", "stream-http", "timeout=60s").await;
    let cases =
        [("gone-02", "/slow-stream?chunks=100&ms=5000"), ("gone-03", "/?lines=100&delay_ms=5000")];
    for (function, target) in cases {
        for http2 in [false, true] {
            let ask = node.call(function, "GET", target);
            let response = if http2 { ask.http2() } else { ask }.open().await;
            let id = response.headers()["lambent-request-id"].to_str().unwrap().to_owned();
            let mut body = response.into_body();
            next(&mut body).await.unwrap();
            // It waits for the next piece then, and is not told that nobody takes this one.
            tokio::time::sleep(Duration::from_millis(300)).await;
            drop(body);
            let record = node.record(function, &id).await;
            assert_eq!(record["outcome"]["kind"], "cancelled", "{function}: {record}");
        }
    }
    // Before there is a head.
    let ask = node.call("gone-02", "GET", "/sleep?ms=50000").open();
    assert!(tokio::time::timeout(Duration::from_millis(300), ask).await.is_err());
    eventually("a cancelled sleep", async || {
        let records = node.records("gone-02").await;
        let cancelled = |record: &&Value| record["outcome"]["kind"] == "cancelled";
        (records.iter().filter(cancelled).count() == 3).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_response_never_passes_for_a_whole_one() {
    // Its own: guests of a component that was long of late begin on another thread.
    let node = &Node::start(&[]);
    node.deploy("stream-half", "guest-hostile", "").await;
    node.deploy("stream-late", "guest-probe", "timeout=500ms").await;
    for http2 in [false, true] {
        let ask = |function, target| {
            let ask = node.call(function, "GET", target);
            if http2 { ask.http2() } else { ask }
        };
        // Dead before any of it was sent: the failure is told. On a busy machine the
        // head may be on its way by then; what follows it breaks off.
        if let Ok(told) = ask("stream-half", "/die-mid-body").try_send().await {
            told.problem(502, "function-trapped");
        }
        // Dead while it is being sent: the response breaks off.
        let broken = ask("stream-late", "/slow-stream?chunks=100&ms=50").try_send().await;
        assert!(broken.is_err(), "HTTP/2: {http2}: {broken:?}");
    }
    for (function, outcome) in [("stream-half", "trapped"), ("stream-late", "timed-out")] {
        let records = eventually("two records", async || {
            Some(node.records(function).await).filter(|records| records.len() == 2)
        })
        .await;
        assert!(records.iter().all(|record| record["outcome"]["kind"] == outcome), "{records:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_is_read_to_its_end_after_the_answer() {
    let node = shared().await;
    node.deploy("after-02", "guest-probe", "").await;
    node.deploy("after-03", "guest-concurrent", "").await;
    let chunked = ("transfer-encoding: chunked", "2\r\nhe\r\n", "3\r\nllo\r\n0\r\n\r\n");
    for function in ["after-02", "after-03"] {
        for (framing, first, rest) in [("content-length: 5", "he", "llo"), chunked] {
            for closes in ["", "connection: close\r\n"] {
                let case = format!("{function} {framing} {closes}");
                let mut connection = Raw::connect(node.address).await;
                let head = format!("POST /answer-first HTTP/1.1\r\nhost: {function}.localhost\r\n");
                connection.send(format!("{head}{framing}\r\n{closes}\r\n{first}")).await;
                let answer = connection.until("answered").await;
                assert!(answer.starts_with("HTTP/1.1 200"), "{case}: {answer}");
                tokio::time::sleep(Duration::from_millis(200)).await;
                connection.send(rest).await;
                if closes.is_empty() {
                    // The connection goes on where the body ends.
                    connection.send("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
                    connection.until("\r\n\r\nok").await;
                }
                all_was_read(node, function, &answer, &case).await;
            }
        }
        let (mut sender, frames) = futures::channel::mpsc::channel(2);
        sender.send(Frame::data(Bytes::from("he"))).await.unwrap();
        let ask = node.call(function, "POST", "/answer-first").http2().frames(frames);
        let mut response = ask.open().await;
        assert_eq!(next(response.body_mut()).await.unwrap(), "answered");
        tokio::time::sleep(Duration::from_millis(200)).await;
        sender.send(Frame::data(Bytes::from("llo"))).await.unwrap();
        drop(sender);
        let id = response.headers()["lambent-request-id"].to_str().unwrap();
        let head = format!("lambent-request-id: {id}\r\n");
        all_was_read(node, function, &head, "HTTP/2").await;
    }
}

async fn all_was_read(node: &Node, function: &str, head: &str, case: &str) {
    let id = head.split("lambent-request-id: ").nth(1).unwrap().lines().next().unwrap();
    let record = node.record(function, id).await;
    assert_eq!(record["outcome"]["kind"], "ok", "{case}: {record}");
    assert_eq!(record["meter"]["bytes_in"], 5, "{case}: {record}");
    let line = record["logs"]["lines"][0]["text"].as_str().unwrap_or_default();
    assert!(line == "read Ok(5)" || line == "read 5 bytes", "{case}: {record}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_goes_on_after_the_answer_for_longer_than_a_head_may_take() {
    let node = Node::start(&[]);
    node.deploy("probe", "guest-probe", "timeout=60s").await;
    let mut connection = Raw::connect(node.address).await;
    let head = "POST /answer-first HTTP/1.1\r\nhost: probe.localhost\r\ncontent-length: 17000\r\n";
    connection.send(format!("{head}\r\n")).await;
    let answer = connection.until("answered").await;
    for _ in 0..17 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        connection.send([b'x'; 1000]).await;
    }
    let id = answer.split("lambent-request-id: ").nth(1).unwrap().lines().next().unwrap();
    let record = node.record("probe", id).await;
    assert_eq!(record["outcome"]["kind"], "ok", "{record}");
    assert_eq!(record["meter"]["bytes_in"], 17_000, "{record}");
}
