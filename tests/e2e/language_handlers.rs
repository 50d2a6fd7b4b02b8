//! Lambda functions of each language that has a runtime, deployed as the README of each example says.

use std::path::PathBuf;

use lambent_test_support::javascript::javascript_runtime;
use lambent_test_support::python::python_runtime;
use lambent_test_support::ruby::ruby_runtime;
use serde_json::json;

use crate::languages::{large_receipt, receipt};
use crate::node::Node;

/// Follows the README of an example on a node with its runtime, unless that cannot be built, and
/// looks at what came of it more closely than that does: `error` is what the language calls an
/// order that lacks everything.
async fn answers(example: &str, name: &str, runtime: fn() -> Option<PathBuf>, error: &str) {
    let Some(path) = tokio::task::spawn_blocking(runtime).await.unwrap() else { return };
    let node = Node::start(&[]);
    node.install_runtime(name, std::fs::read(path).unwrap()).await;
    receipt(&node, example, None);
    let view = node.api("GET", "/receipt").send().await.json();
    assert_eq!(view["runs_on"]["runtime"], name);
    large_receipt(&node, example).await;
    let failed = node.answer("receipt", &json!({})).await;
    assert_eq!(failed["errorType"], error, "{example}: {failed}");
    assert!(failed["stackTrace"].to_string().contains("/var/task/"), "{example}: {failed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_in_python() {
    answers("receipt-python", "python3.14", python_runtime, "KeyError").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_in_javascript_and_typescript() {
    answers("receipt-javascript", "js", javascript_runtime, "TypeError").await;
    answers("receipt-typescript", "js", javascript_runtime, "TypeError").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_in_ruby() {
    answers("receipt-ruby", "ruby3.4", ruby_runtime, "Function<KeyError>").await;
}
