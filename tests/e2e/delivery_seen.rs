//! What becomes of events can be seen, tried by hand, and mended: items that failed in a batch,
//! dead letters, triggers, and grants that are missing.

use serde_json::{Value, json};

use crate::cli::{exits, json as json_of, ok, path};
use crate::node::{Node, eventually};

const MALFORMED: &str = "{";
const SOFA: &str = r#"{"item": "sofa", "count": 1}"#;

/// The dead letters, once there are so many.
async fn letters(node: &Node, count: usize) -> Vec<Value> {
    eventually(&format!("{count} dead letters"), async || {
        let found = json_of(node, &["queue", "peek", "orders-dead"]).await;
        let found = found["messages"].as_array().unwrap().clone();
        (found.len() == count).then_some(found)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_is_seen_and_goes_back() {
    let node = Node::start(&[]);
    let soon = [("visibility = \"30s\"", "visibility = \"1s\"")];
    node.apply_example("order-queue", &soon).await;
    node.set_key("stock", "sofa", r#"{"left": 0}"#).await;
    for order in [MALFORMED, SOFA] {
        node.send_message("orders", order).await;
    }
    let dead = letters(&node, 2).await;
    let of = |order: &str| dead.iter().find(|letter| letter["text"] == order).unwrap();
    let attribute = |order: &str, name: &str| of(order)["attributes"][name].clone();
    assert_eq!(attribute(MALFORMED, "cause"), "Rejected");
    assert_eq!(attribute(SOFA, "cause"), "RetriesExhausted");
    assert_eq!(attribute(SOFA, "attempts"), "3");
    for order in [MALFORMED, SOFA] {
        assert_eq!(attribute(order, "from"), "queue:orders");
        assert!(!attribute(order, "errormessage").as_str().unwrap().is_empty(), "{dead:?}");
    }
    // The record says which item failed, though the invocation went well.
    let id = of(SOFA)["id"].as_str().unwrap();
    node.has_logged("order-queue", id).await;
    let done = ok(&node, &["logs", "order-queue"]).await;
    assert!(done.stdout.contains("items failed") && done.stdout.contains(id), "{done:?}");
    let metrics = node.ask("GET", "/metrics").key(&node.key).send().await.text();
    assert!(metrics.contains("lambent_partial_failures_total{"), "{metrics}");
    assert!(metrics.contains("lambent_items_failed_total{"), "{metrics}");
    let done = ok(&node, &["trigger", "status", "orders"]).await;
    let kind = attribute(SOFA, "errortype");
    assert!(done.stdout.contains(&format!("{}: ", kind.as_str().unwrap())), "{done:?}");

    // Looking and a dry run leave all as it is.
    let done = ok(&node, &["queue", "redrive", "orders-dead", "--dry-run"]).await;
    assert_eq!(done.stdout, "would move 2 messages\n");
    letters(&node, 2).await;
    node.set_key("stock", "sofa", r#"{"left": 5}"#).await;
    let filter = format!("errortype={}", kind.as_str().unwrap());
    let line = ["queue", "redrive", "orders-dead", "--rate", "10", "--filter", &filter];
    assert_eq!(ok(&node, &line).await.stdout, "moved 1 message\n");
    let shipped = node.messages("shipments.fifo", 1).await;
    assert_eq!(shipped[0]["group"], "sofa");
    // What was rejected goes back too, and is rejected again.
    assert_eq!(ok(&node, &["queue", "redrive", "orders-dead"]).await.stdout, "moved 1 message\n");
    assert_eq!(letters(&node, 1).await[0]["attributes"]["cause"], "Rejected");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_are_tried_with_the_events_that_they_are_for() {
    let node = Node::start(&[]);
    node.apply_example("order-queue", &[]).await;
    node.set_key("stock", "lamp", r#"{"left": 5}"#).await;
    // A batch of one, for a function that takes nothing else.
    let done = exits(&node, 1, &["invoke", "order-queue"]).await;
    assert!(done.stderr.contains("--event queue:"), "{done:?}");
    ok(&node, &["invoke", "order-queue", "--event", r#"queue:{"item":"lamp","count":1}"#]).await;
    let done = exits(&node, 4, &["invoke", "order-queue", "--event", "queue:{"]).await;
    assert!(done.stderr.contains("order-queue failed: "), "{done:?}");
    let stock = node.get_key("stock", "lamp").await.unwrap();
    assert_eq!(serde_json::from_str::<Value>(&stock).unwrap()["left"], 4, "{stock}");

    ok(&node, &["deploy", "echo", &path("echo-event")]).await;
    let line = ["invoke", "echo", "--event", "object:photos/é 1.jpg", "--set", "size=7"];
    let done = json_of(&node, &line).await;
    let told = done["output"].to_string();
    assert!(told.contains("é 1.jpg") && told.contains("lambent.object.created.v1"), "{told}");
    let shown = ok(&node, &["event", "show", "aws:s3", "--set", "bucket=mine"]).await.stdout;
    let file = node.path("event.json");
    std::fs::write(&file, shown).unwrap();
    let from = format!("@{}", file.to_str().unwrap());
    let done = json_of(&node, &["invoke", "echo", "--event", &from]).await;
    assert!(done["output"].to_string().contains("arn:aws:s3:::mine"), "{done}");

    ok(&node, &["deploy", "hello", &path("hello-http")]).await;
    let done = ok(&node, &["invoke", "hello", "--event", "http:GET /x"]).await;
    assert_eq!(done.stdout, "Hello from Lambent!\n");
    assert!(done.stderr.contains("status 200"), "{done:?}");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_names_the_command_that_mends_it() {
    let node = Node::start(&[]);
    node.apply_example("order-queue", &[]).await;
    node.set_key("stock", "lamp", r#"{"left": 5}"#).await;
    let order = r#"queue:{"item":"lamp","count":1}"#;
    let granted = ok(&node, &["grant", "list", "order-queue"]).await.stdout;
    assert_eq!(granted, "keyspace:stock=read-write\nqueue:shipments.fifo=write\n");
    let revoke = ["configure", "order-queue", "--revoke", "keyspace:stock"];
    ok(&node, &revoke).await;
    let done = exits(&node, 1, &revoke).await;
    assert!(done.stderr.contains("is not granted keyspace:stock"), "{done:?}");
    exits(&node, 4, &["invoke", "order-queue", "--event", order]).await;
    let remedy = "lambent grant add order-queue keyspace:stock=read";
    node.has_logged("order-queue", remedy).await;
    let words: Vec<_> = remedy.split(' ').skip(1).collect();
    ok(&node, &words).await;
    exits(&node, 4, &["invoke", "order-queue", "--event", order]).await;
    let remedy = "lambent grant add order-queue keyspace:stock=read-write";
    node.has_logged("order-queue", remedy).await;
    let words: Vec<_> = remedy.split(' ').skip(1).collect();
    let done = json_of(&node, &words).await;
    assert_eq!(done["grants"], json!(["keyspace:stock=read-write", "queue:shipments.fifo=write"]));
    ok(&node, &["invoke", "order-queue", "--event", order]).await;

    ok(&node, &["configure", "order-queue", "--env", "TOKEN=hunter2"]).await;
    for line in [&["describe", "order-queue"][..], &["list"]] {
        let told = json_of(&node, line).await.to_string();
        assert!(told.contains("TOKEN") && !told.contains("hunter2"), "{told}");
    }
    let done = ok(&node, &["describe", "order-queue", "--show-values"]).await.stdout;
    for told in ["TOKEN=hunter2", "keyspace:stock=read-write", "trigger orders (on queue orders)"] {
        assert!(done.contains(told), "{told}: {done}");
    }
    node.stop().await;
}
