//! The commands for objects, keys and messages against a node.

use std::fs;

use crate::cli::{at, exits, json, ok};
use crate::node::{Node, run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_go_up_and_come_down() {
    let node = Node::start(&[]);
    let directory = tempfile::tempdir().unwrap();
    let (photo, copy) = (directory.path().join("photo.jpg"), directory.path().join("copy.jpg"));
    fs::write(&photo, b"\xff\xd8 not quite a photo").unwrap();
    let (photo, copied) = (photo.to_str().unwrap(), copy.to_str().unwrap());
    let done = ok(&node, &["bucket", "create", "photos"]).await;
    assert_eq!(done.stdout, "created bucket photos\n");
    let done = ok(&node, &["bucket", "create", "photos"]).await;
    assert_eq!(done.stdout, "bucket photos is there already\n");

    for key in ["2026/a b.jpg", "../odd//é%2F.jpg", "/x"] {
        ok(&node, &["object", "put", "photos", key, photo, "--meta", "by=ada"]).await;
        ok(&node, &["object", "get", "photos", key, "-o", copied]).await;
        assert_eq!(fs::read(&copy).unwrap(), fs::read(photo).unwrap(), "{key}");
        let head = json(&node, &["object", "head", "photos", key]).await;
        assert_eq!((&head["key"], &head["metadata"]["by"]), (&key.into(), &"ada".into()));
    }
    let list = json(&node, &["object", "list", "photos", "--prefix", "2026/"]).await;
    assert_eq!(list["objects"][0]["content_type"], "image/jpeg");
    let list = json(&node, &["object", "list", "photos", "--limit", "2"]).await;
    assert_eq!(list["objects"].as_array().unwrap().len(), 2);
    let done = ok(&node, &["object", "get", "photos", "/x", "--range", "3-5"]).await;
    assert_eq!(done.stdout, "not");
    let done = exits(&node, 1, &["object", "put", "photos", "/x", photo, "--if-absent"]).await;
    assert!(done.stderr.contains("error:"), "{done:?}");

    let done = exits(&node, 1, &["bucket", "delete", "photos"]).await;
    assert!(done.stderr.contains("photos"), "{done:?}");
    let done = exits(&node, 1, &["object", "get", "photos", "nope", "-o", copied]).await;
    assert!(done.stderr.contains("nope"), "{done:?}");
    assert!(copy.exists(), "what was there stays");
    exits(&node, 1, &["object", "head", "photos", "nope"]).await;
    for key in ["2026/a b.jpg", "../odd//é%2F.jpg", "/x"] {
        ok(&node, &["object", "delete", "photos", key]).await;
    }
    ok(&node, &["bucket", "delete", "photos"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_objects_go_in_parts() {
    let node = Node::start(&[]);
    let directory = tempfile::tempdir().unwrap();
    let (big, copy) = (directory.path().join("big"), directory.path().join("copy"));
    let file = fs::File::create(&big).unwrap();
    let bytes = (64 << 20) + 1;
    file.set_len(bytes).unwrap();
    ok(&node, &["bucket", "create", "backups"]).await;
    let (from, to) = (big.to_str().unwrap(), copy.to_str().unwrap());
    let object = json(&node, &["object", "put", "backups", "big", from]).await;
    assert_eq!(object["size"], bytes);
    assert!(object["etag"].as_str().unwrap().ends_with("-3"), "{object}");
    // The same through a pipe, which does not say how long it is.
    let mut command = at(&node, &["object", "put", "backups", "piped", "-", "--json"]);
    command.stdin(fs::File::open(&big).unwrap());
    let done = tokio::task::spawn_blocking(|| run(command)).await.unwrap();
    let piped: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(piped["etag"], object["etag"]);
    ok(&node, &["object", "get", "backups", "big", "-o", to]).await;
    assert_eq!(fs::metadata(&copy).unwrap().len(), bytes);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_set_counted_and_listed() {
    let node = Node::start(&[]);
    ok(&node, &["keyspace", "create", "settings"]).await;
    ok(&node, &["kv", "set", "settings", "a/b c", "hello"]).await;
    assert_eq!(ok(&node, &["kv", "get", "settings", "a/b c"]).await.stdout, "hello");
    let value = json(&node, &["kv", "get", "settings", "a/b c"]).await;
    let revision = value["revision"].as_u64().unwrap().to_string();
    exits(&node, 1, &["kv", "set", "settings", "a/b c", "x", "--if-revision", "0"]).await;
    ok(&node, &["kv", "set", "settings", "a/b c", "x", "--if-revision", &revision]).await;
    let stale = ["kv", "delete", "settings", "a/b c", "--if-revision", &revision];
    let done = exits(&node, 1, &stale).await;
    assert!(done.stderr.contains("error:"));
    assert_eq!(ok(&node, &["kv", "increment", "settings", "n"]).await.stdout, "1\n");
    assert_eq!(ok(&node, &["kv", "increment", "settings", "n", "--by", "-3"]).await.stdout, "-2\n");
    let done = ok(&node, &["kv", "set", "settings", "brief", "x", "--ttl", "1h"]).await;
    assert!(done.stdout.starts_with("set \"brief\" (revision "), "{done:?}");
    assert!(json(&node, &["kv", "get", "settings", "brief"]).await["expires"].is_string());
    assert_eq!(ok(&node, &["kv", "list", "settings"]).await.stdout, "a/b c\nbrief\nn\n");
    assert_eq!(ok(&node, &["kv", "list", "settings", "--prefix", "b"]).await.stdout, "brief\n");
    exits(&node, 1, &["kv", "get", "settings", "nope"]).await;
    exits(&node, 1, &["keyspace", "delete", "settings"]).await;
    for key in ["a/b c", "brief", "n"] {
        ok(&node, &["kv", "delete", "settings", key]).await;
    }
    ok(&node, &["keyspace", "delete", "settings"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_are_sent_and_received() {
    let node = Node::start(&[]);
    ok(&node, &["queue", "create", "orders", "--visibility", "1m"]).await;
    ok(&node, &["queue", "send", "orders", "{\"item\":7}", "--attribute", "kind=book"]).await;
    let done = ok(&node, &["queue", "describe", "orders"]).await;
    assert!(done.stdout.contains("ready            1"), "{done:?}");
    let done = ok(&node, &["queue", "receive", "orders", "--delete"]).await;
    assert_eq!(done.stdout, "{\"item\":7}\n");
    assert!(done.stderr.contains("kind=book"), "{done:?}");
    let done = ok(&node, &["queue", "receive", "orders"]).await;
    assert!(done.stdout.is_empty() && done.stderr.contains("no messages"), "{done:?}");

    ok(&node, &["queue", "create", "jobs.fifo", "--content-deduplication"]).await;
    exits(&node, 2, &["queue", "send", "jobs.fifo", "a"]).await;
    ok(&node, &["queue", "send", "jobs.fifo", "a", "--group", "g"]).await;
    let done = ok(&node, &["queue", "send", "jobs.fifo", "a", "--group", "g"]).await;
    assert!(done.stdout.starts_with("a duplicate of "), "{done:?}");
    exits(&node, 2, &["queue", "purge", "jobs.fifo"]).await;
    let done = ok(&node, &["queue", "purge", "jobs.fifo", "--yes"]).await;
    assert_eq!(done.stdout, "deleted 1 message\n");
    ok(&node, &["queue", "delete", "jobs.fifo", "--yes"]).await;
}
