//! Recursion over HTTP: a function that calls itself through the node's own
//! doors is stopped, as one that triggers itself by events is.

use serde_json::{Value, json};

use crate::node::{Node, eventually, shared};

/// A function that may call the node it is on.
async fn deploy(node: &Node, function: &str) {
    node.deploy(function, "guest-probe", "timeout=30s").await;
    let grants = json!({ "grants": { "hosts": [format!("http://{}", node.address)] } });
    node.configure(function, grants).await;
}

async fn records(node: &Node, function: &str, count: usize) -> Vec<Value> {
    eventually("the records", async || {
        Some(node.records(function).await).filter(|records| records.len() >= count)
    })
    .await
}

fn kinds(records: &[Value]) -> (usize, Vec<&str>) {
    let ran = records.iter().filter(|record| record["outcome"]["kind"] == "ok").count();
    let failed = records.iter().filter(|record| record["outcome"]["kind"] != "ok");
    (ran, failed.map(|record| record["outcome"]["errorType"].as_str().unwrap_or("")).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_that_calls_itself_over_http_is_stopped() {
    let node = shared().await;
    deploy(node, "echo-self").await;
    // Neither a client's field nor a guest's begins the count elsewhere.
    let ask = node.ask("GET", "/fn/echo-self/again").header("lambent-lineage", "e30.e30");
    let reply = ask.send().await;
    assert_eq!(reply.status, 508, "{reply:?}");
    let problem = reply.json();
    assert_eq!(problem["code"], "loop-detected", "{problem}");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("echo-self") && detail.contains("16 times"), "{detail}");
    let records = records(node, "echo-self", 17).await;
    assert_eq!(kinds(&records), (16, vec!["Lambent.RecursionStopped"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_guest_sees_the_field_that_counts_its_rounds() {
    let node = shared().await;
    deploy(node, "sees-headers").await;
    let ask = node.ask("GET", "/fn/sees-headers/again/headers").header("lambent-lineage", "x");
    let seen = ask.send().await.json();
    let names = seen["headers"].as_array().unwrap().iter().map(|pair| pair[0].clone());
    let names: Vec<Value> = names.collect();
    assert!(names.contains(&json!("x-forwarded-host")), "{names:?}");
    assert!(!names.contains(&json!("lambent-lineage")), "{names:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_many_descend_from_one_request_and_no_more() {
    let node = Node::start(&["--descendants=5"]);
    deploy(&node, "long-chain").await;
    let reply = node.ask("GET", "/fn/long-chain/again").send().await;
    assert_eq!(reply.status, 508, "{reply:?}");
    let detail = reply.json()["detail"].clone();
    assert!(detail.as_str().unwrap().contains("--descendants"), "{detail}");
    // The first is the one they descend from.
    let records = records(&node, "long-chain", 7).await;
    assert_eq!(kinds(&records), (6, vec!["Lambent.TooManyDescendants"]));
    // Another request begins anew.
    assert_eq!(node.ask("GET", "/fn/long-chain/again/headers").send().await.status, 200);
    node.stop().await;
}
