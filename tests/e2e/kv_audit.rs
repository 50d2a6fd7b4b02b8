//! Every change of a key reaches a watcher, those of one key in their order, also
//! over a crash.

use lambent_api::kinds::Keyspace;

use crate::node::Node;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_change_of_a_key_is_written_down_in_order() {
    let node = Node::start(&[]);
    node.apply_example("kv-audit", &[]).await;
    node.set_key("settings", "color", "red").await;
    node.set_key("settings", "color", "green").await;
    node.delete_key("settings", "color").await;
    let entries = node.keys("audit", "entry", 3).await;
    let seen: Vec<_> = entries
        .iter()
        .map(|entry| (entry["key"].as_str(), entry["change"].as_str(), entry["bytes"].as_u64()))
        .collect();
    let color = Some("color");
    assert_eq!(
        seen,
        [
            (color, Some("set"), Some(3)),
            (color, Some("set"), Some(5)),
            (color, Some("delete"), None)
        ]
    );
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watcher_of_another_ecosystem_keeps_up_over_a_crash() {
    let node = Node::start(&[]);
    for keyspace in ["originals", "copies"] {
        node.create::<Keyspace>(keyspace, ()).await;
    }
    let grants =
        serde_json::json!({ "keyspaces": { "originals": "read", "copies": "read-write" } });
    let configuration = serde_json::json!({ "grants": grants });
    node.deploy_with("copy", "guest-peer-wasmcloud-watcher", configuration).await;
    let source = serde_json::json!({ "kind": "keyvalue", "keyspace": "originals" });
    node.trigger("copy", source, serde_json::json!({ "backoff_ms": 100 })).await;

    node.set_key("originals", "a", "1").await;
    node.key_becomes("copies", "a", Some("1")).await;
    for value in 2..=20 {
        node.set_key("originals", "a", &value.to_string()).await;
    }
    node.set_key("originals", "b", "1").await;
    node.delete_key("originals", "b").await;
    node.set_key("originals", "c", "1").await;
    node.kill();

    let node = Node::start_in(&node.data(), &[]);
    node.drained("to-copy-from-keyvalue").await;
    for (key, value) in [("a", Some("20")), ("b", None), ("c", Some("1"))] {
        let copy = node.get_key("copies", key).await;
        assert_eq!(copy.as_deref(), value, "the last change of {key} is the last copied");
    }
    node.stop().await;
}
