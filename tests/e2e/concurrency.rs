//! What is set aside for a function is its own, and it has none beyond; who is turned away learns
//! why, and events wait.

use serde_json::{Value, json};

use crate::aliases::{alias, publish};
use crate::cli;
use crate::client::{Ask, Reply};
use crate::node::{Node, eventually};

fn ask(node: &Node, method: &str, path: &str, body: &Value) -> Ask {
    let ask = node.ask(method, path).key(&node.key).header("content-type", "application/json");
    ask.body(body.to_string())
}

async fn reserve(node: &Node, function: &str, reserved: u32) -> Reply {
    let path = format!("/v1/functions/{function}/concurrency");
    ask(node, "PUT", &path, &json!({ "reserved": reserved })).send().await
}

async fn unreserve(node: &Node, function: &str) {
    let path = format!("/v1/functions/{function}/concurrency");
    let reply = ask(node, "DELETE", &path, &json!({})).send().await;
    assert_eq!((reply.status, &reply.json()["reserved"]), (200, &Value::Null), "{reply:?}");
}

/// Why an invocation was turned away.
fn reason(reply: &Reply) -> String {
    reply.problem(429, "throttled");
    assert_eq!(reply.header("retry-after"), "1");
    reply.json()["reason"].as_str().unwrap().to_owned()
}

