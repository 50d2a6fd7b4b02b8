//! Every kind of component gets every kind of event that it can take: the table
//! of exports in `runtime/REFERENCE.md`, row by row.

use lambent_api::client::{Client, Message};
use lambent_api::kinds::{Bucket, Keyspace, Queue};
use lambent_api::types::{QueueAttributes, Redrive};
use serde_json::{Value, json};

use crate::node::{Node, eventually};
use crate::typed::named;

/// Functions of every kind, each with what it writes to.
async fn start() -> Node {
    let node = Node::start(&[]);
    for keyspace in ["seen", "default", "copies", "stock", "changing"] {
        node.create::<Keyspace>(keyspace, ()).await;
    }
    node.create::<Bucket>("changing", Default::default()).await;
    for queue in ["relayed", "done", "failed"] {
        node.create::<Queue>(queue, QueueAttributes::default()).await;
    }
    let keyspace = |name: &str| json!({ "grants": { "keyspaces": { name: "read-write" } } });
    node.deploy_with("event", "guest-recorder", keyspace("seen")).await;
    node.deploy_with("http", "guest-peer-spin-keyvalue", keyspace("default")).await;
    node.deploy_with("command", "guest-cli", json!({})).await;
    node
}

/// What the event function saw of each event, once there are this many.
async fn seen(node: &Node, count: usize) -> Vec<Value> {
    node.keys("seen", "", count).await
}

/// What the HTTP function was posted, by any id, once it is there.
async fn posted(node: &Node, head: &str) -> String {
    eventually(&format!("a POST of {head}"), async || {
        for key in node.list_keys("default", "").await {
            let value = node.get_key("default", &key).await.unwrap_or_default();
            if let Some((found, body)) = value.split_once('\n')
                && found == head
            {
                return Some(body.to_owned());
            }
        }
        None
    })
    .await
}

/// The output of the command for the next event, from the record of its success.
async fn commanded(node: &Node) -> String {
    let done = node.messages("done", 1).await;
    let record: Value = serde_json::from_str(done[0]["text"].as_str().unwrap()).unwrap();
    match &record["responsePayload"] {
        Value::String(text) => text.clone(),
        payload => payload.to_string(),
    }
}

