//! Queues: what was sent is received, at least once and by one at a time, in
//! order where that is promised, and what nobody can handle is set aside.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::Ask;
use crate::node::{Node, eventually, shared};

fn ask(node: &Node, method: &str, path: &str) -> Ask {
    node.ask(method, &format!("/v1/queues/{path}")).key(&node.key)
}

async fn queue(node: &Node, name: &str, attributes: Value) {
    let ask = ask(node, "PUT", name).header("content-type", "application/json");
    let reply = ask.body(attributes.to_string()).send().await;
    assert!(matches!(reply.status, 200 | 201), "{reply:?}");
}

async fn send(node: &Node, queue: &str, body: &str) -> Value {
    let reply = ask(node, "POST", &format!("{queue}/messages")).body(body.to_owned()).send().await;
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.json()
}

async fn receive(node: &Node, queue: &str, query: &str) -> Vec<Value> {
    let reply = ask(node, "POST", &format!("{queue}/receive?{query}")).send().await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()["messages"].as_array().unwrap().clone()
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
    let depth = ask(node, "GET", "once").send().await.json()["depth"].clone();
    assert_eq!((&depth["ready"], &depth["in_flight"]), (&json!(0), &json!(0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_waits_is_woken_by_a_message() {
    let node = shared().await;
    queue(node, "waiting", json!({})).await;
    let began = Instant::now();
    let (received, _) = tokio::join!(receive(node, "waiting", "wait=20s"), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        send(node, "waiting", "news").await
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
    send(node, "tried", "poison").await;
    eventually("the dead letter", async || {
        receive(node, "tried", "limit=1").await;
        let depth = ask(node, "GET", "aside").send().await.json();
        (depth["depth"]["ready"] == 1).then_some(())
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
        send(&node, "durable", &number.to_string()).await;
    }
    node.kill();
    let node = Node::start_in(&data, &[]);
    let received = receive(&node, "durable", "limit=100").await;
    assert_eq!(received.len(), 20, "{received:?}");
}
