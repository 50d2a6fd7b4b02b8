//! Namespaces through the real binary: deployed to, called, restarted, deleted.

use std::fs;

use crate::cli::{at, exits, json, ok, path};
use crate::node::{Done, Node, run};

/// Runs a command with this key and no other.
async fn with_key(node: &Node, key: &str, arguments: &[&str]) -> Done {
    let mut command = at(node, arguments);
    command.env("LAMBENT_KEY", key);
    tokio::task::spawn_blocking(|| run(command)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_tenants_share_a_node_and_see_nothing_of_each_other() {
    let node = Node::start(&[]);
    let made = ok(&node, &["namespace", "create", "shop"]).await;
    assert_eq!(made.stdout, "created namespace shop\n");
    let again = ok(&node, &["namespace", "create", "shop"]).await;
    assert_eq!(again.stdout, "namespace shop is there already\n");
    ok(&node, &["namespace", "create", "bank"]).await;
    let mut keys = Vec::new();
    for namespace in ["shop", "bank"] {
        let create = ["access-key", "create", "--namespace", namespace, "--description", "ci"];
        let key = json(&node, &create).await;
        assert_eq!(key["namespace"], namespace);
        keys.push(key["secret"].as_str().unwrap().to_owned());
    }
    let [shop, bank] = [&keys[0], &keys[1]];

    // A manifest is applied in the namespace of the key.
    let directory = tempfile::tempdir().unwrap();
    let manifest = format!(
        "name = \"shop\"\n[keyspaces.settings]\n[functions.hello]\ncomponent = \"{}\"\npublic = true\n",
        path("hello-http")
    );
    let file = directory.path().join("lambent.toml");
    fs::write(&file, manifest).unwrap();
    let applied = with_key(&node, shop, &["apply", file.to_str().unwrap(), "--yes"]).await;
    assert_eq!(applied.code, Some(0), "{applied:?}");
    let set = with_key(&node, shop, &["kv", "set", "settings", "colour", "red"]).await;
    assert_eq!(set.code, Some(0), "{set:?}");
    let listed = with_key(&node, bank, &["list", "--json"]).await;
    assert!(!listed.stdout.contains("hello"), "{listed:?}");
    let read = with_key(&node, bank, &["kv", "get", "settings", "colour"]).await;
    assert_eq!(read.code, Some(1), "{read:?}");
    let entered = with_key(&node, bank, &["list", "--namespace", "shop"]).await;
    assert_eq!(entered.code, Some(1), "{entered:?}");
    assert!(entered.stderr.contains("the key is for namespace \"bank\""), "{entered:?}");
    let administered = with_key(&node, bank, &["namespace", "create", "mine"]).await;
    assert!(administered.stderr.contains("only the root key"), "{administered:?}");

    // The log names who changed what, and where.
    node.logged("principal=LKIA").await;
    node.logged("namespace=shop operation=\"deploy_function\" name=\"hello\" outcome=\"done\"")
        .await;

    // Whoever has the root key works in any of them.
    let shown = json(&node, &["describe", "hello", "--namespace", "shop"]).await;
    assert_eq!(shown["namespace"], "shop");
    let called = node.ask("GET", "/fn/@shop/hello/").send().await;
    assert_eq!(called.status, 200, "{called:?}");
    assert_eq!(node.ask("GET", "/fn/hello/").send().await.status, 401);

    // All of it outlives the process.
    let data = node.data();
    node.stop().await;
    let node = Node::start_in(&data, &[]);
    let read = with_key(&node, shop, &["kv", "get", "settings", "colour"]).await;
    assert_eq!(read.stdout.trim(), "red", "{read:?}");

    let refused = exits(&node, 1, &["namespace", "delete", "shop", "--yes"]).await;
    assert!(refused.stderr.contains("function \"hello\""), "{refused:?}");
    ok(&node, &["namespace", "delete", "shop", "--contents", "--yes"]).await;
    let after = with_key(&node, shop, &["list"]).await;
    assert_eq!(after.code, Some(1), "{after:?}");
    assert!(after.stderr.contains("not one of this server"), "{after:?}");
    assert_eq!(node.ask("GET", "/fn/@shop/hello/").send().await.status, 401);
    let names = json(&node, &["namespace", "list"]).await;
    assert_eq!(names["namespaces"].as_array().unwrap().len(), 2);
    let other = with_key(&node, bank, &["list"]).await;
    assert_eq!(other.code, Some(0), "{other:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_namespace_is_given_quotas_and_keeps_them() {
    let node = Node::start(&[]);
    ok(&node, &["namespace", "create", "shop", "--quota", "key-count=1"]).await;
    ok(&node, &["keyspace", "create", "settings", "--namespace", "shop"]).await;
    let set = |key| ["kv", "set", "settings", key, "v", "--namespace", "shop"];
    ok(&node, &set("a")).await;
    let full = exits(&node, 1, &set("b")).await;
    assert!(full.stderr.contains("holds 1 keys and may hold 1"), "{full:?}");
    assert!(full.stderr.contains("lambent namespace update"), "{full:?}");

    let data = node.data();
    node.stop().await;
    let node = Node::start_in(&data, &[]);
    exits(&node, 1, &set("b")).await;
    let update = ["namespace", "update", "shop", "--quota", "key-count=2", "--quota", "queues=0"];
    ok(&node, &update).await;
    ok(&node, &set("b")).await;
    let shown = ok(&node, &["namespace", "describe", "shop"]).await;
    let row = |quota: &str| {
        let mut rows = shown.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        rows.find(|row| row.first() == Some(&quota)).unwrap_or_else(|| panic!("{shown:?}"))
    };
    assert_eq!(row("keys"), ["keys", "2", "2", "namespace"]);
    assert_eq!(row("buckets"), ["buckets", "0", "10,000", "node"]);
    exits(&node, 1, &["queue", "create", "q", "--namespace", "shop"]).await;
    ok(&node, &["namespace", "update", "shop", "--quota", "queues=default"]).await;
    ok(&node, &["queue", "create", "q", "--namespace", "shop"]).await;
    exits(&node, 2, &["namespace", "update", "shop"]).await;
    exits(&node, 2, &["namespace", "update", "shop", "--quota", "keys=1"]).await;
}
