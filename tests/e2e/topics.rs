//! Topics by the native API: what was published comes to every subscription, whatever happens to the node.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::cli::ok;
use crate::node::{Node, eventually};

const SUBSCRIPTIONS: usize = 200;
const MESSAGES: usize = 5;

async fn put(node: &Node, path: &str, body: Value) {
    let ask = node.ask("PUT", path).key(&node.key).header("content-type", "application/json");
    let reply = ask.body(body.to_string()).send().await;
    assert!(reply.status < 300, "{path}: {reply:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_comes_to_all_subscriptions_of_a_node_that_is_killed() {
    let data = Arc::new(tempfile::tempdir().unwrap());
    let node = Node::start_in(&data, &[]);
    ok(&node, &["queue", "create", "all"]).await;
    ok(&node, &["topic", "put", "news"]).await;
    for number in 0..SUBSCRIPTIONS {
        let body = json!({ "topic": "news", "subscriber": "queue:all" });
        put(&node, &format!("/v1/subscriptions/s-{number}"), body).await;
    }
    let mut expected = BTreeSet::new();
    for number in 0..MESSAGES {
        let ask = node.ask("POST", "/v1/topics/news/messages").key(&node.key);
        let ask = ask.header("content-type", "application/json");
        let reply = ask.body(json!({ "message": format!("m{number}") }).to_string()).send().await;
        assert_eq!(reply.status, 201, "{reply:?}");
        expected.extend((0..SUBSCRIPTIONS).map(|one| (format!("m{number}"), format!("s-{one}"))));
    }
    // In the midst of it.
    eventually("the first copies", async || {
        let reply = node.ask("GET", "/v1/queues/all").key(&node.key).send().await;
        let queue: Value = serde_json::from_str(&reply.text()).unwrap();
        (queue["depth"]["ready"].as_u64().unwrap() > 0).then_some(())
    })
    .await;
    node.kill();
    drop(node);

    let node = Node::start_in(&data, &[]);
    let mut found = BTreeSet::new();
    let mut received = 0;
    while found.len() < expected.len() {
        let batch = eventually("messages", async || {
            let path = "/v1/queues/all/receive?limit=100&wait=1s&visibility=10m";
            let reply = node.ask("POST", path).key(&node.key).send().await;
            let batch: Value = serde_json::from_str(&reply.text()).unwrap();
            let batch = batch["messages"].as_array().unwrap().clone();
            (!batch.is_empty()).then_some(batch)
        });
        for message in batch.await {
            let body: Value = serde_json::from_str(message["text"].as_str().unwrap()).unwrap();
            let url = body["UnsubscribeURL"].as_str().unwrap();
            let (_, name) = url.split_once("%3Anews%3As%2D").unwrap();
            let name = name.split('&').next().unwrap();
            found.insert((body["Message"].as_str().unwrap().to_owned(), format!("s-{name}")));
            received += 1;
        }
    }
    assert_eq!(found, expected);
    println!("{received} copies of {}", expected.len());
    ok(&node, &["topic", "delete", "news"]).await;
    let left = ok(&node, &["topic", "subscriptions"]).await;
    assert!(!left.stdout.contains("s-1"), "{left:?}");
}
