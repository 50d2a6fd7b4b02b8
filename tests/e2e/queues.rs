//! Queues: what was sent is received, at least once and by one at a time, in
//! order where that is promised, and what nobody can handle is set aside.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lambent_api::kinds::{Queue, Trigger};
use lambent_api::{DepthView, query};
use serde_json::{Value, json};

use crate::client::Ask;
use crate::node::{Node, eventually, shared};
use crate::typed::read;

fn ask(node: &Node, method: &str, path: &str) -> Ask {
    node.ask(method, &format!("/v1/queues/{path}")).key(&node.key)
}

async fn queue(node: &Node, name: &str, attributes: Value) {
    node.create::<Queue>(name, read(attributes)).await;
}

async fn receive(node: &Node, queue: &str, how: &str) -> Vec<Value> {
    let received = node.receive(queue, query::read(how).unwrap()).await;
    received.iter().map(|message| serde_json::to_value(message).unwrap()).collect()
}

async fn depth(node: &Node, queue: &str) -> DepthView {
    node.describe::<Queue>(queue).await.depth.unwrap()
}

fn texts(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["text"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_with_one_receiver_until_it_is_deleted_or_comes_again() {
    let node = shared().await;
    queue(node, "once", json!({ "visibility_timeout_ms": 60_000 })).await;
    let ask_send = ask(node, "POST", "once/messages").header("lambent-attr-colour", "blue");
    let reply = ask_send.header("content-type", "text/x-test").body("hello").send().await;
    let id = reply.json()["id"].clone();
    let first = receive(node, "once", "limit=10").await;
    assert_eq!(texts(&first), ["hello"]);
    let message = &first[0];
    assert_eq!((&message["id"], &message["receives"]), (&id, &json!(1)));
    assert_eq!(message["content_type"], "text/x-test");
    assert_eq!(message["attributes"], json!({ "colour": "blue" }));
    assert!(receive(node, "once", "limit=10").await.is_empty());

    let receipt = message["receipt"].as_str().unwrap();
    let visible = ask(node, "PATCH", &format!("once/receipts/{receipt}"));
    let visible = visible.header("content-type", "application/json");
    let reply = visible.body(json!({ "visibility_ms": 0 }).to_string()).send().await;
    assert!(matches!(reply.status, 200 | 204), "{reply:?}");
    let again = receive(node, "once", "limit=1").await;
    assert_eq!((&again[0]["id"], &again[0]["receives"]), (&id, &json!(2)));

    // The first receipt is worth nothing any more.
    let stale = ask(node, "DELETE", &format!("once/receipts/{receipt}")).send().await;
    stale.problem(410, "receipt-expired");
    let receipt = again[0]["receipt"].as_str().unwrap();
    let reply = ask(node, "DELETE", &format!("once/receipts/{receipt}")).send().await;
    assert_eq!(reply.status, 204, "{reply:?}");
    let depth = depth(node, "once").await;
    assert_eq!((depth.ready, depth.in_flight), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_waits_is_woken_by_a_message() {
    let node = shared().await;
    queue(node, "waiting", json!({})).await;
    let began = Instant::now();
    let (received, _) = tokio::join!(receive(node, "waiting", "wait=20s"), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        node.send_message("waiting", "news").await
    });
    assert_eq!(texts(&received), ["news"]);
    assert!(began.elapsed() < Duration::from_secs(15), "it slept through the message");
    // A delayed one wakes too, when its time has come.
    let later = ask(node, "POST", "waiting/messages?delay=1s").body("later").send().await;
    assert_eq!(later.status, 201);
    assert!(receive(node, "waiting", "").await.is_empty());
    assert_eq!(texts(&receive(node, "waiting", "wait=20s").await), ["later"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_keeps_its_order_and_a_duplicate_is_not_kept() {
    let node = shared().await;
    queue(node, "ordered.fifo", json!({ "visibility_timeout_ms": 60_000 })).await;
    let send = |group: &'static str, id: String, body: String| async move {
        let ask = ask(node, "POST", "ordered.fifo/messages").header("lambent-group", group);
        ask.header("lambent-deduplication", &id).body(body).send().await.json()
    };
    for number in 0..4 {
        for group in ["a", "b"] {
            let text = format!("{group}{number}");
            assert_eq!(send(group, text.clone(), text).await["duplicate"], false);
        }
    }
    assert_eq!(send("a", "a0".into(), "again".into()).await["duplicate"], true);
    let first = receive(node, "ordered.fifo", "limit=1").await;
    assert_eq!(texts(&first), ["a0"]);
    // Its group waits for it; the other does not.
    let rest = receive(node, "ordered.fifo", "limit=10").await;
    assert_eq!(texts(&rest), ["b0", "b1", "b2", "b3"]);
    let receipt = first[0]["receipt"].as_str().unwrap();
    ask(node, "DELETE", &format!("ordered.fifo/receipts/{receipt}")).send().await;
    let next = receive(node, "ordered.fifo", "limit=10").await;
    assert_eq!(texts(&next), ["a1", "a2", "a3"]);
    let reply = ask(node, "POST", "ordered.fifo/messages").body("no group").send().await;
    assert!(reply.problem(400, "invalid-request").contains("group"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_received_too_often_is_set_aside_and_can_come_back() {
    let node = shared().await;
    queue(node, "aside", json!({})).await;
    let redrive = json!({ "queue": "aside", "receives_max": 2 });
    queue(node, "tried", json!({ "visibility_timeout_ms": 1, "redrive": redrive })).await;
    node.send_message("tried", "poison").await;
    eventually("the dead letter", async || {
        receive(node, "tried", "limit=1").await;
        (depth(node, "aside").await.ready == 1).then_some(())
    })
    .await;
    let reply = ask(node, "DELETE", "aside").send().await;
    assert!(reply.problem(409, "conflict").contains("tried"));
    let reply = ask(node, "POST", "aside/redrive?limit=10").send().await;
    assert_eq!(reply.json()["moved"], 1, "{reply:?}");
    let back = receive(node, "tried", "limit=1&wait=5s").await;
    assert_eq!((texts(&back), &back[0]["receives"]), (vec!["poison"], &json!(1)));
    for attributes in [
        json!({ "redrive": { "queue": "missing", "receives_max": 2 } }),
        json!({ "redrive": { "queue": "bad", "receives_max": 2 } }),
        json!({ "visibility_timeout_ms": 100_000_000_u64 }),
        json!({ "visiblity_timeout_ms": 1 }),
    ] {
        let ask = ask(node, "PUT", "bad").header("content-type", "application/json");
        let reply = ask.body(attributes.to_string()).send().await;
        assert!((400..500).contains(&reply.status), "{attributes}: {reply:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_sent_survives_being_killed() {
    let data = Arc::new(tempfile::tempdir().unwrap());
    let node = Node::start_in(&data, &[]);
    queue(&node, "durable", json!({})).await;
    for number in 0..20 {
        node.send_message("durable", &number.to_string()).await;
    }
    node.kill();
    let node = Node::start_in(&data, &[]);
    let received = receive(&node, "durable", "limit=100").await;
    assert_eq!(received.len(), 20, "{received:?}");
}

/// Has `function` take the messages of a queue, and tell `told` of each success.
async fn trigger(node: &Node, name: &str, function: &str, queue: &str, told: &str) {
    let trigger = json!({
        "function": function,
        "source": { "kind": "queue", "queue": queue },
        "delivery": { "on_success": format!("queue:{told}") },
    });
    assert!(node.wire::<Trigger>(name, trigger).await, "{name} is new");
}

/// All a queue holds, once it holds so many.
async fn take_all(node: &Node, queue: &str, count: usize) -> Vec<Value> {
    eventually(&format!("{count} messages in {queue}"), async || {
        (depth(node, queue).await.ready >= count as u64).then_some(())
    })
    .await;
    receive(node, queue, "limit=100").await
}

async fn is_empty(node: &Node, queue: &str) {
    eventually(&format!("{queue} to be empty"), async || {
        let depth = depth(node, queue).await;
        (depth.ready == 0 && depth.in_flight == 0 && depth.delayed == 0).then_some(())
    })
    .await;
}

/// The attempt at which each success came.
fn attempts(told: &[Value]) -> Vec<u64> {
    let attempt = |message: &Value| {
        let record: Value = serde_json::from_str(message["text"].as_str().unwrap()).unwrap();
        record["requestContext"]["approximateInvokeCount"].as_u64().unwrap()
    };
    told.iter().map(attempt).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_behind_a_failure_is_not_dead_for_it() {
    let node = shared().await;
    node.deploy("of-five", "guest-hostile-event", "").await;
    for receives in [1, 3] {
        let [q, dead, told] =
            ["five", "five-dead", "five-told"].map(|name| format!("{name}{receives}.fifo"));
        queue(node, &dead, json!({})).await;
        queue(node, &told, json!({})).await;
        let redrive = json!({ "queue": dead, "receives_max": receives });
        queue(node, &q, json!({ "redrive": redrive })).await;
        for number in 0..5 {
            let deed = match number {
                0 => json!({ "do": "fail", "kind": "Never", "message": "m0" }),
                _ => json!({ "do": "echo", "text": format!("m{number}") }),
            };
            let ask = ask(node, "POST", &format!("{q}/messages")).header("lambent-group", "g");
            let ask = ask.header("lambent-deduplication", &number.to_string());
            let ask = ask.header("content-type", "application/json");
            assert_eq!(ask.body(deed.to_string()).send().await.status, 201);
        }
        trigger(node, &format!("five{receives}"), "of-five", &q, &told).await;
        assert_eq!(attempts(&take_all(node, &told, 4).await), [1, 1, 1, 1]);
        is_empty(node, &q).await;
        let dead = receive(node, &dead, "limit=100").await;
        assert_eq!(dead.len(), 1, "{dead:?}");
        assert!(texts(&dead)[0].contains("m0"), "{dead:?}");
    }
    let failed = node.records("of-five").await;
    let failed = failed.iter().filter(|record| record["outcome"]["kind"] != "ok").count();
    assert_eq!(failed, 1 + 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_node_has_no_room_for_is_not_dead_for_it() {
    let node = Node::start(&["--concurrency=2"]);
    node.deploy("sleeper", "guest-hostile-event", "timeout=10s").await;
    for (q, visibility) in [("short", 1000), ("long.fifo", 30_000)] {
        let fifo = if q.ends_with(".fifo") { ".fifo" } else { "" };
        let (dead, told) = (format!("dead{fifo}"), format!("told{fifo}"));
        queue(&node, &dead, json!({})).await;
        queue(&node, &told, json!({})).await;
        let redrive = json!({ "queue": dead, "receives_max": 2 });
        queue(&node, q, json!({ "redrive": redrive, "visibility_timeout_ms": visibility })).await;
        for number in 0..8 {
            let mut ask = ask(&node, "POST", &format!("{q}/messages"));
            if !fifo.is_empty() {
                ask = ask.header("lambent-group", &number.to_string());
                ask = ask.header("lambent-deduplication", &number.to_string());
            }
            let ask = ask.header("content-type", "application/json");
            let deed = json!({ "do": "sleep", "ms": 700 }).to_string();
            assert_eq!(ask.body(deed).send().await.status, 201);
        }
        let name = if fifo.is_empty() { "standard" } else { "fifo" };
        trigger(&node, name, "sleeper", q, &told).await;
        assert_eq!(attempts(&take_all(&node, &told, 8).await), [1; 8]);
        is_empty(&node, q).await;
        assert!(receive(&node, &dead, "limit=100").await.is_empty());
    }
    let records = eventually("the records", async || {
        Some(node.records("sleeper").await).filter(|records| records.len() >= 16)
    })
    .await;
    let ran = records.iter().filter(|record| record["outcome"]["kind"] == "ok").count();
    assert_eq!((records.len(), ran), (16, 16));
    node.stop().await;
}
