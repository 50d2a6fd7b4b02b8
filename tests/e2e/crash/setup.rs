use lambent_api::kinds::{Bucket, Keyspace, Queue, Trigger};
use lambent_api::types::{QueueAttributes, Redrive};
use serde_json::json;

use crate::node::Node;
use crate::typed::named;

/// Keyspaces that the function writes: what it has seen, and in what order.
pub(super) const SEEN: &str = "seen";

/// Makes everything the producers write to, and the function that sees it.
pub(super) async fn deploy(node: &Node) {
    node.create::<Bucket>("in-objects", Default::default()).await;
    for keyspace in ["in", "counters", SEEN] {
        node.create::<Keyspace>(keyspace, ()).await;
    }
    node.create::<Queue>("given-up", QueueAttributes::default()).await;
    let jobs = QueueAttributes { visibility_timeout_ms: 1000, ..QueueAttributes::default() };
    let redrive = Some(Redrive { queue: named("given-up"), receives_max: 3 });
    node.create::<Queue>("work", QueueAttributes { redrive, ..jobs.clone() }).await;
    node.create::<Queue>("jobs.fifo", jobs).await;
    node.deploy("ledger", "guest-ledger", "timeout=10s").await;
    let change = json!({
        "grants": { "keyspaces": { SEEN: "read-write" } },
        "delivery": {
            "attempts_max": 5, "backoff_ms": 10, "dead_letter": "queue:given-up"
        },
    });
    node.configure("ledger", change).await;
    for (name, source) in [
        ("objects", json!({ "kind": "object", "bucket": "in-objects", "changes": ["created"] })),
        ("keys", json!({ "kind": "keyvalue", "keyspace": "in" })),
        ("work", json!({ "kind": "queue", "queue": "work" })),
        ("jobs", json!({ "kind": "queue", "queue": "jobs.fifo" })),
    ] {
        node.wire::<Trigger>(name, json!({ "function": "ledger", "source": source })).await;
    }
    node.kill();
}