fn succeeded() -> Value {
    json!({ "on_success": "queue:done", "backoff_ms": 100 })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_function_gets_object_events_and_asynchronous_invocations() {
    let node = start().await;
    let source = |prefix: &str| json!({ "kind": "object", "bucket": "changing", "prefix": prefix });
    node.trigger("event", source("event/"), Value::Null).await;
    node.trigger("http", source("http/"), Value::Null).await;
    node.trigger("command", source("command/"), succeeded()).await;
    for prefix in ["event", "http", "command"] {
        node.put_object("changing", &format!("{prefix}/a"), b"12345".to_vec()).await;
    }
    let event = seen(&node, 1).await.remove(0);
    assert_eq!(event["type"], "lambent.object.created.v1", "{event}");
    assert_eq!(event["source"], "/buckets/changing", "{event}");
    assert_eq!((&event["subject"], &event["attempt"]), (&json!("event/a"), &json!(1)), "{event}");
    let data: Value = serde_json::from_str(event["data"].as_str().unwrap()).unwrap();
    assert_eq!((&data["key"], &data["size"]), (&json!("event/a"), &json!(5)), "{data}");
    let body = posted(&node, "lambent.object.created.v1 /buckets/changing http/a").await;
    assert!(body.contains(r#""key":"http/a""#), "{body}");
    let output = commanded(&node).await;
    assert!(output.contains("COMMAND/A"), "stdin in upper case: {output}");

    for function in ["event", "http"] {
        let ask = node.api("POST", &format!("/{function}/invocations"));
        let ask = ask.header("prefer", "respond-async").header("ce-type", "later");
        let reply = ask.header("content-type", "text/plain").body("hi").send().await;
        assert_eq!(reply.status, 202, "{reply:?}");
        assert_eq!(reply.header("lambent-request-id").len(), 36, "{reply:?}");
    }
    let events = seen(&node, 2).await;
    assert!(events.iter().any(|event| event["type"] == "later" && event["data"] == "hi"));
    assert_eq!(posted(&node, "later /v1/functions/http/invocations ").await, "hi");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_function_gets_messages() {
    let node = start().await;
    let relayed = json!({ "grants": { "queues": { "relayed": "write" } } });
    node.deploy_with("messaging", "guest-peer-wasmcloud-messaging", relayed).await;
    node.create::<Queue>("shipments.fifo", QueueAttributes::default()).await;
    let grants =
        json!({ "keyspaces": { "stock": "read-write" }, "queues": { "shipments.fifo": "write" } });
    node.deploy_with("batch", "order-queue", json!({ "grants": grants })).await;
    let redrive = Some(Redrive { queue: named("failed"), receives_max: 2 });
    let attributes =
        QueueAttributes { visibility_timeout_ms: 1000, redrive, ..QueueAttributes::default() };
    for function in ["event", "http", "command", "messaging", "batch"] {
        let queue = format!("for-{function}");
        node.create::<Queue>(&queue, attributes.clone()).await;
        let delivery = if function == "command" { succeeded() } else { Value::Null };
        node.trigger(function, json!({ "kind": "queue", "queue": queue }), delivery).await;
    }
    let send = |client: &Client| {
        let (content_type, color) = (Some("text/plain"), [("color".into(), "red".into())]);
        let hello = Message { body: b"hello", content_type, ..Message::default() };
        let hello = Message { attributes: &color, ..hello };
        client.send_message(&named("for-event"), &hello)?.value()
    };
    let id = node.must("for-event", send).await.id;
    let event = seen(&node, 1).await.remove(0);
    assert_eq!(event["type"], "lambent.queue.message.v1", "{event}");
    assert_eq!((&event["source"], &event["data"]), (&json!("/queues/for-event"), &json!("hello")));
    let extensions = event["extensions"].to_string();
    assert!(extensions.contains("color") && extensions.contains("sequence"), "{extensions}");
    assert!(node.get_key("seen", &format!("{id}/1")).await.is_some(), "the message's id");

    node.send_message("for-http", "hello").await;
    assert_eq!(posted(&node, "lambent.queue.message.v1 /queues/for-http ").await, "hello");
    node.send_message("for-command", "hello").await;
    assert!(commanded(&node).await.contains("HELLO"));
    node.set_key("stock", "lamp", r#"{"left": 2}"#).await;
    node.send_message("for-batch", r#"{"item": "lamp", "count": 2}"#).await;
    eventually("the order to be taken", async || {
        let stock = node.get_key("stock", "lamp").await.unwrap();
        stock.starts_with(r#"{"left":0,"#).then_some(())
    })
    .await;

    node.send_message("for-messaging", "hello").await;
    let relayed = node.messages("relayed", 1).await.remove(0);
    assert_eq!(
        (&relayed["text"], &relayed["content_type"]),
        (&json!("hello"), &json!("text/plain"))
    );
    assert_eq!(relayed["attributes"]["from"], "for-messaging", "{relayed}");
    node.send_message("for-messaging", "no").await;
    let failed = node.messages("failed", 1).await.remove(0);
    assert_eq!(failed["text"], "no", "{failed}");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_function_gets_changes_of_keys() {
    let node = start().await;
    let grants = json!({ "keyspaces": { "changing": "read", "copies": "read-write" } });
    node.deploy_with("watcher", "guest-peer-wasmcloud-watcher", json!({ "grants": grants })).await;
    for function in ["event", "http", "watcher"] {
        let source = json!({ "kind": "keyvalue", "keyspace": "changing", "prefix": function });
        node.trigger(function, source, Value::Null).await;
    }
    // One that only runs commands cannot take a change.
    let source = json!({ "kind": "keyvalue", "keyspace": "changing" });
    let trigger = json!({ "function": "command", "source": source }).to_string();
    let ask = node.native("PUT", "/triggers/never").header("content-type", "application/json");
    let reply = ask.body(trigger).send().await;
    assert!((400..500).contains(&reply.status), "{reply:?}");

    node.set_key("changing", "event", "old").await;
    seen(&node, 1).await;
    node.set_key("changing", "event", "new").await;
    let events = seen(&node, 2).await;
    let change = events.iter().find_map(|event| {
        let data: Value = serde_json::from_str(event["data"].as_str().unwrap()).unwrap();
        (data["new"] == json!({ "text": "new" })).then_some(data)
    });
    let change = change.expect("the second change");
    assert_eq!(change["old"], json!({ "text": "old" }), "{change}");

    node.set_key("changing", "http", "on").await;
    let body = posted(&node, "lambent.key.set.v1 /keyspaces/changing http").await;
    assert!(body.contains(r#""new":{"text":"on"}"#), "{body}");
    node.set_key("changing", "watcher", "1").await;
    node.key_becomes("copies", "watcher", Some("1")).await;
    node.delete_key("changing", "watcher").await;
    node.key_becomes("copies", "watcher", None).await;
    node.stop().await;
}
