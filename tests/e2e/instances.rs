//! Instances that are made ahead, and such as serve more than one invocation;
//! and who gets the CPU when many want it.

use std::time::{Duration, Instant};

use crate::node::{Node, eventually, guest_code, shared};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_is_served_by_one_instance_as_often_as_it_asks_for() {
    let node = Node::start(&[]);
    node.deploy("reused", "guest-probe", "reuse=3").await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(state(&node, "reused").await);
    }
    assert_eq!(seen, ["1", "2", "3", "1"]);
    // Another configuration is another environment: nothing is left of before.
    node.configure("reused", serde_json::json!({ "environment": { "A": "1" } })).await;
    assert_eq!(state(&node, "reused").await, "1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_is_used_again_after_a_long_invocation() {
    let node = Node::start(&[]);
    node.deploy("long", "guest-probe", "reuse=10&timeout=60s").await;
    assert_eq!(state(&node, "long").await, "1");
    // Instances that nobody uses are looked for every second meanwhile.
    let slept = node.get("long", "/sleep?ms=2500").await;
    assert_eq!(slept.status, 200);
    node.record("long", slept.header("lambent-request-id")).await;
    assert_eq!(state(&node, "long").await, "2");
}

/// How often the instance was asked that serves this. It is back with its function then: what a
/// guest answers may be there before the guest is done, and its record is not.
async fn state(node: &Node, function: &str) -> String {
    let reply = node.get(function, "/state").await;
    node.record(function, reply.header("lambent-request-id")).await;
    reply.text()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_share_an_instance_where_the_handler_can() {
    let node = shared().await;
    node.deploy("sharing", "guest-concurrent", "reuse=1000&shared=10").await;
    let record = eventually("a request that met another", async || {
        let requests = (0..40).map(|_| node.get("sharing", "/burn?1000"));
        for reply in futures::future::join_all(requests).await {
            assert_eq!(reply.status, 200, "{}", reply.text());
        }
        let records = node.records("sharing").await;
        records.into_iter().find(|record| record["meter"]["start"] == "shared")
    })
    .await;
    assert!(record["meter"]["fuel"].as_u64() > Some(1000), "{record}");
    // Of WASI 0.2 no handler can.
    let refused = node.put("alone", "reuse=1000&shared=10", guest_code("hello-http").await).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert!(refused.text().contains("set shared to 1"), "{}", refused.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_that_were_provisioned_are_used_and_told() {
    let node = Node::start(&[]);
    let first = async |node: &Node| {
        let reply = node.get("ready", "/state").await;
        assert_eq!(reply.text(), "1", "nobody has used it");
        let record = node.record("ready", reply.header("lambent-request-id")).await;
        assert_eq!(record["meter"]["start"], "ready");
    };
    let function = node.deploy("ready", "guest-probe", "provisioned=2").await;
    assert_eq!(function["configuration"]["provisioned"], 2);
    first(&node).await;
    // Also those of a node that has just started.
    node.stop().await;
    let node = Node::start_in(&node.data(), &[]);
    node.logged("instances are ready").await;
    first(&node).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_that_spins_does_not_keep_others_from_the_cpu() {
    let node = Node::start(&["--concurrency", "200"]);
    node.deploy("spinner", "guest-hostile", "timeout=60s&fuel=100000000000000").await;
    node.deploy("light", "guest-probe", "").await;
    let spinning: Vec<_> =
        (0..40).map(|_| tokio::spawn(node.call("spinner", "GET", "/spin").try_send())).collect();
    eventually("forty guests that spin", async || {
        let metrics = node.ask("GET", "/metrics").key(&node.key).send().await.text();
        metrics.lines().any(|line| line == "lambent_in_flight 40").then_some(())
    })
    .await;
    // By itself each takes a millisecond; in one queue with the forty it would
    // be behind all of them.
    let began = Instant::now();
    for _ in 0..50 {
        assert_eq!(node.get("light", "/state").await.status, 200);
    }
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    spinning.iter().for_each(tokio::task::JoinHandle::abort);
}
