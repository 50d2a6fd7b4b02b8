//! Runtimes: a function is files and a handler name, which a runtime runs as Lambda would.

use lambent_api::kinds::{Bucket, Queue, Trigger};
use lambent_api::types::bounds;
use serde_json::{Value, json};

use crate::client::Ask;
use crate::node::{Node, eventually, guest_code};
use crate::packages::package;
use crate::typed::read;

async fn with_runtime() -> Node {
    let node = Node::start(&[]);
    node.install_runtime("script1", guest_code("guest-script-runtime").await).await;
    node
}

/// Deploys these files as a public function.
async fn deploy(node: &Node, function: &str, handler: &str, files: &[(&str, &str)]) -> Value {
    let change = json!({ "runtime": "script1", "handler": handler });
    node.deploy_package(function, package(files), change).await
}

/// A request to the native API.
fn api(node: &Node, method: &str, target: &str) -> Ask {
    node.ask(method, target).key(&node.key)
}

/// Invokes until an instance was used again. One may be given up meanwhile.
async fn used(node: &Node, function: &str) {
    eventually("a used instance", async || {
        let calls = node.answer(function, &json!(0)).await["calls"].as_u64();
        calls.filter(|calls| *calls > 1)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_run_on_a_runtime_in_lambdas_environment() {
    let node = with_runtime().await;
    let files = [("app.txt", "hello"), ("lib/more.txt", "")];
    let deployed = deploy(&node, "told", "app.tell", &files).await;
    assert_eq!(deployed["runs_on"]["runtime"], "script1");
    assert_eq!(deployed["code_bytes"], package(&files).len());
    let told = node.answer("told", &json!({ "a": [1, null] })).await;
    assert_eq!((&told["file"], &told["event"]), (&json!("hello"), &json!({ "a": [1, null] })));
    let paths: Vec<&str> =
        told["paths"].as_array().unwrap().iter().map(|path| path.as_str().unwrap()).collect();
    for path in ["/tmp", "/var/task/app.txt", "/var/task/lib/more.txt"] {
        assert!(paths.contains(&path), "{path} is not in {paths:?}");
    }
    let environment = &told["environment"];
    assert_eq!(environment["_HANDLER"], "app.tell");
    assert_eq!(environment["AWS_LAMBDA_FUNCTION_NAME"], "told");
    assert_eq!(environment["AWS_LAMBDA_FUNCTION_VERSION"], "$LATEST");
    assert_eq!(environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "128");
    assert_eq!(environment["AWS_EXECUTION_ENV"], "AWS_Lambda_script1");
    // Used instances, as Lambda has them, unless fresh ones are asked for.
    used(&node, "told").await;
    node.configure("told", json!({ "reuse": 1 })).await;
    assert_eq!(node.answer("told", &json!(1)).await["calls"], 1);
    assert_eq!(node.answer("told", &json!(1)).await["calls"], 1);
    // What was deployed can be had again, and outlives the process.
    let code = api(&node, "GET", "/v1/functions/told/code").send().await;
    assert_eq!(
        (&code.headers["content-type"], &code.body[..]),
        (&"application/zip".parse().unwrap(), &package(&files)[..])
    );
    let data = node.data();
    drop(node);
    let node = Node::start_in(&data, &[]);
    assert_eq!(node.answer("told", &json!(7)).await["event"], 7);
    // A package has no machine code that could be missing.
    assert!(!node.log().contains("could not recompile"), "{}", node.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_serves_more_invocations_than_it_may_hold_resources() {
    let node = with_runtime().await;
    deploy(&node, "often", "app.tell", &[("app.txt", "")]).await;
    node.configure("often", json!({ "reuse": 5000 })).await;
    let mut most = 0;
    for _ in 0..1200 {
        let told = node.answer("often", &json!(0)).await;
        most = most.max(told["calls"].as_u64().unwrap_or_else(|| panic!("{told}")));
    }
    assert!(most > 1000, "one instance served {most}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_an_event_and_the_answer_a_response() {
    let node = with_runtime().await;
    deploy(&node, "tell", "app.tell", &[("app.txt", "")]).await;
    let ask = node.ask("POST", "/fn/tell/a/b?x=1&x=2").header("cookie", "c=d");
    let told = ask.header("content-type", "text/plain").body("hi").send().await.json();
    let event = &told["event"];
    assert_eq!((&event["version"], &event["rawPath"]), (&json!("2.0"), &json!("/a/b")));
    assert_eq!(event["queryStringParameters"], json!({ "x": "1,2" }));
    assert_eq!((&event["cookies"], &event["body"]), (&json!(["c=d"]), &json!("hi")));
    assert_eq!(event["requestContext"]["http"]["sourceIp"], "127.0.0.1");

    let answer = json!({
        "statusCode": 418, "headers": { "x-a": "b" }, "cookies": ["e=f"], "body": "tea",
    });
    deploy(&node, "tea", "app.answer", &[("app.txt", &answer.to_string())]).await;
    let reply = node.ask("GET", "/fn/tea").send().await;
    assert_eq!((reply.status, &reply.body[..]), (418, &b"tea"[..]));
    assert_eq!(
        (&reply.headers["x-a"], &reply.headers["set-cookie"]),
        (&"b".parse().unwrap(), &"e=f".parse().unwrap())
    );
    // What is no response is told to who wrote it, and to nobody else.
    deploy(&node, "odd", "app.answer", &[("app.txt", r#"{"statusCode": 1, "secret": 5}"#)]).await;
    let reply = node.ask("GET", "/fn/odd").send().await;
    assert_eq!(reply.status, 502, "{reply:?}");
    assert!(!reply.text().contains("secret"), "{reply:?}");
    let records = eventually("a record", async || node.records("odd").await.into_iter().next());
    let record = records.await.to_string();
    assert!(record.contains("statusCode is 1"), "{record}");
    deploy(&node, "lost", "none.answer", &[("app.txt", "")]).await;
    assert_eq!(node.ask("GET", "/fn/lost").send().await.status, 502);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tmp_is_an_instances_own_and_has_its_limit() {
    let node = with_runtime().await;
    deploy(&node, "writes", "app.write", &[("app.txt", "")]).await;
    let change =
        json!({ "timeout_ms": 60_000, "fuel": bounds::FUEL_MAX, "memory_bytes": 256 << 20 });
    node.configure("writes", change).await;
    let write = async |path: &str, bytes: u64| {
        node.answer("writes", &json!({ "path": path, "bytes": bytes })).await
    };
    assert_eq!(write("/tmp/a", 1 << 20).await, json!({ "written": 1 << 20, "error": null }));
    // 512 MiB and not a byte more, of all files together.
    let over = write("/tmp/b", 600 << 20).await;
    let before = if over["written"] == 512 << 20 { 0 } else { 1 << 20 };
    assert_eq!(over["written"], (512 << 20) - before, "{over}");
    // Rust's libc tells no more of why a stream failed than that it did.
    assert!(over["error"].is_string(), "{over}");
    for path in ["/var/task/app.txt", "/var/task/new", "/new", "/tmp/../new"] {
        let refused = write(path, 1).await;
        assert_eq!(refused["written"], 0, "{path}: {refused}");
    }
    // Nothing of it is found by the next instance, nor in the directory of the data.
    node.configure("writes", json!({ "reuse": 1, "handler": "app.tell" })).await;
    let told = node.answer("writes", &json!(0)).await.to_string();
    assert!(!told.contains("/tmp/a"), "{told}");
    assert_eq!(std::fs::read_dir(node.path("scratch")).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_of_queues_and_buckets_come_as_awss() {
    let node = with_runtime().await;
    node.create::<Bucket>("photos", Default::default()).await;
    node.create::<Queue>("in", read(json!({}))).await;
    node.create::<Queue>("dead", read(json!({}))).await;
    deploy(&node, "told", "app.tell", &[("app.txt", "")]).await;
    let on_object = json!({ "function": "told", "source": { "kind": "object", "bucket": "photos" }, "delivery": { "on_success": "queue:dead" } });
    node.wire::<Trigger>("photo", on_object).await;
    api(&node, "PUT", "/v1/buckets/photos/objects/a%20b.jpg").body("jpeg").send().await;
    let told = taken(&node, "dead").await;
    let text = told.to_string();
    assert!(
        text.contains(r#"\"eventSource\":\"aws:s3\""#)
            || text.contains(r#""eventSource":"aws:s3""#),
        "{text}"
    );
    assert!(text.contains("a+b.jpg") && text.contains("ObjectCreated:Put"), "{text}");
}

/// The next message of a queue.
async fn taken(node: &Node, queue: &str) -> Value {
    let found = eventually("a message", async || {
        let received = node.receive(queue, Default::default()).await;
        received.into_iter().next()
    });
    serde_json::to_value(found.await).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_version_of_a_runtime_is_taken_up_at_once_or_when_it_is_said() {
    let node = with_runtime().await;
    deploy(&node, "auto", "app.tell", &[("app.txt", "")]).await;
    deploy(&node, "held", "app.tell", &[("app.txt", "")]).await;
    node.configure("held", json!({ "runtime_updates": "function-update" })).await;
    for function in ["auto", "held"] {
        used(&node, function).await;
    }
    // Another component under the same name, whose answers are its events.
    let installed = node.install_runtime("script1", guest_code("guest-recorder").await).await;
    assert_eq!(installed["versions"].as_array().unwrap().len(), 2);
    let reply = node.answer("auto", &json!("new")).await.to_string();
    assert!(reply.contains("not granted") || reply.contains("may not"), "{reply}");
    used(&node, "held").await;
    // The next change of the function is when.
    node.configure("held", json!({ "timeout_ms": 5000 })).await;
    let reply = node.answer("held", &json!("new")).await.to_string();
    assert!(reply.contains("not granted") || reply.contains("may not"), "{reply}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_run_is_refused_with_the_remedy() {
    let node = with_runtime().await;
    let refused = async |query: &str, body: Vec<u8>| {
        let ask = api(&node, "PUT", &format!("/v1/functions/bad?{query}"));
        let reply = ask.header("content-type", "application/zip").body(body).send().await;
        (reply.status, reply.text())
    };
    let zip = || package(&[("app.txt", "x")]);
    for (query, body, status, told) in [
        ("runtime=script2&handler=a.b", zip(), 404, "did you mean \\\"script1\\\""),
        ("runtime=nodejs22.x&handler=a.b", zip(), 404, "served by \\\"js\\\""),
        ("runtime=PYTHON&handler=a.b", zip(), 400, "python3.14"),
        ("runtime=script1", zip(), 400, "app.handler"),
        ("runtime=script1&handler=a%20b", zip(), 400, "no blanks"),
        ("handler=a.b", zip(), 422, "need a runtime"),
        ("runtime=script1&handler=a.b", zip()[..60].to_vec(), 422, ""),
        ("runtime=script1&handler=a.b", b"hello".to_vec(), 422, ""),
        ("runtime=script1&handler=a.b", package(&[("a.wasm", "\0asm\r\0\u{1}\0")]), 422, "a.wasm"),
        (
            "runtime=script1&handler=a.b",
            guest_code("guest-probe").await,
            400,
            "leave out the runtime",
        ),
        ("runtime=script1&handler=a.b&tmp=1MiB", zip(), 400, "512.0 MiB"),
    ] {
        let (found, text) = refused(query, body).await;
        assert_eq!(found, status, "{query}: {text}");
        assert!(text.contains(told), "{query}: {text}");
    }
    // A client that has no root key installs nothing.
    let key = api(&node, "POST", "/v1/access-keys").header("content-type", "application/json");
    let key = key.body("{}").send().await.json()["secret"].as_str().unwrap().to_owned();
    let ask =
        node.ask("PUT", "/v1/runtimes/mine").key(&key).header("content-type", "application/wasm");
    assert_eq!(ask.body(guest_code("guest-recorder").await).send().await.status, 403);
    assert_eq!(node.ask("GET", "/v1/runtimes").key(&key).send().await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_is_initialized_once_and_in_a_time_of_its_own() {
    let node = with_runtime().await;
    deploy(&node, "told", "app.tell", &[("app.txt", "hello")]).await;
    used(&node, "told").await;
    assert_eq!(node.answer("told", &json!(0)).await["initialized"], 1);
    let with = async |init: &str, timeout_ms: u64| {
        // More fuel than a fast machine burns meanwhile.
        let fuel = 1_000_000_000_000_u64;
        let environment = json!({ "INIT": init });
        let change = json!({ "environment": environment, "timeout_ms": timeout_ms, "fuel": fuel });
        node.configure("told", change).await;
        node.answer("told", &json!(0)).await
    };
    // Longer than the invocation may take, which is what the handler has for itself.
    assert_eq!(with("sleep:1500", 1000).await["initialized"], 1);
    let failed = with("fail:no module named app", 1000).await;
    assert_eq!(failed["errorType"], "Runtime.ImportModuleError", "{failed}");
    assert_eq!(failed["errorMessage"], "no module named app");
    let ended = with("exit:3", 1000).await.to_string();
    assert!(ended.contains("xited"), "{ended}");
    for endless in ["sleep:60000", "spin:"] {
        let late = with(endless, 1000).await;
        assert_eq!(late["errorType"], "Runtime.InitTimeout", "{endless}: {late}");
    }
    // Those that are kept ready have done it; if they cannot, the invocation says why.
    node.configure("told", json!({ "environment": { "INIT": "sleep:300" }, "provisioned": 1 }))
        .await;
    let told = eventually("a ready instance", async || {
        let reply = node.answer("told", &json!(0)).await;
        let records = node.records("told").await;
        let ready = records.iter().any(|record| record["meter"]["start"] == "ready");
        ready.then_some(reply)
    });
    assert_eq!(told.await["initialized"], 1);
    node.configure("told", json!({ "environment": { "INIT": "fail:again" } })).await;
    assert_eq!(node.answer("told", &json!(0)).await["errorMessage"], "again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_runtime_adds_to_a_package_and_changes_nothing_of_it() {
    let node = with_runtime().await;
    let deployed = deploy(&node, "told", "app.tell", &[("app.txt", "hello")]).await;
    let told = node.answer("told", &json!(0)).await;
    assert_eq!(told["file"], "hello", "what was deployed is not replaced");
    assert!(told["paths"].to_string().contains("/var/task/cache/app.upper"), "{told}");
    let digest = lambent_api::types::Digest::of(&package(&[("app.txt", "hello")]));
    assert_eq!(deployed["digest"], digest.to_string());
    // One that fails at it costs nothing but time.
    deploy(&node, "traps", "app.tell", &[("app.txt", "trap")]).await;
    assert_eq!(node.answer("traps", &json!(0)).await["file"], "trap");
}
