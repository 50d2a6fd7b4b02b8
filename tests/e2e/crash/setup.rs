use serde_json::{Value, json};

use crate::node::Node;

/// Keyspaces that the function writes: what it has seen, and in what order.
pub(super) const SEEN: &str = "seen";

async fn put(node: &Node, path: &str, body: Value) {
    let ask = node.ask("PUT", path).key(&node.key).header("content-type", "application/json");
    let reply = ask.body(body.to_string()).send().await;
    assert!(matches!(reply.status, 200 | 201), "{path}: {reply:?}");
}

/// Makes everything the producers write to, and the function that sees it.
pub(super) async fn deploy(node: &Node) {
    for path in ["/v1/buckets/in-objects", "/v1/keyspaces/in", "/v1/keyspaces/counters"] {
        put(node, path, json!({})).await;
    }
    put(node, &format!("/v1/keyspaces/{SEEN}"), json!({})).await;
    put(node, "/v1/queues/given-up", json!({})).await;
    let redrive = json!({ "queue": "given-up", "receives_max": 3 });
    let standard = json!({ "visibility_timeout_ms": 1000, "redrive": redrive });
    put(node, "/v1/queues/work", standard).await;
    put(node, "/v1/queues/jobs.fifo", json!({ "visibility_timeout_ms": 1000 })).await;
    node.deploy("ledger", "guest-ledger", "timeout=10s").await;
    let change = json!({
        "grants": { "keyspaces": { SEEN: "read-write" } },
        "delivery": {
            "attempts_max": 5, "backoff_ms": 10, "dead_letter": "queue:given-up"
        },
    });
    let ask = node.api("PATCH", "/ledger").header("content-type", "application/json");
    assert_eq!(ask.body(change.to_string()).send().await.status, 200);
    for (name, source) in [
        ("objects", json!({ "kind": "object", "bucket": "in-objects", "changes": ["created"] })),
        ("keys", json!({ "kind": "keyvalue", "keyspace": "in" })),
        ("work", json!({ "kind": "queue", "queue": "work" })),
        ("jobs", json!({ "kind": "queue", "queue": "jobs.fifo" })),
    ] {
        let trigger = json!({ "function": "ledger", "source": source });
        put(node, &format!("/v1/triggers/{name}"), trigger).await;
    }
    node.kill();
}
