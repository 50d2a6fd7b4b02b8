//! Snapshots: a published version starts from the state that its INIT ended in.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cli::{self, exits, ok};
use crate::node::{Node, eventually, guest_code};
use crate::packages::package;

const FILES: &[(&str, &str)] = &[("app.txt", "")];

async fn with_runtime() -> Node {
    let node = Node::start(&[]);
    node.install_runtime("script1", guest_code("guest-script-runtime").await).await;
    node
}

/// Deploys a function with snapshots, whose every invocation has a fresh instance.
async fn deploy(node: &Node, function: &str, environment: Value) {
    let change = json!({
        "runtime": "script1", "handler": "app.tell", "snapshot": true, "reuse": 1,
        "timeout_ms": 60_000,
        "environment": environment,
    });
    node.deploy_package(function, package(FILES), change).await;
}

/// The files in a directory and those below that have so many bytes at least and begin so.
fn files_of(directory: &Path, bytes: u64, head: &[u8]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_of(&path, bytes, head));
        } else if entry.metadata().is_ok_and(|file| file.len() >= bytes)
            && fs::read(&path).is_ok_and(|all| all.starts_with(head))
        {
            found.push(path);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fresh_instances_of_a_version_start_from_its_snapshot() {
    let node = with_runtime().await;
    deploy(&node, "f", json!({ "BALLAST": "10", "NAME": "one" })).await;
    let published = cli::json(&node, &["publish", "f"]).await;
    assert!(published["snapshot_bytes"].as_u64().unwrap() > 10 << 20, "{published}");
    for _ in 0..3 {
        let (told, start) = node.answer_of("f", 1, &json!({})).await;
        assert_eq!(start, "restored");
        let counts = ["calls", "initialized", "kept", "restored"].map(|name| &told[name]);
        assert_eq!(counts, [1, 1, 1, 1]);
        assert_eq!(told["ballast"], 10 << 20);
        assert_eq!(told["environment"]["AWS_LAMBDA_FUNCTION_VERSION"], "1");
    }
    // The head has none, and what has not changed is not published again.
    let told_by_head = node.answer("f", &json!({})).await;
    assert_eq!((&told_by_head["restored"], &told_by_head["ballast"]), (&json!(0), &json!(0)));
    let again = cli::json(&node, &["publish", "f"]).await;
    assert_eq!(again["version"], published["version"]);
    // Another configuration has another state.
    node.configure("f", json!({ "environment": { "BALLAST": "1", "NAME": "two" } })).await;
    ok(&node, &["publish", "f"]).await;
    let two = node.answer_of("f", 2, &json!({})).await.0;
    assert_eq!((&two["ballast"], &two["environment"]["NAME"]), (&json!(1 << 20), &json!("two")));
    // It outlives the process, and used instances and ready ones begin with it too.
    let data = node.data();
    drop(node);
    let node = Node::start_in(&data, &[]);
    let (first, start) = node.answer_of("f", 1, &json!({})).await;
    assert!(!node.log().contains("could not recompile"), "{}", node.log());
    assert_eq!((&first["ballast"], &*start), (&json!(10 << 20), "restored"), "{first}");
    node.configure("f", json!({ "reuse": 10, "provisioned": 1 })).await;
    ok(&node, &["publish", "f"]).await;
    let calls = eventually("a used instance", async || {
        let told = node.answer_of("f", 3, &json!({})).await.0;
        (told["calls"] == 2).then_some(told)
    });
    assert_eq!(calls.await["restored"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_is_of_one_component_and_goes_with_its_version() {
    let node = with_runtime().await;
    deploy(&node, "f", json!({ "BALLAST": "5" })).await;
    ok(&node, &["publish", "f"]).await;
    // A new version of the runtime has a memory of its own: it is initialized.
    let mut other = guest_code("guest-script-runtime").await;
    other.extend([0, 2, 1, b'x']);
    node.install_runtime("script1", other).await;
    let (told_by_other, start) = node.answer_of("f", 1, &json!({})).await;
    assert_eq!((&told_by_other["restored"], &told_by_other["initialized"]), (&json!(0), &json!(1)));
    assert_ne!(start, "restored");
    // Those that stay with their version of the runtime stay with the snapshot.
    node.configure("f", json!({ "runtime_updates": "function-update" })).await;
    ok(&node, &["publish", "f"]).await;
    assert_eq!(node.answer_of("f", 2, &json!({})).await.1, "restored");
    // Damaged on the disk, it is as if there were none.
    let data = node.data();
    let snapshots = files_of(data.path(), 5 << 20, b"snapshot");
    assert!(!snapshots.is_empty());
    for file in snapshots {
        fs::write(file, b"snapshot").unwrap();
    }
    drop(node);
    let node = Node::start_in(&data, &[]);
    let (told_without, start) = node.answer_of("f", 2, &json!({})).await;
    assert_eq!((&told_without["restored"], &told_without["initialized"]), (&json!(0), &json!(1)));
    assert_ne!(start, "restored");
    node.logged("cannot read a snapshot").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_before_or_after_a_snapshot_says_so() {
    let node = with_runtime().await;
    for (name, environment, said) in [
        ("init", json!({ "INIT": "fail:no module" }), "Runtime.ImportModuleError: no module"),
        ("exit", json!({ "INIT": "exit:3" }), "exited with code 1"),
        ("hook", json!({ "BEFORE": "fail:not now" }), "Runtime.HookError: not now"),
        ("large", json!({ "BALLAST": "500" }), "more memory than its limit"),
        ("flood", json!({ "BEFORE": "flood:" }), "fuel"),
    ] {
        deploy(&node, name, environment).await;
        let done = exits(&node, 1, &["publish", name]).await;
        let expected = "no snapshot can be taken, since the function failed in INIT";
        assert!(done.stderr.contains(expected) && done.stderr.contains(said), "{done:?}");
        let versions = node.api("GET", &format!("/{name}/versions")).send().await.json();
        assert_eq!(versions["versions"], json!([]), "{name}");
    }
    deploy(&node, "after", json!({ "AFTER": "fail:too late" })).await;
    ok(&node, &["publish", "after"]).await;
    let reply = node.api("POST", "/after/invocations?qualifier=1").body("{}").send().await;
    assert!(reply.text().contains("too late"), "{}", reply.text());

    // Only what is made for it can be frozen.
    node.deploy("component", "guest-probe", "").await;
    let refused = node.api("PATCH", "/component").body(json!({ "snapshot": true }).to_string());
    let refused = refused.header("content-type", "application/json").send().await;
    let problem = refused.problem(400, "invalid-configuration");
    assert!(problem.contains("lambent:runtime/snapshot"), "{problem}");
}
