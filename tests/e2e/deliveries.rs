//! Every event is delivered in the same way, whatever it comes from: at least
//! once, again after failures, and at last to where failures go.

use std::sync::Arc;

use lambent_api::kinds::{Bucket, Keyspace, Queue, Schedule, Trigger};
use lambent_api::query;
use lambent_api::types::QueueAttributes;
use serde_json::{Value, json};

use crate::client::{Ask, Reply};
use crate::node::{Node, eventually, shared};

fn ask(node: &Node, method: &str, path: &str) -> Ask {
    node.ask(method, path).key(&node.key).header("content-type", "application/json")
}

async fn put(node: &Node, path: &str, body: Value) -> Reply {
    ask(node, "PUT", path).body(body.to_string()).send().await
}

async fn invoke_later(node: &Node, function: &str, id: &str, data: Value) {
    let ask = ask(node, "POST", &format!("/v1/functions/{function}/invocations"));
    let ask = ask.header("prefer", "respond-async").header("ce-id", id);
    let reply = ask.body(data.to_string()).send().await;
    assert_eq!(reply.status, 202, "{reply:?}");
    assert!(reply.body.is_empty(), "{reply:?}");
    assert_eq!(reply.header("lambent-request-id").len(), 36);
}

/// The function's records, once there are so many.
async fn records(node: &Node, function: &str, count: usize) -> Vec<Value> {
    eventually(&format!("{count} records of {function}"), async || {
        let records = node.records(function).await;
        (records.len() >= count).then_some(records)
    })
    .await
}

/// The next message of a queue, which is waited for.
async fn take(node: &Node, queue: &str) -> Value {
    let one = query::read("limit=1&wait=20s&visibility=1h").unwrap();
    let messages = node.receive(queue, one).await;
    assert_eq!(messages.len(), 1, "nothing came to {queue}");
    serde_json::to_value(&messages[0]).unwrap()
}

