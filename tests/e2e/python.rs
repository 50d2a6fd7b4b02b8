//! Lambda functions of Python, deployed as they are written and called as Lambda's are.

use std::path::PathBuf;

use lambent_api::client::{Client, Upload};
use lambent_api::kinds::{Queue, Trigger};
use lambent_api::types::ConfigurationPatch;
use lambent_package::{Builder, Limits, pack};
use lambent_test_support::python::python_runtime;
use lambent_test_support::root;
use serde_json::{Value, json};

use crate::client::Ask;
use crate::node::{Node, eventually};
use crate::typed::{named, read};

/// A node with the runtime; none where it cannot be built.
async fn with_python() -> Option<Node> {
    let path = tokio::task::spawn_blocking(python_runtime).await.unwrap()?;
    let code = std::fs::read(path).unwrap();
    let node = Node::start(&[]);
    let install = move |client: &Client| {
        let bytes = code.len() as u64;
        client.install_runtime(&named("python3.14"), &mut &code[..], bytes)
    };
    // Compiling it takes 16 s of CPU time, and the machine may be busy.
    let client = node.client();
    tokio::task::spawn_blocking(move || install(&client)).await.unwrap().unwrap();
    Some(node)
}

fn handlers() -> PathBuf {
    root().join("runtime/runtimes/python/tests/handlers")
}

async fn deploy(node: &Node, function: &str, folder: PathBuf, change: Value) {
    let mut zip = Vec::new();
    pack(&folder, &mut zip, &Limits::LAMBDA).unwrap();
    let mut configuration = json!({
        "runtime": "python3.12", "handler": "lambda_function.lambda_handler", "public": true,
        "timeout_ms": 30_000,
    });
    configuration.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    let (name, patch): (_, ConfigurationPatch) = (named(function), read(configuration));
    let deploy = move |client: &Client| {
        let upload = Upload::new(&zip, &patch)?;
        client.deploy(&name, &upload, &mut upload.reader(), None).map(drop)
    };
    node.must(function, deploy).await;
}

fn ask(node: &Node, method: &str, target: &str) -> Ask {
    node.ask(method, target).key(&node.key)
}

async fn invoke(node: &Node, function: &str, event: &Value) -> Value {
    let target = format!("/v1/functions/{function}/invocations");
    let ask = ask(node, "POST", &target).header("content-type", "application/json");
    ask.body(event.to_string()).send().await.json()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lambda_functions_run_as_they_are_written() {
    let Some(node) = with_python().await else { return };
    let mut run = 0;
    for folder in std::fs::read_dir(handlers()).unwrap() {
        let folder = folder.unwrap().path();
        let case = std::fs::read(folder.join("event.json")).unwrap();
        let case: Value = serde_json::from_slice(&case).unwrap();
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let environment = case.get("environment").cloned().unwrap_or(json!({}));
        deploy(&node, &name, folder, json!({ "environment": environment })).await;
        for _ in 0..2 {
            assert_eq!(invoke(&node, &name, &case["event"]).await, case["answer"], "{name}");
        }
        run += 1;
    }
    assert!(run >= 15, "{run}");
    // A request of a client, as an event of Lambda's function URLs.
    let reply = node.ask("GET", "/fn/hello").send().await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(reply.text().contains("World"), "{reply:?}");
    // By one of AWS's names, which says what it is.
    let described = ask(&node, "GET", "/v1/functions/hello").send().await.json();
    assert_eq!(described["runs_on"]["runtime"], "python3.14");
    assert!(described["runs_on"]["differs"].as_str().unwrap().contains("CPython 3.14"));
    assert_eq!(node.ask("GET", "/fn/hello").send().await.status, 200);
    queue_batches(&node).await;
    errors(&node).await;
    layers(&node).await;
}

/// What a layer has in `python` is imported, by its byte code.
async fn layers(node: &Node) {
    let module = json!({ "python/shared.py": "def text():\n    return __spec__.cached" });
    let name = named("shared");
    let zip = zip_of(&module);
    node.must("publish", move |client: &Client| client.publish_layer(&name, &zip).map(drop)).await;
    let source = "
import os, shared
def lambda_handler(event, context):
    return os.path.exists(shared.text())";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("lambda_function.py"), source).unwrap();
    deploy(node, "layered", folder.path().to_owned(), json!({ "layers": ["shared"] })).await;
    assert_eq!(invoke(node, "layered", &json!({})).await, json!(true));
}

/// A zip of these files.
fn zip_of(files: &Value) -> Vec<u8> {
    let mut builder = Builder::new(Limits::LAMBDA);
    for (path, text) in files.as_object().unwrap() {
        builder.add_bytes(path, text.as_str().unwrap().as_bytes()).unwrap();
    }
    let mut zip = Vec::new();
    builder.write(&mut zip).unwrap();
    zip
}

/// A function that says of one message that it failed gets that one again, and no other.
async fn queue_batches(node: &Node) {
    let source = "
import json
seen = {}
def lambda_handler(event, context):
    failed = []
    for record in event['Records']:
        body = json.loads(record['body'])
        seen[body] = seen.get(body, 0) + 1
        print('message', body, seen[body])
        if body == 2 and seen[body] == 1:
            failed.append({'itemIdentifier': record['messageId']})
    return {'batchItemFailures': failed}";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("lambda_function.py"), source).unwrap();
    deploy(node, "batch", folder.path().to_owned(), json!({})).await;
    node.create::<Queue>("numbers", read(json!({ "visibility_timeout_ms": 1000 }))).await;
    for number in 1..=3 {
        let send = ask(node, "POST", "/v1/queues/numbers/messages").body(number.to_string());
        assert!(send.send().await.status < 300);
    }
    let source = json!({ "kind": "queue", "queue": "numbers" });
    node.wire::<Trigger>("numbers", json!({ "function": "batch", "source": source })).await;
    let lines = eventually("the message again", async || {
        let lines = node.records("batch").await.iter().map(Value::to_string).collect::<String>();
        lines.contains("message 2 2").then_some(lines)
    });
    let lines = lines.await;
    assert!(lines.contains("message 1 1") && lines.contains("message 3 1"), "{lines}");
    assert!(!lines.contains("message 1 2") && !lines.contains("message 3 2"), "{lines}");
}

/// What goes wrong is told as Lambda tells it.
async fn errors(node: &Node) {
    let folder = tempfile::tempdir().unwrap();
    let mut number = 0;
    for (source, kind, told) in [
        ("def lambda_handler(event, context):\n    return {}['key']", "KeyError", "'key'"),
        ("def other(event, context): pass", "Runtime.HandlerNotFound", "lambda_handler"),
        ("import numpy_is_not_here", "Runtime.ImportModuleError", "numpy_is_not_here"),
        ("def lambda_handler(event, context)\n    pass", "Runtime.UserCodeSyntaxError", "line 1"),
        ("def lambda_handler(event, context):\n    return {1, 2}", "Runtime.MarshalError", "set"),
        (
            "import sys\ndef lambda_handler(event, context):\n    sys.exit(3)",
            "Runtime.ExitError",
            "",
        ),
    ] {
        number += 1;
        std::fs::write(folder.path().join("lambda_function.py"), source).unwrap();
        let name = format!("wrong{number}");
        deploy(node, &name, folder.path().to_owned(), json!({})).await;
        let error = invoke(node, &name, &json!({})).await;
        assert_eq!(error["errorType"], kind, "{error}");
        assert!(error.to_string().contains(told), "{error}");
        let trace = error["stackTrace"].to_string();
        assert!(!trace.contains("lambent_runtime"), "only the user's frames are shown: {trace}");
    }
}
