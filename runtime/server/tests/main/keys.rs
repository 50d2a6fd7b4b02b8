//! Keyspaces and keys.

use http::Method;
use serde_json::{Value, json};

use crate::api::refused;
use crate::node::{Node, Reply};
use crate::objects::{KEYS, put, send};

const COLOUR: &str = "/v1/keyspaces/settings/keys/colour";

async fn node() -> Node {
    let node = Node::start().await;
    assert_eq!(put(&node, "/v1/keyspaces/settings", &[], "").await.status, 201);
    node
}

fn revision(reply: &Reply) -> u64 {
    reply.header("etag").trim_matches('"').parse().unwrap()
}

#[tokio::test]
async fn a_keyspace_from_put_to_delete() {
    let node = node().await;
    assert_eq!(put(&node, "/v1/keyspaces/settings", &[], "").await.status, 200);
    let one = node.get("/v1/keyspaces/settings").await.json();
    assert_eq!(node.get("/v1/keyspaces").await.json(), json!({ "keyspaces": [one] }));
    put(&node, COLOUR, &[], "red").await;
    let full = send(&node, Method::DELETE, "/v1/keyspaces/settings", &[], "").await;
    let (status, code, detail) = refused(&full);
    assert_eq!((status, code.as_str()), (409, "conflict"));
    assert!(detail.contains("not empty; delete its keys"), "{detail}");
    assert_eq!(send(&node, Method::DELETE, COLOUR, &[], "").await.status, 204);
    assert_eq!(send(&node, Method::DELETE, "/v1/keyspaces/settings", &[], "").await.status, 204);
    assert_eq!(node.get(COLOUR).await.code(), "keyspace-not-found");
    assert_eq!(put(&node, COLOUR, &[], "x").await.code(), "keyspace-not-found");
    assert_eq!(put(&node, "/v1/keyspaces/a.b", &[], "").await.code(), "invalid-name");
}

#[tokio::test]
async fn values_are_compared_and_swapped() {
    let node = node().await;
    let missing = node.get(COLOUR).await;
    assert_eq!(refused(&missing).1, "key-not-found");
    let first = put(&node, COLOUR, &[("if-none-match", "*")], "red").await;
    assert!(first.status.is_success(), "{first:?}");
    let tag = first.header("etag").to_owned();
    let read = node.get(COLOUR).await;
    assert_eq!((read.text().as_str(), read.header("etag")), ("red", tag.as_str()));
    assert_eq!(read.header("lambent-expires"), "");
    let head = send(&node, Method::HEAD, COLOUR, &[], "").await;
    assert_eq!((head.header("content-length"), head.header("etag")), ("3", tag.as_str()));
    let known = send(&node, Method::GET, COLOUR, &[("if-none-match", &tag)], "").await;
    assert_eq!((known.status.as_u16(), known.body.len()), (304, 0));
    let twice = put(&node, COLOUR, &[("if-none-match", "*")], "blue").await;
    assert_eq!(refused(&twice).1, "precondition-failed");
    let second = put(&node, COLOUR, &[("if-match", &tag)], "blue").await;
    assert!(revision(&second) > revision(&first));
    let (status, code, detail) = refused(&put(&node, COLOUR, &[("if-match", &tag)], "x").await);
    assert_eq!((status, code.as_str()), (412, "precondition-failed"));
    assert!(detail.contains(&format!("at revision {}", revision(&second))), "{detail}");
    let stale = send(&node, Method::DELETE, COLOUR, &[("if-match", &tag)], "").await;
    assert_eq!(stale.code(), "precondition-failed");
    let other = put(&node, COLOUR, &[("if-match", "\"x\"")], "x").await;
    assert_eq!(other.code(), "precondition-failed");
    let odd = put(&node, COLOUR, &[("if-match", "x")], "x").await;
    assert_eq!(odd.code(), "invalid-request");
}

