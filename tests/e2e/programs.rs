//! Programs that take their events by Lambda's Runtime API: deployed as what brings its own
//! runtime, and called like any other function.

use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use crate::client::next;
use crate::node::{Node, guest_code, shared};

const GUEST: &str = "guest-runtime-api";

/// Deploys a program as a public function.
async fn deploy(node: &Node, function: &str, code: Vec<u8>) -> Value {
    let change = json!({ "runtime": "provided.al2023", "timeout_ms": 10_000 });
    node.deploy_package(function, code, change).await
}

/// A zip of these files, as `cargo lambda build` makes one.
fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = lambent_package::Builder::new(lambent_package::Limits::LAMBDA);
    for (path, bytes) in files {
        builder.add_bytes(path, *bytes).unwrap();
    }
    let mut zip = Vec::new();
    builder.write(&mut zip).unwrap();
    zip
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_is_called_like_any_other_function() {
    let node = shared().await;
    let deployed = deploy(node, "program", guest_code(GUEST).await).await;
    assert_eq!(deployed["runs_on"], Value::Null, "it brings its own: {deployed}");
    let called = node.invoke("program", "\"echo hello\"").await;
    assert_eq!((called.status, called.text()), (200, "hello".into()));
    let environment = node.invoke("program", "\"environment\"").await.text();
    for line in [
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128",
        "AWS_LAMBDA_FUNCTION_NAME=program",
        "AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
        "AWS_LAMBDA_RUNTIME_API=127.0.0.1:9001",
        "_HANDLER=bootstrap",
    ] {
        assert!(environment.lines().any(|own| own == line), "{line}: {environment}");
    }
    let reply = node.ask("GET", "/fn/program/a/b").send().await;
    assert_eq!((reply.status, reply.text()), (201, "you are at /a/b".into()));
    let reply = node.ask("GET", "/fn/program/stream").send().await;
    assert_eq!((reply.status, reply.text()), (418, "streamed".into()));
    assert_eq!((reply.header("x-from"), reply.header("set-cookie")), ("stream", "a=b"));
    let failed = node.invoke("program", r#""exit 5""#).await;
    assert!(failed.text().contains("exit status 1"), "{failed:?}");
    let called = node.invoke("program", "\"count\"").await;
    assert_eq!(called.text(), "1", "the next is another instance");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_response_that_is_streamed_goes_to_the_caller_as_it_comes() {
    let node = shared().await;
    let change = json!({ "runtime": "provided.al2023", "timeout_ms": 1500 });
    node.deploy_package("streams", guest_code(GUEST).await, change).await;
    let open = async |path: &str| {
        let response = node.ask("GET", &format!("/fn/streams{path}")).open().await;
        assert_eq!(response.status(), 418);
        response.into_body()
    };
    // The program hangs until it is ended, and what it has sent by then is there.
    let mut body = open("/stream/hang").await;
    assert_eq!(next(&mut body).await.unwrap(), "first");
    assert!(body.frame().await.unwrap().is_err(), "the response is not whole");
    let mut body = open("/stream/late").await;
    assert_eq!(next(&mut body).await.unwrap(), "first");
    assert!(body.frame().await.unwrap().is_err(), "the program has said that it failed");
    // More than is ever kept of a response.
    let reply = node.ask("GET", "/fn/streams/stream/large").send().await;
    assert_eq!(reply.body.len(), 5 + (16 << 20));
    assert!(reply.body.ends_with(b"xxx"), "it is whole");
    // Nor does it go on for ever: 200 MiB are the most, and then it is not whole.
    let patient = json!({ "timeout_ms": 60_000, "fuel": 1_000_000_000_000_u64 });
    node.configure("streams", patient).await;
    let (mut body, mut bytes) = (open("/stream/endless").await, 0);
    while let Ok(frame) = body.frame().await.unwrap() {
        bytes += frame.into_data().map_or(0, |data| data.len());
    }
    assert!((190 << 20..=200 << 20).contains(&bytes), "{bytes}");
    // Somebody who goes away disturbs nobody.
    let mut body = open("/stream/large").await;
    next(&mut body).await.unwrap();
    drop(body);
    assert_eq!(node.ask("GET", "/fn/streams/stream/whole").send().await.text(), "first");
    // Whoever takes a response as a whole gets it so.
    let event = r#"{"rawPath":"/stream/whole"}"#;
    assert!(node.invoke("streams", event).await.text().ends_with("first"));
    let failed = node.invoke("streams", r#"{"rawPath":"/stream/large"}"#).await;
    assert_eq!(failed.header("lambent-outcome"), "response-too-large", "{failed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_package_of_a_program_has_it_as_its_bootstrap() {
    let node = shared().await;
    let program = guest_code(GUEST).await;
    let package = zip(&[("bootstrap", &program), ("notes.txt", b"a")]);
    let deployed = deploy(node, "bootstrap", package).await;
    assert!(deployed["warnings"].to_string().contains("1 files beside bootstrap"), "{deployed}");
    assert_eq!(node.invoke("bootstrap", "\"echo hello\"").await.text(), "hello");
    let query = "runtime=provided.al2023";
    let refused = node.put("none", query, zip(&[("app.py", b"")])).await;
    assert!(refused.problem(422, "invalid-package").contains("no file bootstrap"));
    let refused = node.put("none", query, zip(&[("bootstrap", b"\x7fELF")])).await;
    assert!(refused.problem(422, "invalid-package").contains("wasm32-wasip2"));
    let refused = node.put("none", query, guest_code("hello-http").await).await;
    assert!(refused.text().contains("wasi:cli/run@0.2"), "{refused:?}");
    // A change that names no runtime leaves it.
    node.configure("bootstrap", json!({ "runtime": null })).await;
    let described = node.api("GET", "/bootstrap").send().await.json();
    assert_eq!(described["configuration"]["runtime"], "provided.al2023", "{described}");
    assert_eq!(node.invoke("bootstrap", "\"echo again\"").await.text(), "again");
}
