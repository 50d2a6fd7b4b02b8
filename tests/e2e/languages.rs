//! Programs of other languages than Rust, built and deployed as the README of each example says: core
//! modules of WASI preview 1, of which the node makes components.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use lambent_test_support::root;
use lambent_test_support::toolchains::{is_here, zig};
use lambent_types::Digest;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::at;
use crate::node::{LAMBENT, Node, eventually, quiet, run, run_within};

/// Building with a compiler that was never used takes a while on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);
/// Items of an order for which a program has to grow its memory again and again.
const MANY: u64 = 5_000;

/// The commands of an example's README.
fn commands(folder: &Path) -> String {
    let text = std::fs::read_to_string(folder.join("README.md")).unwrap();
    let (_, rest) = text.split_once("```sh\n").unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        // What was built here before.
        if ["node_modules", "target", "receipt.wasm"].iter().any(|made| entry.file_name() == *made)
        {
            continue;
        }
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Runs the commands of an example in a copy of it, with `tools` found first, and returns the
/// copy and what they wrote to standard output.
fn follow(node: &Node, example: &str, tools: Option<&Path>) -> (TempDir, String) {
    let source = root().join("guest-examples").join(example);
    let folder = tempfile::tempdir().unwrap();
    copy(&source, folder.path());
    let programs = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(LAMBENT, programs.path().join("lambent")).unwrap();
    let mut path = vec![programs.path().to_owned()];
    path.extend(tools.map(Path::to_owned));
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
    let mut shell = quiet(Path::new("sh"));
    shell.args(["-euc", &commands(&source)]).current_dir(folder.path());
    shell.env("PATH", std::env::join_paths(path).unwrap());
    // Where the toolchains have what they fetched and compiled before.
    shell.envs(std::env::var_os("HOME").map(|home| ("HOME", home)));
    shell.env("LAMBENT_ENDPOINT", format!("http://{}", node.address));
    shell.env("LAMBENT_KEY", &node.key);
    let done = run_within(shell, PATIENCE);
    assert_eq!(done.code, Some(0), "{example}: {done:?}");
    (folder, done.stdout)
}

/// Follows an example's README, checks the receipt that comes of it, and returns the folder in
/// which that was done.
pub(crate) fn receipt(node: &Node, example: &str, tools: Option<&Path>) -> TempDir {
    let (folder, output) = tokio::task::block_in_place(|| follow(node, example, tools));
    let answer: Value = serde_json::from_str(&output[output.find('{').unwrap()..]).unwrap();
    let lines = ["2 x Tea \"Earl Grey\": 7.00 EUR", "1 x Crème brûlée: 6.25 EUR"];
    let expected = json!({ "message": "Thank you, Zoë!", "lines": lines, "total": "13.25 EUR" });
    assert_eq!(answer, expected, "{example}");
    folder
}

/// Has the function of an example answer a large order.
pub(crate) async fn large_receipt(node: &Node, example: &str) {
    // The machine may be busy.
    let change = node.api("PATCH", "/receipt").header("content-type", "application/json");
    let changed = change.body(r#"{"timeout_ms": 60000}"#).send().await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let item = json!({ "name": "Sugar ☕", "quantity": 3, "cents": 5 });
    let items: Vec<_> = (0..MANY).map(|_| &item).collect();
    let order = json!({ "customer": "Many", "items": items }).to_string();
    let large = node.invoke("receipt", &order).await.json();
    assert_eq!(large["total"], "750.00 EUR", "{example}");
    assert_eq!(large["lines"].as_array().unwrap().len() as u64, MANY);
    assert_eq!(large["lines"][4_999], "3 x Sugar ☕: 0.15 EUR");
}

/// Follows an example's README, and looks at what came of it more closely than that does.
async fn answers(example: &'static str, module: &str, tools: Option<&Path>) {
    let node = Node::start(&[]);
    let folder = receipt(&node, example, tools);
    let view = node.api("GET", "/receipt").send().await.json();
    let uploaded = std::fs::read(folder.path().join(module)).unwrap();
    assert_eq!(view["digest"], Digest::of(&uploaded).to_string());
    assert_eq!(view["adapted_from"], "wasi_snapshot_preview1");
    assert_eq!(view["handlers"], json!(["wasi:cli/run@0.2"]));
    let code = node.api("GET", "/receipt/code").send().await;
    assert!(code.body == uploaded, "what is downloaded is what was uploaded");

    let shown = run(at(&node, &["describe", "receipt"]));
    assert!(shown.stdout.contains("a core module of WASI preview 1"), "{shown:?}");

    large_receipt(&node, example).await;
    let failed = node.invoke("receipt", "[1").await;
    assert_eq!(failed.header("lambent-function-error"), "exited", "{example}: {failed:?}");
    eventually("why it failed", async || {
        let records = node.records("receipt").await;
        let logged = records.iter().map(Value::to_string).collect::<String>();
        (logged.contains("not an order") || logged.contains("abort:")).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_in_go() {
    if is_here("go", &["version"]) {
        answers("receipt-go", "receipt.wasm", None).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_in_c() {
    if let Some(zig) = tokio::task::block_in_place(zig) {
        answers("receipt-c", "receipt.wasm", Some(&zig)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_in_zig() {
    if let Some(zig) = tokio::task::block_in_place(zig) {
        answers("receipt-zig", "receipt.wasm", Some(&zig)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_in_assemblyscript() {
    if is_here("npm", &["--version"]) {
        answers("receipt-assemblyscript", "receipt.wasm", None).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_in_java() {
    if is_here("mvn", &["--version"]) {
        answers("receipt-java", "target/javascript/receipt.wasm", None).await;
    }
}

#[test]
fn the_examples_do_the_same() {
    let examples = root().join("guest-examples");
    let mut orders = BTreeMap::new();
    for entry in std::fs::read_dir(examples).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("receipt-") {
            orders.insert(name, std::fs::read(entry.path().join("order.json")).unwrap());
        }
    }
    let names: Vec<_> = orders.keys().map(String::as_str).collect();
    let languages =
        ["assemblyscript", "c", "go", "java", "javascript", "python", "ruby", "typescript", "zig"];
    assert_eq!(names, languages.map(|language| format!("receipt-{language}")));
    let mut orders = orders.into_values();
    let first = orders.next().unwrap();
    assert!(orders.all(|order| order == first));
}

/// A program that answers with its data and "whole".
const PROGRAM: &str = include_str!("../../runtime/engine/tests/engine/modules/contiguous.wat");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_uploaded_is_kept_and_adapted_again_where_it_has_to_be() {
    let module = wat::parse_str(PROGRAM).unwrap();
    let node = Node::start(&[]);
    assert_eq!(node.put("program", "memory=64MiB", module.clone()).await.status, 201);
    assert_eq!(node.invoke("program", "hello ").await.text(), "hello whole\n");
    let answer = node.api("POST", "/program/versions").send().await.json();
    assert_eq!(answer["adapted_from"], "wasi_snapshot_preview1");
    // Less memory: what it takes at the least is found out again.
    let change = node.api("PATCH", "/program").header("content-type", "application/json");
    let changed = change.body(r#"{"memory_bytes": 33554432}"#).send().await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let data = node.data();
    node.stop().await;

    std::fs::remove_dir_all(data.path().join("artifacts")).unwrap();
    let node = Node::start_in(&data, &[]);
    assert_eq!(node.invoke("program", "hello ").await.text(), "hello whole\n");
    assert!(node.api("GET", "/program/code").send().await.body == module);
    // A component in its place is one, and the module again is what it was.
    node.deploy("program", "guest-cli", "").await;
    let view = node.api("GET", "/program").send().await.json();
    assert_eq!(view.get("adapted_from"), None, "{view}");
    let back = node.api("POST", "/program/rollback").header("content-type", "application/json");
    let back = back.body(r#"{"version": 1}"#).send().await.json();
    assert_eq!(back["adapted_from"], "wasi_snapshot_preview1");
    assert_eq!(node.invoke("program", "hello ").await.text(), "hello whole\n");
}
