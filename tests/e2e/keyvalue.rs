//! Keys and values: atomic, conditional, counted, expiring; and one namespace
//! is all anyone sees.

use std::sync::Arc;

use lambent_api::kinds::Keyspace;
use serde_json::{Value, json};

use crate::client::{Ask, Reply};
use crate::node::{Node, eventually, shared};

fn ask(node: &Node, method: &str, path: &str) -> Ask {
    node.ask(method, &format!("/v1/keyspaces/{path}")).key(&node.key)
}

async fn keyspace(node: &Node, name: &str) {
    node.create::<Keyspace>(name, ()).await;
}

async fn batch(node: &Node, keyspace: &str, changes: Value) -> Reply {
    let ask = ask(node, "POST", &format!("{keyspace}/batch"));
    let ask = ask.header("content-type", "application/json");
    ask.body(json!({ "changes": changes }).to_string()).send().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_is_set_only_as_expected() {
    let node = shared().await;
    keyspace(node, "expect").await;
    let set = |name: &'static str, value: String, body: &'static str| async move {
        ask(node, "PUT", "expect/keys/k").header(name, &value).body(body).send().await
    };
    let first = set("if-none-match", "*".into(), "one").await;
    assert_eq!(first.status, 204, "{first:?}");
    let revision = first.header("etag").to_owned();
    set("if-none-match", "*".into(), "two").await.problem(412, "precondition-failed");
    let second = set("if-match", revision.clone(), "two").await;
    assert_eq!(second.status, 204, "{second:?}");
    let detail = set("if-match", revision, "three").await.problem(412, "precondition-failed");
    assert!(detail.contains('k'), "{detail}");
    let reply = ask(node, "GET", "expect/keys/k").send().await;
    assert_eq!((reply.text().as_str(), reply.header("etag")), ("two", second.header("etag")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn additions_of_many_at_once_all_count() {
    let node = shared().await;
    keyspace(node, "counting").await;
    let adders = (0..20).map(|_| async {
        for _ in 0..10 {
            let reply = ask(node, "POST", "counting/increments/n?by=3").send().await;
            assert_eq!(reply.status, 200, "{reply:?}");
        }
    });
    futures::future::join_all(adders).await;
    assert_eq!(ask(node, "GET", "counting/keys/n").send().await.text(), "600");
    ask(node, "PUT", "counting/keys/word").body("seven").send().await;
    let reply = ask(node, "POST", "counting/increments/word?by=1").send().await;
    assert!(reply.problem(409, "conflict").contains("no decimal number"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_made_whole_or_not_at_all() {
    let node = shared().await;
    keyspace(node, "batches").await;
    let reply = batch(
        node,
        "batches",
        json!([
            { "set": "a", "text": "1" }, { "set": "b", "base64": "AP8=" }, { "delete": "none" },
        ]),
    )
    .await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.json()["revisions"].as_array().unwrap().len(), 3);
    assert_eq!(&ask(node, "GET", "batches/keys/b").send().await.body[..], [0, 255]);
    let reply = batch(
        node,
        "batches",
        json!([
            { "set": "a", "text": "2" }, { "set": "b", "text": "2", "revision": 0 },
        ]),
    )
    .await;
    reply.problem(412, "precondition-failed");
    assert_eq!(ask(node, "GET", "batches/keys/a").send().await.text(), "1");
    let reply = batch(node, "batches", json!([{ "sett": "a" }])).await;
    assert!(reply.problem(400, "invalid-request").contains("sett"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_value_is_gone_also_after_a_restart() {
    let data = Arc::new(tempfile::tempdir().unwrap());
    let node = Node::start_in(&data, &[]);
    keyspace(&node, "short").await;
    for (key, ttl) in [("brief", "?ttl=300ms"), ("long", "?ttl=1h"), ("ever", "")] {
        let reply = ask(&node, "PUT", &format!("short/keys/{key}{ttl}")).body("v").send().await;
        assert!(matches!(reply.status, 200 | 201 | 204), "{reply:?}");
    }
    eventually("the end of a value", async || {
        let reply = ask(&node, "GET", "short/keys/brief").send().await;
        (reply.status == 404).then_some(())
    })
    .await;
    node.kill();
    let node = Node::start_in(&data, &[]);
    ask(&node, "GET", "short/keys/brief").send().await.problem(404, "key-not-found");
    let long = ask(&node, "GET", "short/keys/long").send().await;
    assert!(!long.header("lambent-expires").is_empty(), "{long:?}");
    let page = ask(&node, "GET", "short/keys").send().await.json();
    assert_eq!(page["keys"], json!(["ever", "long"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_and_values_out_of_bounds_are_named() {
    let node = shared().await;
    keyspace(node, "bounds").await;
    let large = vec![b'x'; (1 << 20) + 1];
    let reply = ask(node, "PUT", "bounds/keys/k").body(large).send().await;
    assert!(reply.problem(413, "payload-too-large").contains("1.0 MiB"));
    let long = "k".repeat(1025);
    let reply = ask(node, "PUT", &format!("bounds/keys/{long}")).body("v").send().await;
    assert!(reply.problem(400, "invalid-request").contains("1024"));
    let reply = ask(node, "PUT", "bounds/keys/k?ttl=soon").body("v").send().await;
    assert!(reply.problem(400, "invalid-request").contains("ttl"));
    let reply = ask(node, "GET", "no-such/keys/k").send().await;
    assert!(reply.problem(404, "keyspace-not-found").contains("no-such"));
    ask(node, "PUT", "a%20b").send().await.problem(400, "invalid-name");
    ask(node, "PUT", "bounds/keys/k").body("v").send().await;
    let detail = ask(node, "DELETE", "bounds").send().await.problem(409, "conflict");
    assert!(detail.contains("not empty"), "{detail}");
}