#[tokio::test]
async fn values_live_as_long_as_they_should() {
    let node = node().await;
    assert!(put(&node, &format!("{COLOUR}?ttl=1h"), &[], "red").await.status.is_success());
    assert!(node.get(COLOUR).await.header("lambent-expires").ends_with('Z'));
    for bad in ["ttl=soon", "ttl=0", "tll=1s"] {
        let reply = put(&node, &format!("{COLOUR}?{bad}"), &[], "x").await;
        assert_eq!(reply.code(), "invalid-request", "{bad}");
    }
    let large = "x".repeat((1 << 20) + 1);
    let (status, code, detail) = refused(&put(&node, COLOUR, &[], &large).await);
    assert_eq!((status, code.as_str()), (413, "payload-too-large"));
    assert!(detail.contains("1.0 MiB"), "{detail}");
    assert!(put(&node, COLOUR, &[], &large[1..]).await.status.is_success());
}

#[tokio::test]
async fn keys_are_any_text() {
    let node = node().await;
    for (path, key) in KEYS {
        let path = format!("/v1/keyspaces/settings/keys/{path}");
        assert!(put(&node, &path, &[], key).await.status.is_success(), "{path}");
        assert_eq!(node.get(&path).await.text(), *key, "{path}");
    }
    let mut expected: Vec<_> = KEYS.iter().map(|(_, key)| *key).collect();
    expected.sort_unstable();
    let mut listed = Vec::new();
    let mut path = "/v1/keyspaces/settings/keys?limit=1000".to_owned();
    loop {
        let page = node.get(&path).await.json();
        listed.extend(page["keys"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/keyspaces/settings/keys?limit=1000&after={next}");
    }
    assert_eq!(json!(listed), json!(expected));
    let page = node.get("/v1/keyspaces/settings/keys?prefix=a%2F&limit=1").await.json();
    assert_eq!(page, json!({ "keys": ["a/./b/.."], "next": "a/./b/.." }));
}

#[tokio::test]
async fn counters_count() {
    let node = node().await;
    let add = async |query: &str| {
        let path = format!("/v1/keyspaces/settings/increments/visits{query}");
        send(&node, Method::POST, &path, &[], "").await
    };
    assert_eq!(add("").await.json(), json!({ "value": 1 }));
    assert_eq!(add("?by=-8").await.json(), json!({ "value": -7 }));
    assert_eq!(node.get("/v1/keyspaces/settings/keys/visits").await.text(), "-7");
    assert_eq!(add("?by=much").await.code(), "invalid-request");
    put(&node, "/v1/keyspaces/settings/keys/visits", &[], "many").await;
    let (status, code, detail) = refused(&add("").await);
    assert_eq!((status, code.as_str()), (409, "conflict"));
    assert!(detail.contains("decimal number"), "{detail}");
}

#[tokio::test]
async fn batches_change_all_or_nothing() {
    let node = node().await;
    let batch = async |changes: Value| {
        let body = json!({ "changes": changes }).to_string();
        node.post("/v1/keyspaces/settings/batch", body).await
    };
    let made = batch(json!([
        { "set": "a", "text": "1" },
        { "set": "b", "base64": "AP8=", "ttl_ms": 60_000, "revision": 0 },
        { "delete": "c" },
    ]))
    .await;
    assert_eq!(made.status, 200, "{made:?}");
    let made = made.json();
    assert!(made["revisions"][1].as_u64() > made["revisions"][0].as_u64());
    assert_eq!(made["revisions"][2], Value::Null);
    assert_eq!(node.get("/v1/keyspaces/settings/keys/b").await.body, &b"\0\xff"[..]);

    let changes = json!([{ "set": "a", "text": "2" }, { "set": "b", "text": "2", "revision": 0 }]);
    let (status, code, detail) = refused(&batch(changes).await);
    assert_eq!((status, code.as_str()), (412, "precondition-failed"));
    assert!(detail.contains("key \"b\""), "{detail}");
    assert_eq!(node.get("/v1/keyspaces/settings/keys/a").await.text(), "1");
    for bad in [
        json!([{ "set": "a" }]),
        json!([{ "set": "a", "text": "1", "base64": "" }]),
        json!([{ "set": "a", "base64": "*" }]),
        json!([{ "set": "a", "delete": "a", "text": "1" }]),
        json!([{ "text": "1" }]),
        json!([{ "put": "a", "text": "1" }]),
    ] {
        assert_eq!(batch(bad.clone()).await.code(), "invalid-request", "{bad}");
    }
}