const QUICK: &str = r#"{ "attempts_max": 3, "backoff_ms": 10 }"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invocation_can_be_left_to_the_node() {
    let node = shared().await;
    node.deploy("later", "echo-event", "").await;
    invoke_later(node, "later", "once", json!({ "n": 1 })).await;
    let records = records(node, "later", 1).await;
    assert_eq!(records[0]["outcome"]["kind"], "ok", "{records:?}");
    let large = "x".repeat((1 << 20) + 1);
    let ask =
        ask(node, "POST", "/v1/functions/later/invocations").header("prefer", "respond-async");
    let detail = ask.body(large).send().await.problem(413, "payload-too-large");
    assert!(detail.contains("1.0 MiB"), "{detail}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_left_to_a_node_that_dies_is_done_by_the_next() {
    let data = Arc::new(tempfile::tempdir().unwrap());
    let node = Node::start_in(&data, &[]);
    node.deploy("slow", "guest-hostile-event", "timeout=60s").await;
    invoke_later(&node, "slow", "s", json!({ "do": "sleep", "ms": 1500 })).await;
    node.kill();
    let node = Node::start_in(&data, &[]);
    let slow = records(&node, "slow", 1).await;
    assert_eq!(slow[0]["outcome"]["kind"], "ok", "{slow:?}");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_event_is_tried_again_and_then_told_to_whom_it_concerns() {
    let node = shared().await;
    for queue in ["failed", "told", "succeeded"] {
        node.create::<Queue>(queue, QueueAttributes::default()).await;
    }
    node.deploy("failing", "guest-hostile-event", "").await;
    let mut delivery: Value = serde_json::from_str(QUICK).unwrap();
    delivery["dead_letter"] = json!("queue:failed");
    delivery["on_failure"] = json!("queue:told");
    delivery["on_success"] = json!("queue:succeeded");
    node.configure("failing", json!({ "delivery": delivery })).await;
    let deed = json!({ "do": "fail", "kind": "OrderNotFound", "message": "no order 7" });
    invoke_later(node, "failing", "event-7", deed.clone()).await;

    let dead = take(node, "failed").await;
    let body: Value = serde_json::from_str(dead["text"].as_str().unwrap()).unwrap();
    assert_eq!(body, deed, "the event itself, unchanged");
    assert_eq!(dead["attributes"]["errortype"], "OrderNotFound", "{dead}");
    assert_eq!(dead["attributes"]["errormessage"], "no order 7");
    assert_eq!(dead["attributes"]["id"], "event-7");
    let told = take(node, "told").await;
    let told: Value = serde_json::from_str(told["text"].as_str().unwrap()).unwrap();
    assert_eq!(told["requestContext"]["condition"], "RetriesExhausted", "{told}");
    assert_eq!(told["requestContext"]["approximateInvokeCount"], 3);
    assert_eq!(told["event"]["id"], "event-7");
    let records = records(node, "failing", 3).await;
    assert_eq!(records.len(), 3, "{records:?}");

    invoke_later(node, "failing", "event-8", json!({ "do": "echo", "text": "fine" })).await;
    let told = take(node, "succeeded").await;
    let told: Value = serde_json::from_str(told["text"].as_str().unwrap()).unwrap();
    assert_eq!(told["requestContext"]["condition"], "Success", "{told}");
    assert_eq!(told["event"]["id"], "event-8");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_events_that_fit_prefix_suffix_and_pattern_are_delivered() {
    let node = shared().await;
    node.deploy("picky", "echo-event", "").await;
    node.create::<Bucket>("picky-bucket", Default::default()).await;
    let source = json!({
        "kind": "object", "bucket": "picky-bucket", "changes": ["created"], "prefix": "in/",
        "suffix": ".txt",
    });
    let patterns = json!([{ "data": { "size": [{ "numeric": [">", 3] }] } }]);
    let trigger = json!({ "function": "picky", "source": source, "patterns": patterns });
    node.wire::<Trigger>("picky", trigger).await;
    for (key, body) in [
        ("in/small.txt", "abc"),
        ("in/other.jpg", "abcdef"),
        ("out/other.txt", "abcdef"),
        ("in/wanted.txt", "abcdef"),
    ] {
        let bytes = body.as_bytes().to_vec();
        assert!(node.put_object("picky-bucket", key, bytes).await, "{key} is new");
    }
    node.delete_object("picky-bucket", "in/wanted.txt").await;
    records(node, "picky", 1).await;
    eventually("an empty channel", async || {
        let depth = node.describe::<Trigger>("picky").await.depth;
        (depth.ready == 0 && depth.in_flight == 0).then_some(())
    })
    .await;
    let records = node.records("picky").await;
    assert_eq!(records.len(), 1, "{records:?}");
    let line = records[0]["logs"]["lines"][0]["text"].as_str().unwrap();
    assert!(line.contains("/buckets/picky-bucket"), "{line}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disabled_trigger_collects_and_an_enabled_one_delivers() {
    let node = shared().await;
    node.deploy("patient", "echo-event", "").await;
    node.create::<Keyspace>("patience", ()).await;
    let trigger = |enabled: bool| {
        let source = json!({ "kind": "keyvalue", "keyspace": "patience" });
        json!({ "function": "patient", "source": source, "enabled": enabled })
    };
    node.wire::<Trigger>("patient", trigger(false)).await;
    for number in 0..3 {
        node.set_key("patience", &format!("k{number}"), "v").await;
    }
    let waiting = node.describe::<Trigger>("patient").await;
    assert_eq!(waiting.depth.ready, 3, "{waiting:?}");
    node.wire::<Trigger>("patient", trigger(true)).await;
    records(node, "patient", 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_that_triggers_itself_is_stopped() {
    let node = shared().await;
    // It writes an audit entry for every change, and that is a change too. Of
    // the two keys it writes only the entry counts here, or each round would
    // be twice as large as the one before.
    node.deploy("narcissus", "kv-audit", "").await;
    for keyspace in ["watched-self", "audit"] {
        node.create::<Keyspace>(keyspace, ()).await;
    }
    let grants = json!({ "keyspaces": { "audit": "read-write" } });
    node.configure("narcissus", json!({ "grants": grants })).await;
    let source = json!({ "kind": "keyvalue", "keyspace": "audit", "prefix": "entry/" });
    let trigger = json!({ "function": "narcissus", "source": source });
    node.wire::<Trigger>("narcissus", trigger).await;
    node.set_key("audit", "entry/start", "v").await;
    // What is stopped may be told before what led to it is done.
    let ran = eventually("the end of it", async || {
        let records = node.records("narcissus").await;
        let stopped = records.iter().any(|record| {
            record["outcome"]["errorType"].as_str().is_some_and(|kind| kind.contains("Recursion"))
        });
        let ran = records.iter().filter(|record| record["outcome"]["kind"] == "ok").count();
        (stopped && ran >= 16).then_some(ran)
    })
    .await;
    assert_eq!(ran, 16);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schedule_fires_and_a_moment_fires_once() {
    let node = shared().await;
    node.deploy("punctual", "echo-event", "").await;
    let schedule = json!({
        "function": "punctual", "expression": "rate(1 second)", "input": { "kind": "tick" }
    });
    node.wire::<Schedule>("tick", schedule).await;
    records(node, "punctual", 2).await;
    assert_eq!(ask(node, "DELETE", "/v1/schedules/tick").send().await.status, 204);

    node.deploy("momentary", "echo-event", "").await;
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(2);
    let soon = soon.to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S").to_string();
    let schedule = json!({ "function": "momentary", "expression": format!("at({soon})") });
    node.wire::<Schedule>("moment", schedule).await;
    records(node, "momentary", 1).await;
    let view = node.describe::<Schedule>("moment").await;
    assert!(view.next.is_none(), "{view:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn triggers_and_schedules_that_cannot_work_are_refused() {
    let node = shared().await;
    node.deploy("target", "echo-event", "").await;
    node.deploy("no-events", "guest-cli", "").await;
    node.create::<Bucket>("some-bucket", Default::default()).await;
    node.create::<Keyspace>("some-keyspace", ()).await;
    let bucket = |name: &str| json!({ "kind": "object", "bucket": name });
    let trigger = |function: &str, source: Value| json!({ "function": function, "source": source });
    let pattern = |pattern: Value| json!({ "function": "target", "source": bucket("some-bucket"), "patterns": [pattern] });
    let keys = json!({ "kind": "keyvalue", "keyspace": "some-keyspace" });
    for (body, status, code, phrase) in [
        (trigger("missing", bucket("some-bucket")), 404, "function-not-found", "missing"),
        (trigger("target", bucket("no-bucket")), 404, "bucket-not-found", "no-bucket"),
        (trigger("no-events", keys), 422, "not-invocable", "no-events"),
        (trigger("target", json!({ "kind": "mail" })), 400, "invalid-request", "mail"),
        (pattern(json!({ "type": "x" })), 400, "invalid-request", "type"),
        (pattern(json!({ "a": [{ "numeric": ["~", 1] }] })), 400, "invalid-request", "~"),
        (json!({ "fnction": "target" }), 400, "invalid-request", "fnction"),
    ] {
        let reply = put(node, "/v1/triggers/refused", body.clone()).await;
        let detail = reply.problem(status, code);
        assert!(detail.contains(phrase), "{body}: {detail}");
    }
    let schedule = |expression: &str| json!({ "function": "target", "expression": expression });
    for (expression, phrase) in [
        ("61 * * * *", "minute"),
        ("* 25 * * *", "hour"),
        ("* * 32 * *", "day"),
        ("* * * 13 *", "month"),
        ("* * * * MOO", "week"),
        ("* * *", "field"),
        ("rate(0 minutes)", "rate"),
        ("at(yesterday)", "at"),
        ("", "expression"),
    ] {
        let reply = put(node, "/v1/schedules/refused", schedule(expression)).await;
        let detail = reply.problem(400, "invalid-configuration");
        assert!(detail.contains(phrase), "{expression:?}: {detail}");
    }
    let mut zoned = schedule("* * * * *");
    zoned["time_zone"] = json!("Mars/Olympus");
    let detail = put(node, "/v1/schedules/refused", zoned).await;
    assert!(detail.problem(400, "invalid-configuration").contains("Mars/Olympus"));
    let missing = json!({ "function": "missing", "expression": "* * * * *" });
    put(node, "/v1/schedules/refused", missing).await.problem(404, "function-not-found");

    node.wire::<Trigger>("holding", trigger("target", bucket("some-bucket"))).await;
    let reply = ask(node, "DELETE", "/v1/functions/target").send().await;
    assert!(reply.problem(409, "conflict").contains("holding"));
    let reply = ask(node, "DELETE", "/v1/buckets/some-bucket").send().await;
    assert!(reply.problem(409, "conflict").contains("holding"));
}
