//! Volumes: files that functions share and that outlive them, by what they were granted.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lambent_test_support::guest_bytes;
use serde_json::{Value, json};

use crate::cli::{self, exits, ok};
use crate::node::{Node, eventually};

/// What an action came to that worked.
pub(crate) fn good(value: impl Into<Value>) -> Value {
    json!({ "ok": value.into() })
}

/// Has a function do things to files, and tells what came of each.
pub(crate) async fn act(node: &Node, function: &str, actions: Value) -> Vec<Value> {
    let told = node.answer(function, &actions).await;
    told.as_array().unwrap_or_else(|| panic!("{told}")).clone()
}

#[track_caller]
fn assert_failed(told: &Value, kind: &str) {
    let error = told["error"].as_str().unwrap_or_else(|| panic!("it worked: {told}"));
    assert!(error.starts_with(kind), "{error}, not {kind}");
}

async fn with_volume(size: &str) -> Node {
    let node = Node::start(&[]);
    let done = ok(&node, &["volume", "create", "data", "--max", size]).await;
    assert_eq!(done.stdout, "created volume data\n");
    node
}

pub(crate) async fn deploy(node: &Node, function: &str, mounts: &str) {
    let wasm = tokio::task::spawn_blocking(|| guest_bytes("guest-files")).await.unwrap();
    let reply = node.put(function, &format!("timeout=60s&mounts={mounts}"), wasm).await;
    assert!(reply.status < 300, "{reply:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_functions_share_files_and_one_that_may_only_read_changes_nothing() {
    let node = with_volume("1MiB").await;
    deploy(&node, "writer", "data:/mnt/data").await;
    deploy(&node, "reader", "data:/mnt/a/b:read").await;
    let told = act(
        &node,
        "writer",
        json!([
            ["mkdir", "/mnt/data/empty"],
            ["write", "/mnt/data/file", "hello"],
            ["append", "/mnt/data/file", " there"],
            ["sync", "/mnt/data/synced", "durable"],
            ["list", "/mnt/data"],
            ["removed", "/mnt/data/gone"],
            // Other places are as they were.
            ["write", "/tmp/scratch", "x"],
            ["rename", "/mnt/data/file", "/tmp/file"],
            ["write", "/mnt/other", "x"],
            ["rmdir", "/mnt/data"],
            ["link", "/mnt/data/file", "/mnt/data/link"],
        ]),
    )
    .await;
    assert_eq!(
        told[..4],
        [good(Value::Null), good(Value::Null), good(Value::Null), good(Value::Null)]
    );
    assert_eq!(told[4..6], [good(json!(["empty", "file", "synced"])), good(5)]);
    // A component has no space in /tmp unless it is given some, which a stream does not tell.
    for (told, kind) in told[6..].iter().zip([
        "Uncategorized",
        "CrossesDevices",
        "ReadOnlyFilesystem",
        "ResourceBusy",
        "PermissionDenied",
    ]) {
        assert_failed(told, kind);
    }

    let read = json!([
        ["read", "/mnt/a/b/file"],
        ["list", "/mnt/a"],
        ["write", "/mnt/a/b/file", "no"],
        ["create_new", "/mnt/a/b/new"],
        ["remove", "/mnt/a/b/file"],
        ["rename", "/mnt/a/b/file", "/mnt/a/b/moved"],
        ["set_len", "/mnt/a/b/file", 0],
        ["mkdir", "/mnt/a/b/made"],
        ["raw", "/mnt/a/b"],
        ["read", "/mnt/a/b/file"],
        ["list", "/mnt/a/b"],
    ]);
    let told = act(&node, "reader", read).await;
    assert_eq!(told[..2], [good("hello there"), good(json!(["b"]))]);
    told[2..8].iter().for_each(|told| assert_failed(told, "ReadOnlyFilesystem"));
    assert_eq!(told[9..], [good("hello there"), good(json!(["empty", "file", "synced"]))]);
    check_nothing_is_changed(&told[8]["ok"]);
    // What the raw calls do to one that may be written stays within it.
    let told = act(&node, "writer", json!([["raw", "/mnt/data"], ["list", "/mnt/data"]])).await;
    check_raw_calls(&told[0]["ok"]);
    node.invoke("writer", "[]").await;
}

/// Of all calls none changes what is read-only.
fn check_nothing_is_changed(raw: &Value) {
    let works = ["read far", "sync", "sync data", "mutate directory"];
    for group in ["names", "opens", "nodes"] {
        for (call, told) in raw[group].as_object().unwrap() {
            let may = works.contains(&call.as_str()) && call != "mutate directory";
            assert_eq!(told == "ok", may, "{call}: {told} of {raw}");
        }
    }
    assert_eq!(raw["opens"]["truncate alone"], "read-only");
    assert_eq!(raw["names"]["out of it"], "not-permitted");
}

/// Nothing leads out of the directory, and nothing ends the node.
fn check_raw_calls(raw: &Value) {
    let names = &raw["names"];
    for (call, code) in [
        ("rename from above", "no-entry"),
        ("rename into it", "no-entry"),
        ("symbolic link", "not-permitted"),
        ("absolute link", "not-permitted"),
        ("hard link", "not-permitted"),
        ("link from above", "not-permitted"),
        ("out of it", "not-permitted"),
        ("out and back", "not-permitted"),
        ("absolute", "not-permitted"),
        ("remove itself", "busy"),
        ("nul", "invalid"),
        ("long", "name-too-long"),
        ("empty", "no-entry"),
    ] {
        assert_eq!(names[call], code, "{call} of {raw}");
    }
    assert_eq!(raw["nodes"]["set a huge size"], "not-permitted", "opened to be read");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_volume_says_so_and_has_room_again() {
    let node = with_volume("1MiB").await;
    deploy(&node, "f", "data:/mnt/data").await;
    let told = act(
        &node,
        "f",
        json!([
            ["fill", "/mnt/data/big"],
            ["write", "/mnt/data/more", "x"],
            ["set_len", "/mnt/data/big", 1_u64 << 39],
            ["set_len", "/mnt/data/big", u64::MAX],
            ["set_len", "/mnt/data/big", 10],
            ["write", "/mnt/data/more", "x"],
            ["remove", "/mnt/data/big"],
            ["many", "/mnt/data", 100_000],
        ]),
    )
    .await;
    // All but the block that describes the file.
    assert_eq!(told[0], good(json!([(1 << 20) - 4096, "Uncategorized"])));
    assert_failed(&told[1], "StorageFull");
    assert_failed(&told[2], "StorageFull");
    assert!(told[3]["error"].is_string(), "{told:?}");
    assert_eq!(told[4..7], [good(Value::Null), good(Value::Null), good(Value::Null)]);
    assert_eq!(told[7], good(json!([254, "StorageFull"])));
    let shown = cli::json(&node, &["volume", "describe", "data"]).await;
    assert_eq!(shown["usage"], json!({ "bytes": 1 << 20, "files": 255 }));
    // A larger one is in force at once.
    ok(&node, &["volume", "create", "data", "--max", "2MiB"]).await;
    let told = act(&node, "f", json!([["write", "/mnt/data/late", "x"]])).await;
    assert_eq!(told, [good(Value::Null)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_created_exclusively_is_a_lock() {
    let node = Arc::new(with_volume("8MiB").await);
    for function in ["one", "other"] {
        deploy(&node, function, "data:/mnt/data").await;
    }
    let actions: Vec<_> = (0..10)
        .map(|lock| json!(["create_new", format!("/mnt/data/{lock}")]))
        .chain((0..10).map(|_| json!(["append", "/mnt/data/log", "0123456789".repeat(20) + "\n"])))
        .collect();
    let mut running = Vec::new();
    for count in 0..8 {
        let (node, actions) = (node.clone(), json!(actions));
        let function = if count % 2 == 0 { "one" } else { "other" };
        running.push(tokio::spawn(async move { act(&node, function, actions).await }));
    }
    let mut taken = 0;
    for told in running {
        let told = told.await.unwrap();
        taken += told[..10].iter().filter(|told| told.get("ok").is_some()).count();
        told[..10].iter().filter(|told| told.get("ok").is_none()).for_each(|told| {
            assert_failed(told, "AlreadyExists");
        });
    }
    assert_eq!(taken, 10);
    let told = act(&node, "one", json!([["read", "/mnt/data/log"]])).await;
    let log = told[0]["ok"].as_str().unwrap();
    let lines: Vec<_> = log.lines().collect();
    assert_eq!(lines.len(), 80);
    assert!(lines.iter().all(|line| **line == "0123456789".repeat(20)), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_volume_that_is_deleted_is_gone_for_those_who_have_it_open() {
    let node = Arc::new(with_volume("1MiB").await);
    deploy(&node, "f", "data:/mnt/data").await;
    act(&node, "f", json!([["write", "/mnt/data/file", "old"], ["write", "/mnt/data/flag", ""]]))
        .await;
    let holds = {
        let node = node.clone();
        let actions = json!([
            ["remove", "/mnt/data/flag"],
            ["hold", "/mnt/data/file", 3000],
            ["list", "/mnt/data"],
            ["list", "/mnt"],
            ["list", "/mnt/data"],
        ]);
        tokio::spawn(async move { act(&node, "f", actions).await })
    };
    eventually("the file to be open", async || {
        let usage = cli::json(&node, &["volume", "describe", "data"]).await;
        (usage["usage"]["files"] == 1).then_some(())
    })
    .await;
    // It has files: nobody can be asked.
    let done = exits(&node, 2, &["volume", "delete", "data"]).await;
    assert!(done.stderr.contains("volume data with the file in it"), "{done:?}");
    ok(&node, &["volume", "delete", "data", "--yes"]).await;
    // Another of the name has none of its files, and the open ones do not lead there.
    ok(&node, &["volume", "create", "data"]).await;
    let told = holds.await.unwrap();
    let held = told[1]["ok"].as_array().unwrap();
    assert!(held.iter().all(|told| told.as_str().unwrap().starts_with("Err(")), "{told:?}");
    assert_eq!(told[2..], [good(json!([])), good(json!(["data"])), good(json!([]))]);
    ok(&node, &["volume", "delete", "data"]).await;
    // The function goes on without, and so does a change of it.
    let gone = json!([
        ["list", "/mnt"],
        ["read", "/mnt/data/file"],
        ["list", "/mnt/data"],
        ["mkdir", "/mnt/data/d"]
    ]);
    let told = act(&node, "f", gone).await;
    assert_eq!(told[0], good(json!(["data"])));
    told[1..].iter().for_each(|told| assert_failed(told, "Uncategorized: No such device (os"));
    ok(&node, &["configure", "f", "--description", "as before"]).await;
    ok(&node, &["volume", "create", "data"]).await;
    let told = act(&node, "f", json!([["write", "/mnt/data/file", "new"]])).await;
    assert_eq!(told, [good(Value::Null)]);
    assert!(!node.log().contains("panicked"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_granted_is_in_force_from_the_next_invocation_on() {
    let node = with_volume("1MiB").await;
    deploy(&node, "f", "data:/mnt/data").await;
    ok(&node, &["configure", "f", "--reuse", "100"]).await;
    let write = || json!([["write", "/mnt/data/file", "x"], ["read", "/mnt/data/file"]]);
    assert_eq!(act(&node, "f", write()).await[0], good(Value::Null));
    ok(&node, &["configure", "f", "--mounts", "data:/mnt/data:read"]).await;
    let told = act(&node, "f", write()).await;
    assert_failed(&told[0], "ReadOnlyFilesystem");
    assert_eq!(told[1], good("x"));
    ok(&node, &["configure", "f", "--mounts", ""]).await;
    act(&node, "f", write()).await.iter().for_each(|told| assert!(told["error"].is_string()));

    // What cannot be is said at once.
    for (mounts, told) in [
        (
            "dat:/mnt/data",
            "volume \"dat\" does not exist in namespace \"default\"; create it \
                           first: lambent volume create dat; or did you mean \"data\"?",
        ),
        ("data:/data", "path \"/data\" is not below /mnt/"),
    ] {
        let done = cli::at(&node, &["configure", "f", "--mounts", mounts]);
        let done = tokio::task::spawn_blocking(|| crate::node::run(done)).await.unwrap();
        assert!(done.code != Some(0) && done.stderr.contains(told), "{done:?}");
    }
    // Of another namespace it is another volume.
    ok(&node, &["namespace", "create", "shop"]).await;
    let done = exits(&node, 1, &["volume", "describe", "data", "--namespace", "shop"]).await;
    assert!(
        done.stderr.contains("volume \"data\" does not exist in namespace \"shop\""),
        "{done:?}"
    );
    ok(&node, &["volume", "create", "data", "--namespace", "shop"]).await;
    ok(&node, &["namespace", "delete", "shop", "--contents", "--yes"]).await;
    let kept = act_by(&node, "data:/mnt/data:read", json!([["read", "/mnt/data/file"]])).await;
    assert_eq!(kept, [good("x")]);
}

/// The same by a function that is configured so first.
async fn act_by(node: &Node, mounts: &str, actions: Value) -> Vec<Value> {
    ok(node, &["configure", "f", "--mounts", mounts]).await;
    act(node, "f", actions).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_says_which_volumes_there_are_and_who_has_them() {
    let node = Node::start(&[]);
    let home = tempfile::tempdir().unwrap();
    let wasm = tokio::task::spawn_blocking(|| guest_bytes("guest-files")).await.unwrap();
    std::fs::write(home.path().join("f.wasm"), wasm).unwrap();
    let file = home.path().join("lambent.toml");
    let path = file.to_str().unwrap().to_owned();
    let write = |text: &str| std::fs::write(&file, text).unwrap();
    write(
        "[volumes.data]\nmax = \"64MiB\"\n[functions.f]\ncomponent = \"f.wasm\"\n\
         mounts = [{ volume = \"data\", path = \"/mnt/data\", access = \"read\" }]\n",
    );
    let plan = ok(&node, &["apply", &path, "--yes"]).await.stdout;
    assert!(plan.contains("+ volume data"), "{plan}");
    let again = ok(&node, &["apply", &path]).await.stdout;
    assert!(again.contains("nothing to do"), "{again}");
    write(
        "[volumes.data]\nmax = \"128MiB\"\n[functions.f]\ncomponent = \"f.wasm\"\n\
         mounts = [{ volume = \"data\", path = \"/mnt/data\" }]\n",
    );
    let plan = ok(&node, &["apply", &path, "--yes"]).await.stdout;
    assert!(plan.contains("64.0 MiB → 128.0 MiB") && plan.contains("read-write"), "{plan}");
    assert_eq!(act(&node, "f", json!([["write", "/mnt/data/a", "x"]])).await, [good(Value::Null)]);
    let described = ok(&node, &["describe", "f"]).await.stdout;
    assert!(described.contains("data:/mnt/data:read-write"), "{described}");
    write(
        "[functions.f]\ncomponent = \"f.wasm\"\nmounts = [{ volume = \"dta\", path = \"/mnt/a\" }]\n",
    );
    let done = exits(&node, 2, &["apply", &path, "--yes"]).await;
    assert!(
        done.stderr.contains("volume \"dta\" is neither in this file nor on the server"),
        "{done:?}"
    );
    let usage = cli::json(&node, &["usage"]).await;
    let holds = usage["quotas"].as_array().unwrap_or_else(|| panic!("{usage}"));
    let held =
        |quota: &str| holds.iter().find(|one| one["quota"] == quota).unwrap()["used"].clone();
    assert_eq!((held("volumes"), held("volume-bytes")), (json!(1), json!(128 << 20)));
}

/// A timeout counts what waits for the disk, and nobody else waits for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_keeps_the_disk_busy_is_ended_in_time() {
    let node = Arc::new(with_volume("8MiB").await);
    deploy(&node, "busy", "data:/mnt/data").await;
    deploy(&node, "other", "data:/mnt/data").await;
    act(&node, "busy", json!([["mkdir", "/mnt/data/1"], ["mkdir", "/mnt/data/2"]])).await;
    ok(&node, &["configure", "busy", "--timeout", "1s"]).await;
    let busy = ["1", "2"].map(|name| {
        let (node, actions) = (node.clone(), json!([["churn", format!("/mnt/data/{name}")]]));
        tokio::spawn(async move {
            let began = Instant::now();
            (node.invoke("busy", &actions.to_string()).await, began.elapsed())
        })
    });
    for _ in 0..5 {
        let told = act(&node, "other", json!([["write", "/mnt/data/file", "x"]])).await;
        assert_eq!(told, [good(Value::Null)]);
    }
    for ended in busy {
        let (reply, took) = ended.await.unwrap();
        assert_eq!(reply.header("lambent-function-error"), "timed-out", "{reply:?}");
        assert!(took < Duration::from_secs(4), "{took:?}");
    }
    let told = act(&node, "other", json!([["list", "/mnt/data"]])).await;
    assert_eq!(told, [good(json!(["1", "2", "file"]))]);
}

/// What was acknowledged is there after the node was killed, and what was removed is not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_outlive_a_node_that_is_killed() {
    let node = with_volume("8MiB").await;
    deploy(&node, "f", "data:/mnt/data").await;
    let data = node.data();
    let mut node = node;
    let mut expected = Vec::new();
    for round in 0..4 {
        let name = format!("kept-{round}");
        let told = act(
            &node,
            "f",
            json!([
                ["write", format!("/mnt/data/{name}"), name],
                ["write", "/mnt/data/new", name],
                ["rename", "/mnt/data/new", "/mnt/data/current"],
                ["fill", "/mnt/data/dropped"],
                ["remove", "/mnt/data/dropped"],
            ]),
        )
        .await;
        assert!(told.iter().all(|told| told.get("ok").is_some()), "{told:?}");
        expected.push(name);
        node.kill();
        drop(node);
        node = Node::start_in(&data, &[]);
        let mut actions: Vec<_> =
            expected.iter().map(|name| json!(["read", format!("/mnt/data/{name}")])).collect();
        actions.extend([json!(["read", "/mnt/data/current"]), json!(["list", "/mnt/data"])]);
        let told = act(&node, "f", json!(actions)).await;
        let current = expected.last().cloned();
        let read: Vec<_> = expected.iter().cloned().chain(current).map(good).collect();
        assert_eq!(told[..read.len()], read, "round {round}");
        let names: Vec<_> = ["current".to_owned()].into_iter().chain(expected.clone()).collect();
        assert_eq!(told[read.len()], good(json!(names)), "round {round}");
    }
    let shown = cli::json(&node, &["volume", "describe", "data"]).await;
    assert_eq!(shown["usage"], json!({ "bytes": 5 * 2 * 4096, "files": 5 }));
    // Files of a volume that a crash has left of a deletion are removed.
    let stray = data.path().join("volumes/0123456789abcdef");
    node.stop().await;
    std::fs::create_dir_all(stray.join("files")).unwrap();
    let node = Node::start_in(&data, &[]);
    eventually("the stray to be removed", async || (!stray.exists()).then_some(())).await;
    assert_eq!(act(&node, "f", json!([["read", "/mnt/data/kept-0"]])).await, [good("kept-0")]);
}
