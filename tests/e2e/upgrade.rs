//! What an earlier release wrote is served by this one.

use std::sync::Arc;

use lambent_test_support::data;

use crate::cli::{json, ok};
use crate::node::Node;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_of_the_last_format_is_served_with_everything_in_it() {
    let home = Arc::new(tempfile::tempdir().unwrap());
    data::unpack("format-1", home.path());
    let key = std::fs::read_to_string(home.path().join("root-key.json")).unwrap();
    // Twice: what was upgraded opens again.
    for _ in 0..2 {
        let node = Node::start_in(&home, &[]);
        let shown = json(&node, &["describe", "hello"]).await;
        assert_eq!(shown["configuration"]["description"], "third", "{shown}");
        let versions = json(&node, &["versions", "hello"]).await;
        assert_eq!(versions["versions"].as_array().unwrap().len(), 2, "{versions}");
        // Its code is compiled again, for the head and for a version.
        ok(&node, &["invoke", "hello", "-d", "{}"]).await;
        ok(&node, &["invoke", "hello", "-d", "{}", "--qualifier", "1"]).await;
        let value = ok(&node, &["kv", "get", "settings", "greeting"]).await;
        assert_eq!(value.stdout.trim(), "waits");
        let listed = ok(&node, &["object", "list", "photos"]).await;
        for object in ["2026/empty", "cat.jpg", "whole"] {
            assert!(listed.stdout.contains(object), "{listed:?}");
        }
        let cat = ok(&node, &["object", "get", "photos", "cat.jpg"]).await;
        assert_eq!(cat.stdout, "a cat");
        for (kind, names) in [
            ("queue", vec!["dead", "jobs.fifo", "orders"]),
            ("trigger", vec!["on-key", "on-order", "on-photo"]),
            ("schedule", vec!["far", "nightly"]),
        ] {
            let listed = ok(&node, &[kind, "list"]).await;
            assert!(names.iter().all(|name| listed.stdout.contains(name)), "{listed:?}");
        }
        // There were no volumes yet.
        let volumes = json(&node, &["volume", "list"]).await;
        assert_eq!(volumes["volumes"].as_array().unwrap().len(), 0, "{volumes}");
        ok(&node, &["volume", "create", "data"]).await;
        ok(&node, &["volume", "delete", "data"]).await;
        // A new change still reaches what the old trigger names.
        ok(&node, &["trigger", "put", "on-key", "--function", "hello", "--keyspace", "settings"])
            .await;
        ok(&node, &["kv", "set", "settings", "another", "value"]).await;
        let namespaces = json(&node, &["namespace", "list"]).await;
        assert_eq!(namespaces["namespaces"].as_array().unwrap().len(), 1);
        ok(&node, &["namespace", "create", "shop", "--quota", "queues=1"]).await;
        ok(&node, &["namespace", "delete", "shop", "--yes"]).await;
        node.stop().await;
        // The key of the node is what it was.
        let now = std::fs::read_to_string(home.path().join("root-key.json")).unwrap();
        assert!(key_of(&now) == key_of(&key));
    }
}

/// The key's id and secret: the file also says where the node listens.
fn key_of(file: &str) -> [String; 2] {
    let file: serde_json::Value = serde_json::from_str(file).unwrap();
    ["key_id", "secret"].map(|member| file[member].to_string())
}
