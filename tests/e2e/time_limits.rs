//! A guest that spends its time in the host, or between its own parts, ends at its
//! timeout, and the node serves others and stops when it is told to.
//!
//! That this holds for every host function, and to a tenth of a second, is tested
//! where the machine's own lateness can be told apart: in `lambent-capabilities`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use rustix::process::Signal;

use crate::node::{Node, eventually};

/// A command whose one function, `$run`, is given the host function `get`: eight
/// or more random bytes, put where its second parameter says.
fn command(memory: u32, run: &str) -> Vec<u8> {
    let text = format!(
        r#"(component
        (import "wasi:random/random@0.2.0" (instance $random
            (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))
        (core module $memory
            (memory (export "memory") {memory})
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
        (core instance $memory (instantiate $memory))
        (core func $get (canon lower (func $random "get-random-bytes")
            (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
        (core module $m
            (import "" "get" (func $get (param i64 i32)))
            (import "" "memory" (memory 1))
            (func (export "run") (result i32) (loop $again {run} (br $again)) unreachable))
        (core instance $i (instantiate $m (with "" (instance
            (export "get" (func $get)) (export "memory" (memory $memory "memory"))))))
        (func $run (result (result)) (canon lift (core func $i "run")))
        (instance $run (export "run" (func $run)))
        (export "wasi:cli/run@0.2.0" (instance $run)))"#
    );
    wat::parse_str(text).unwrap()
}

/// Two parts of one component, the first of which passes the second a long text
/// in another encoding: no host function is called.
fn transcoder() -> Vec<u8> {
    let text = r#"(component
        (component $callee
            (core module $m
                (memory (export "memory") 800)
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
                (func (export "take") (param i32 i32)))
            (core instance $i (instantiate $m))
            (func (export "take") (param "text" string) (canon lift (core func $i "take")
                string-encoding=utf16 (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
        (instance $callee (instantiate $callee))
        (component $caller
            (import "take" (func $take (param "text" string)))
            (core module $memory (memory (export "memory") 400))
            (core instance $memory (instantiate $memory))
            (core func $take (canon lower (func $take) (memory (core memory $memory "memory"))))
            (core module $m
                (import "" "take" (func $take (param i32 i32)))
                (func (export "run") (result i32)
                    (loop $again (call $take (i32.const 0) (i32.const 8000000)) (br $again))
                    unreachable))
            (core instance $i (instantiate $m (with "" (instance (export "take" (func $take))))))
            (func (export "run") (result (result)) (canon lift (core func $i "run"))))
        (instance $caller (instantiate $caller (with "take" (func $callee "take"))))
        (instance $run (export "run" (func $caller "run")))
        (export "wasi:cli/run@0.2.0" (instance $run)))"#;
    wat::parse_str(text).unwrap()
}

async fn p99(node: &Node, during: impl Future<Output = ()>) -> Duration {
    let mut took = Vec::new();
    let calling = async {
        loop {
            let began = Instant::now();
            assert_eq!(node.get("victim", "/").await.status, 200);
            assert_eq!(node.ask("GET", "/healthz").send().await.status, 200);
            took.push(began.elapsed());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        () = calling => {}
        () = during => {}
    }
    took.sort_unstable();
    took[took.len() * 99 / 100]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_in_the_host_ends_at_the_timeout_and_stops_nobody_else() {
    let node = Arc::new(Node::start(&["--grace", "1s"]));
    node.deploy("victim", "hello-http", "").await;
    let random = command(32, "(call $get (i64.const 1048576) (i32.const 64))");
    let small = command(1, "(call $get (i64.const 1) (i32.const 64))");
    let guests = [("random", random), ("small", small), ("transcoder", transcoder())];
    for (name, code) in &guests {
        let query = "timeout=1s&fuel=100000000000000";
        let reply = node.put(name, query, code.clone()).await;
        assert_eq!(reply.status, 201, "{name}: {reply:?}");
    }
    let alone = p99(&node, tokio::time::sleep(Duration::from_secs(1))).await;
    let cores = std::thread::available_parallelism().unwrap().get();
    for (name, _) in &guests {
        let attack = async {
            let began = Instant::now();
            // On every thread that serves, and others that wait behind them.
            join_all((0..2 * cores).map(|_| node.invoke(name, "{}"))).await;
            // Far more than it takes: without an end of its own it takes for ever.
            assert!(began.elapsed() < Duration::from_secs(10), "{name}: {:?}", began.elapsed());
        };
        let beside = p99(&node, attack).await;
        println!("{name}: a bystander's p99 is {beside:?}, and {alone:?} alone");
        assert!(beside < alone + Duration::from_secs(1), "{name}: {beside:?}, {alone:?} alone");
        for record in node.records(name).await {
            assert_eq!(record["outcome"]["kind"], "timed-out", "{record}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_host_does_counts_to_the_fuel() {
    let node = Node::start(&[]);
    let code = command(32, "(call $get (i64.const 65536) (i32.const 64))");
    let reply = node.put("random", "timeout=60s&fuel=100000000", code).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    let began = Instant::now();
    node.invoke("random", "{}").await;
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    let record = async || node.records("random").await.first().cloned();
    let record = eventually("the record", record).await;
    assert_eq!(record["outcome"]["kind"], "out-of-fuel", "{record}");
    assert!(record["meter"]["fuel"].as_u64().unwrap() >= 100_000_000, "{record}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_ends_in_time_whatever_its_guests_do() {
    let node = Arc::new(Node::start(&["--grace", "1s"]));
    let code = command(32, "(call $get (i64.const 1048576) (i32.const 64))");
    let reply = node.put("random", "timeout=600s&fuel=100000000000000", code).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    let began = Instant::now();
    for _ in 0..8 {
        let node = node.clone();
        tokio::spawn(async move { node.api("POST", "/random/invocations").try_send().await });
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    node.signal(Signal::TERM);
    node.ended().await;
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}
