//! Queues and messages.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};

use crate::api::{refused, request};
use crate::node::Node;
use crate::objects::{put, send};

async fn node() -> Node {
    let node = Node::start().await;
    assert_eq!(put(&node, "/v1/queues/orders", &[], "").await.status, 201);
    node
}

async fn receive(node: &Node, query: &str) -> Vec<Value> {
    let path = format!("/v1/queues/orders/receive?{query}");
    let reply = send(node, Method::POST, &path, &[], "").await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()["messages"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_queue_from_put_to_delete() {
    let node = node().await;
    let queue = node.get("/v1/queues/orders").await.json();
    assert_eq!(queue["name"], "orders");
    assert_eq!(queue["attributes"]["visibility_timeout_ms"], 30_000);
    assert_eq!(queue["depth"]["ready"], 0);
    let slower = r#"{"visibility_timeout_ms":60000}"#;
    let changed = put(&node, "/v1/queues/orders", &[("content-type", "application/json")], slower);
    assert_eq!(changed.await.status, 200);
    let queue = node.get("/v1/queues/orders").await.json();
    assert_eq!(queue["attributes"]["visibility_timeout_ms"], 60_000);
    assert_eq!(node.get("/v1/queues").await.json()["queues"][0]["name"], "orders");
    let json = [("content-type", "application/json")];
    for (body, status, code, phrase) in [
        ("[]", 400, "invalid-request", "should be an object"),
        (r#"{"visibilty":1}"#, 400, "invalid-request", "visibilty"),
        (r#"{"retention_ms":1}"#, 400, "invalid-configuration", "retention"),
        (
            r#"{"redrive":{"queue":"dead","receives_max":3}}"#,
            404,
            "queue-not-found",
            "queue \"dead\"",
        ),
    ] {
        let (found, found_code, detail) =
            refused(&put(&node, "/v1/queues/orders", &json, body).await);
        assert_eq!((found, found_code.as_str()), (status, code), "{body}: {detail}");
        assert!(detail.contains(phrase), "{detail}");
    }
    assert_eq!(send(&node, Method::DELETE, "/v1/queues/orders", &[], "").await.status, 204);
    assert_eq!(node.get("/v1/queues/orders").await.code(), "queue-not-found");
}

#[tokio::test]
async fn a_message_is_received_until_it_is_deleted() {
    let node = node().await;
    let headers = [("content-type", "text/plain"), ("lambent-attr-kind", "book")];
    let sent = send(&node, Method::POST, "/v1/queues/orders/messages", &headers, "one").await;
    assert_eq!(sent.status, 201, "{sent:?}");
    let sent = sent.json();
    assert_eq!(sent["duplicate"], false);
    let first = receive(&node, "").await.remove(0);
    assert_eq!((&first["id"], &first["text"]), (&sent["id"], &json!("one")));
    assert_eq!(first["content_type"], "text/plain");
    assert_eq!((&first["attributes"], &first["receives"]), (&json!({"kind": "book"}), &json!(1)));
    assert_eq!(receive(&node, "").await, Vec::<Value>::new());

    let receipt = |message: &Value| {
        format!("/v1/queues/orders/receipts/{}", message["receipt"].as_str().unwrap())
    };
    let back = [("content-type", "application/json")];
    let given = request(Method::PATCH, &receipt(&first), &back, r#"{"visibility_ms":0}"#);
    assert!(node.send(given).await.status.is_success());
    let second = receive(&node, "").await.remove(0);
    assert_eq!((&second["id"], &second["receives"]), (&sent["id"], &json!(2)));
    let (status, code, detail) =
        refused(&send(&node, Method::DELETE, &receipt(&first), &[], "").await);
    assert_eq!((status, code.as_str()), (410, "receipt-expired"));
    assert!(detail.contains("received again"), "{detail}");
    assert_eq!(send(&node, Method::DELETE, &receipt(&second), &[], "").await.status, 204);
}

#[tokio::test]
async fn several_messages_are_sent_and_deleted_at_once() {
    let node = node().await;
    let batch = [("content-type", "application/vnd.lambent.messages+json")];
    let messages = "/v1/queues/orders/messages";
    let body = r#"{"messages":[{"text":"a"},{"base64":"AP8="}]}"#;
    let sent = send(&node, Method::POST, messages, &batch, body).await;
    assert_eq!(sent.status, 201, "{sent:?}");
    assert_eq!(sent.json()["messages"].as_array().unwrap().len(), 2);
    let received = receive(&node, "limit=10").await;
    assert_eq!((&received[0]["text"], &received[1]["base64"]), (&json!("a"), &json!("AP8=")));
    let receipts = json!({ "receipts": [received[0]["receipt"], "bogus"] }).to_string();
    let deleted = node.post("/v1/queues/orders/delete", receipts).await.json();
    assert_eq!(deleted, json!({ "deleted": [true, false] }));
    let purged = send(&node, Method::POST, "/v1/queues/orders/purge", &[], "").await;
    assert_eq!(purged.json(), json!({ "deleted": 1 }));
    for bad in [r#"{"messages":[{}]}"#, r#"{"messages":[{"text":"a","base64":""}]}"#, "[]"] {
        let reply = send(&node, Method::POST, messages, &batch, bad).await;
        assert_eq!(reply.code(), "invalid-request", "{bad}");
    }
    let large = "x".repeat((1 << 20) + 1);
    let reply = send(&node, Method::POST, messages, &[], &large).await;
    assert_eq!(refused(&reply).1, "payload-too-large");
    for bad in ["wait=21s", "limit=0", "visibility=x", "wait=soon"] {
        let path = format!("/v1/queues/orders/receive?{bad}");
        assert_eq!(send(&node, Method::POST, &path, &[], "").await.code(), "invalid-request");
    }
    let lost = send(&node, Method::POST, "/v1/queues/lost/receive", &[], "").await;
    assert_eq!(lost.code(), "queue-not-found");
}

#[tokio::test]
async fn a_receiver_waits_for_the_first_message() {
    let node = node().await;
    let begun = Instant::now();
    let (received, sent) = tokio::join!(receive(&node, "wait=20s"), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        send(&node, Method::POST, "/v1/queues/orders/messages", &[], "late").await
    });
    assert_eq!(sent.status, 201);
    assert_eq!(received[0]["text"], "late");
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_receiver_that_waits_does_not_hold_up_the_end() {
    let mut node = node().await;
    let begun = Instant::now();
    let bearer = format!("Bearer {}", node.key);
    let waiting = request(
        Method::POST,
        "/v1/queues/orders/receive?wait=20s",
        &[("authorization", &bearer)],
        "",
    );
    let address = node.address;
    let waiting = tokio::spawn(async move { Node::send_to(address, waiting).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    node.stop().await.unwrap();
    assert_eq!(waiting.await.unwrap().json(), json!({ "messages": [] }));
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn dead_letters_go_back_where_they_came_from() {
    let node = Node::start().await;
    put(&node, "/v1/queues/dead", &[], "").await;
    let json = [("content-type", "application/json")];
    let attributes = r#"{"redrive":{"queue":"dead","receives_max":1}}"#;
    assert_eq!(put(&node, "/v1/queues/orders", &json, attributes).await.status, 201);
    send(&node, Method::POST, "/v1/queues/orders/messages", &[], "poison").await;
    assert_eq!(receive(&node, "visibility=0").await.len(), 1);
    assert_eq!(receive(&node, "visibility=0").await.len(), 0);
    // A receiver is answered before what it moved is seen by readers.
    let moved = async {
        while node.get("/v1/queues/dead").await.json()["depth"]["ready"] != 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), moved).await.expect("no dead letter");
    let moved = send(&node, Method::POST, "/v1/queues/dead/redrive", &[], "").await.json();
    assert_eq!(moved, json!({ "moved": 1 }));
    assert_eq!(receive(&node, "").await[0]["receives"], 1);
    let (status, code, detail) =
        refused(&send(&node, Method::DELETE, "/v1/queues/dead", &[], "").await);
    assert_eq!((status, code.as_str()), (409, "conflict"));
    assert!(detail.contains("queue \"orders\" sends its dead letters"), "{detail}");
}