const RESERVED: &str = "ReservedFunctionConcurrentInvocationLimitExceeded";
const LIMIT: &str = "ConcurrentInvocationLimitExceeded";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn zero_switches_a_function_off_and_its_events_wait() {
    let data = std::sync::Arc::new(tempfile::tempdir().unwrap());
    let node = Node::start_in(&data, &[]);
    node.deploy("off", "echo-event", "").await;
    assert_eq!(reserve(&node, "off", 0).await.status, 200);
    assert_eq!(reason(&node.invoke("off", "{}").await), RESERVED);
    let later = node.api("POST", "/off/invocations").header("prefer", "respond-async");
    assert_eq!(later.body("{}").send().await.status, 202);
    let metrics = node.ask("GET", "/metrics").key(&node.key).send().await.text();
    let series = format!(
        "lambent_throttles_total{{namespace=\"default\",function=\"off\",reason=\"{RESERVED}\"}}"
    );
    assert!(metrics.contains(&series), "{metrics}");
    assert_eq!(node.records("off").await.len(), 0, "nothing ran");
    // It is so after a crash too.
    node.kill();
    let node = Node::start_in(&data, &[]);
    assert_eq!(reason(&node.invoke("off", "{}").await), RESERVED);
    unreserve(&node, "off").await;
    assert_eq!(node.invoke("off", "{}").await.status, 200);
    let both = async || (node.records("off").await.len() == 2).then_some(());
    eventually("the event that waited", both).await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partition_holds_against_a_neighbour_who_floods() {
    let node = Node::start(&["--quota-concurrency=20", "--scaling-rate=500"]);
    for function in ["mine", "flood"] {
        node.deploy(function, "guest-hostile-event", "timeout=60s").await;
    }
    let refused = reserve(&node, "mine", 19).await;
    let detail = refused.problem(400, "invalid-configuration");
    assert!(detail.contains("2 stay unreserved; at most 18 are left"), "{detail}");
    assert_eq!(reserve(&node, "mine", 5).await.status, 200);
    let sleep = json!({ "do": "sleep", "ms": 4000 }).to_string();
    let flood = futures::future::join_all((0..40).map(|_| node.invoke("flood", &sleep)));
    let meanwhile = async {
        let running = async || {
            let path = "/v1/functions/flood/concurrency";
            let view = ask(&node, "GET", path, &json!({})).send().await.json();
            (view["running"] == 15).then_some(view)
        };
        let view = eventually("the flood", running).await;
        assert_eq!((&view["limit"], &view["unreserved"]), (&json!(20), &json!(15)));
        let all = (0..5).map(|_| node.invoke("mine", r#"{"do":"sleep","ms":500}"#));
        for reply in futures::future::join_all(all).await {
            assert_eq!(reply.status, 200, "{reply:?}");
        }
        assert_eq!(reason(&node.invoke("flood", "{}").await), LIMIT);
    };
    let (flooded, ()) = tokio::join!(flood, meanwhile);
    let served = flooded.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(served, 15);
    for turned in flooded.iter().filter(|reply| reply.status != 200) {
        assert_eq!(reason(turned), LIMIT);
    }
    // And the other way round: it has none beyond what is its own.
    let six = (0..6).map(|_| node.invoke("mine", r#"{"do":"sleep","ms":1500}"#));
    let six = futures::future::join_all(six).await;
    let turned: Vec<_> = six.iter().filter(|reply| reply.status != 200).collect();
    assert_eq!(turned.len(), 1, "{six:?}");
    assert_eq!(reason(turned[0]), RESERVED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_grows_no_faster_than_the_node_lets_it() {
    let node = Node::start(&["--scaling-rate=2"]);
    node.deploy("grows", "guest-hostile-event", "timeout=60s").await;
    let sleep = json!({ "do": "sleep", "ms": 1000 }).to_string();
    let four = (0..4).map(|_| node.invoke("grows", &sleep));
    let four = futures::future::join_all(four).await;
    let turned: Vec<_> = four.iter().filter(|reply| reply.status != 200).collect();
    assert!(!turned.is_empty(), "{four:?}");
    assert_eq!(reason(turned[0]), "FunctionInvocationRateLimitExceeded");
    assert_eq!(node.invoke("grows", "{}").await.status, 200, "as many as there were come again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_are_kept_ready_and_their_states_are_told() {
    let node = Node::start(&["--concurrency=8", "--quota-concurrency=100"]);
    node.deploy("ready", "echo-event", "").await;
    publish(&node, "ready").await;
    alias(&node, "ready:live", json!({ "version": 1 })).await;
    let path = |qualifier: &str| format!("/v1/functions/ready/provisioned/{qualifier}");
    let provision = async |qualifier: &str, instances: u32| {
        ask(&node, "PUT", &path(qualifier), &json!({ "instances": instances })).send().await
    };
    let status = async |qualifier: &str, wanted: &str| {
        eventually(wanted, async || {
            let view = ask(&node, "GET", &path(qualifier), &json!({})).send().await.json();
            (view["status"] == wanted).then_some(view)
        })
        .await
    };
    provision("$LATEST", 1).await.problem(400, "invalid-configuration");
    provision("none", 1).await.problem(404, "alias-not-found");
    provision("live", 0).await.problem(400, "invalid-configuration");
    let asked = provision("live", 3).await;
    assert_eq!((asked.status, &asked.json()["requested"]), (202, &json!(3)));
    let view = status("live", "ready").await;
    assert_eq!((&view["allocated"], &view["available"]), (&json!(3), &json!(3)));
    let target = "/v1/functions/ready/invocations?qualifier=live";
    let reply = ask(&node, "POST", target, &json!({})).send().await;
    assert_eq!(reply.header("lambent-start"), "ready", "{reply:?}");
    let head = node.invoke("ready", "{}").await;
    assert_ne!(head.header("lambent-start"), "ready", "none are kept of the head: {head:?}");

    assert_eq!(provision("1", 60).await.status, 202);
    let view = status("1", "failed").await;
    let reason = view["reason"].as_str().unwrap();
    assert!(reason.contains("as many instances wait on the node as it keeps"), "{view}");
    let done = cli::ok(&node, &["concurrency", "show", "ready"]).await;
    assert!(done.stdout.contains("failed: as many instances wait"), "{done:?}");
    let done = cli::ok(&node, &["concurrency", "unprovision", "ready:1"]).await;
    assert_eq!(done.stdout, "no instances of ready:1 are kept ready any more\n");
    status("live", "ready").await;
    let done = cli::exits(&node, 1, &["concurrency", "unprovision", "ready:1"]).await;
    assert!(done.stderr.contains("no instances are kept ready of ready:1"), "{done:?}");
    let done = cli::ok(&node, &["concurrency", "reserve", "ready", "40"]).await;
    assert_eq!(done.stdout, "40 invocations at once are reserved for ready\n");
    let shown = cli::json(&node, &["concurrency", "show", "ready"]).await;
    let own = (&shown["reserved"], &shown["provisioned"][0]["qualifier"]);
    assert_eq!(own, (&json!(40), &json!("live")));
    let usage = cli::json(&node, &["usage"]).await;
    let held = usage["quotas"].as_array().unwrap().iter().find(|one| one["quota"] == "concurrency");
    assert_eq!(held, Some(&json!({ "quota": "concurrency", "used": 40, "limit": 100 })));
}
