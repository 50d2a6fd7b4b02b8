//! Every limit, reached by a hostile function through the real node, while
//! another function keeps answering.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;

use crate::client::{Raw, next};
use crate::node::{Node, eventually};

const MIB: u64 = 1 << 20;
const HELLO: &str = "Hello from Lambent!\n";

/// Calls a function without a pause until it is dropped or told to stop.
struct Victim {
    done: Arc<AtomicBool>,
    calling: tokio::task::JoinHandle<Vec<Duration>>,
}

impl Victim {
    fn start(node: &Arc<Node>) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let (node, stop) = (node.clone(), done.clone());
        let calling = tokio::spawn(async move {
            let mut took = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let began = Instant::now();
                let reply = node.get("victim", "/").await;
                assert_eq!((reply.status, &*reply.text()), (200, HELLO), "{reply:?}");
                took.push(began.elapsed());
            }
            took
        });
        Self { done, calling }
    }

    /// Every call was answered; how long each took.
    async fn stop(self) -> Vec<Duration> {
        self.done.store(true, Ordering::Relaxed);
        let took = self.calling.await.unwrap();
        assert!(took.len() > 5, "the victim was called {} times only", took.len());
        // Not a measurement: it was served, not starved.
        let slowest = took.iter().max().unwrap();
        assert!(*slowest < Duration::from_secs(10), "{slowest:?}");
        took
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_limit_ends_its_function_while_others_go_on() {
    let node = Arc::new(Node::start(&[]));
    node.deploy("victim", "hello-http", "").await;
    node.deploy("hostile", "guest-hostile", "memory=32MiB&timeout=60s&fuel=2000000000").await;
    node.deploy("slow", "guest-hostile", "timeout=200ms&fuel=1000000000000").await;
    node.deploy("probe", "guest-probe", "timeout=200ms").await;
    let victim = Victim::start(&node);
    // Two at a time, as many as there are cores.
    let cases = [
        ("hostile", "/spin", 502, "out-of-fuel"),
        ("slow", "/spin", 504, "timed-out"),
        ("probe", "/sleep?ms=60000", 504, "timed-out"),
        ("hostile", "/memory", 502, "out-of-memory"),
        ("hostile", "/recurse", 502, "trapped"),
        ("hostile", "/trap", 502, "trapped"),
        ("hostile", "/panic", 502, "trapped"),
        ("hostile", "/exit?code=3", 502, "exited"),
        ("hostile", "/handles?kind=fields", 502, "trapped"),
        ("hostile", "/handles?kind=pollables", 502, "trapped"),
        ("hostile", "/timers?n=100000", 502, "trapped"),
        ("hostile", "/headers-flood", 502, "trapped"),
        ("hostile", "/log-flood", 502, "out-of-fuel"),
        ("hostile", "/no-response", 502, "bad-response"),
    ];
    for (function, path, status, kind) in cases {
        let two = futures::future::join(node.get(function, path), node.get(function, path)).await;
        for reply in [two.0, two.1] {
            let detail = reply.problem(status, &format!("function-{kind}"));
            // Whoever may not read its logs is not told what went wrong in it.
            assert!(detail.ends_with("gave no response; its logs have the details"), "{detail}");
            let record = node.record(function, reply.header("lambent-request-id")).await;
            assert_eq!(record["outcome"]["kind"], kind, "{path}: {record}");
            check_record(path, &record);
        }
    }
    victim.stop().await;
    // The holder of the key is told.
    let ask = node.api("PATCH", "/hostile").header("content-type", "application/json");
    assert_eq!(ask.body(r#"{"public": false}"#).send().await.status, 200);
    let reply = node.call("hostile", "GET", "/trap").key(&node.key).send().await;
    let detail = reply.problem(502, "function-trapped");
    assert!(detail.contains("trapped: ") && detail.contains("unreachable"), "{detail}");
}

/// The record says what a developer needs to know of it.
fn check_record(path: &str, record: &serde_json::Value) {
    let meter = &record["meter"];
    assert!(meter["fuel"].as_u64().unwrap() > 0, "{path}: {record}");
    match path {
        "/trap" => assert!(record["outcome"]["backtrace"].to_string().contains("inner")),
        "/panic" => assert!(record["logs"]["lines"].to_string().contains("the path said so")),
        "/log-flood" => {
            let lines = record["logs"]["lines"].as_array().unwrap();
            let kept: usize =
                lines.iter().map(|line| line["text"].as_str().unwrap().len() + 1).sum();
            assert!((200_000..=(256 << 10) + 1).contains(&kept), "{kept}");
            assert!(record["logs"]["dropped_bytes"].as_u64().unwrap() > 0);
        }
        "/memory" => {
            let peak = meter["memory_bytes"].as_u64().unwrap();
            assert!((24 * MIB..=32 * MIB).contains(&peak), "{peak}");
        }
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn floods_of_memory_handles_and_logs_do_not_swell_the_node() {
    const AT_ONCE: u64 = 16;
    let node = Arc::new(Node::start(&["--concurrency", "40"]));
    node.deploy("victim", "hello-http", "").await;
    let query = "memory=32MiB&timeout=60s&fuel=1000000000";
    node.deploy("hostile", "guest-hostile", query).await;
    node.get("hostile", "/memory").await;
    let before = node.rss();
    let victim = Victim::start(&node);
    let stop = Arc::new(AtomicBool::new(false));
    let watch = {
        let (node, stop) = (node.clone(), stop.clone());
        tokio::spawn(async move {
            let mut highest = 0;
            while !stop.load(Ordering::Relaxed) {
                highest = highest.max(node.rss());
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            highest
        })
    };
    for path in ["/memory", "/handles?kind=fields", "/handles?kind=pollables", "/log-flood"] {
        for _ in 0..2 {
            let many = (0..AT_ONCE).map(|_| node.get("hostile", path));
            for reply in join_all(many).await {
                assert_eq!(reply.status, 502, "{path}: {reply:?}");
            }
        }
    }
    stop.store(true, Ordering::Relaxed);
    let highest = watch.await.unwrap();
    victim.stop().await;
    // What they are allowed, and what passes through the node meanwhile.
    let allowed = AT_ONCE * 32 * MIB + 128 * MIB;
    let grown = highest.saturating_sub(before);
    assert!(grown < allowed, "grew by {} MiB", grown / MIB);
    // Afterwards only what is kept of used slots to make them quick to reset.
    eventually("memory given back", async || {
        (node.rss().saturating_sub(before) < 160 * MIB).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_may_run_at_once_are_throttled_until_there_is_room() {
    let node = Arc::new(Node::start(&["--concurrency", "4"]));
    node.deploy("victim", "hello-http", "").await;
    node.deploy("slow", "guest-probe", "timeout=60s").await;
    // One function may have three of the four.
    let mut running = Vec::new();
    for _ in 0..3 {
        let response = node.call("slow", "GET", "/slow-stream?chunks=1000&ms=50").open().await;
        let mut body = response.into_body();
        next(&mut body).await.unwrap();
        running.push(body);
    }
    let reply = node.get("slow", "/state").await;
    let detail = reply.problem(429, "throttled");
    assert!(detail.contains("function \"slow\""), "{detail}");
    assert!(!reply.header("retry-after").is_empty(), "{reply:?}");
    assert_eq!(reply.json()["retryable"], true);
    node.invoke("slow", "{}").await.problem(429, "throttled");
    // The fourth place is not for it, whatever it does.
    assert_eq!(node.get("victim", "/").await.text(), HELLO);

    running.pop();
    let reply = eventually("room for one more", async || {
        let reply = node.get("slow", "/state").await;
        (reply.status != 429).then_some(reply)
    })
    .await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let metrics = node.ask("GET", "/metrics").key(&node.key).send().await.text();
    let throttles = "lambent_throttles_total{namespace=\"default\",function=\"slow\",reason=";
    assert!(metrics.contains(throttles), "{metrics}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_beyond_the_limit_are_turned_away_until_one_closes() {
    let node = Node::start(&["--connections", "3"]);
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(crate::client::Raw::connect(node.address).await);
    }
    // They are counted once they are accepted, in the order they came.
    let text = crate::client::raw(node.address, "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(text.starts_with("HTTP/1.1 503 ") && text.contains("too many connections"), "{text}");
    held.pop();
    eventually("a free place", async || {
        let reply = node.ask("GET", "/healthz").try_send().await;
        reply.is_ok_and(|reply| reply.status == 200).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_leave_files_for_what_is_kept() {
    let node = Node::start_with_files(256, &[]);
    node.logged("the process may open 256 files only").await;
    let key = &node.key;
    let mut first = Raw::connect(node.address).await;
    let mut put = async |target: &str, body: &str| {
        let head =
            format!("PUT /v1/{target} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n");
        first.send(format!("{head}content-length: {}\r\n\r\n{body}", body.len())).await;
        let answer = first.until("lambent-request-id: ").await;
        assert!(answer.contains("HTTP/1.1 20"), "{target}: {answer}");
    };
    put("buckets/kept", "").await;
    let mut silent = Vec::new();
    for number in 0..300 {
        silent.push(Raw::connect(node.address).await);
        if number % 30 == 0 {
            put(&format!("buckets/kept/objects/{number}"), "bytes").await;
        }
    }
    put("buckets/kept/objects/last", "bytes").await;
    let mut told = 0;
    for connection in &mut silent {
        let soon = tokio::time::timeout(Duration::from_millis(20), connection.until("}")).await;
        let text = soon.unwrap_or_default();
        told +=
            usize::from(text.starts_with("HTTP/1.1 503 ") && text.contains("too many connections"));
    }
    assert!(told > 0, "nobody was told");
    assert!(!node.log().contains("Too many open files"), "{}", node.log());
    drop(silent);
    eventually("a free place", async || {
        let reply = node.ask("GET", "/healthz").try_send().await;
        reply.is_ok_and(|reply| reply.status == 200).then_some(())
    })
    .await;
}
