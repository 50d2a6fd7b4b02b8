//! Lambda functions in Go, built as their owners wrote them and called as Lambda calls them.

use std::path::Path;

use lambent_api::kinds::{Bucket, Keyspace, Queue, Table, Trigger};
use lambent_build::{Language, Options};
use lambent_test_support::canned::{Canned, answer};
use lambent_test_support::root;
use lambent_test_support::toolchains::is_here;
use serde_json::{Value, json};

use crate::cli::at;
use crate::node::{Node, eventually, files, run};
use crate::typed::read;

/// Builds a function of `tests/lambda/go`.
fn build(name: &str) -> Vec<u8> {
    let folder = root().join("tests/lambda/go").join(name);
    let sources = |folder: &Path| -> Vec<_> {
        let all = files(folder).into_iter();
        all.filter(|(path, ..)| !path.starts_with(folder.join(".lambent"))).collect()
    };
    let before = sources(&folder);
    let mut told = Vec::new();
    let mut report = |line: &str| told.push(line.to_owned());
    let built = lambent_build::build(&folder, &Options::default(), &mut report)
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(built.language, Language::Go);
    assert_eq!(built.component, folder.join(format!(".lambent/build/{name}.wasm")));
    assert!(told[0].starts_with("compiling example.com/"), "{told:?}");
    assert_eq!(sources(&folder), before, "no file of the project changes");
    std::fs::read(built.component).unwrap()
}

/// A node with these functions; none where there is no Go.
async fn with(functions: &[&'static str]) -> Option<Node> {
    if !is_here("go", &["version"]) {
        return None;
    }
    let node = Node::start(&[]);
    for &name in functions {
        let code = tokio::task::spawn_blocking(move || build(name)).await.unwrap();
        let change = json!({ "runtime": "provided.al2023", "timeout_ms": 10_000 });
        node.deploy_package(name, code, change).await;
    }
    Some(node)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_in_go_answer_as_they_were_written() {
    let Some(node) = with(&["orders", "api", "streaming"]).await else { return };
    plain(&node).await;
    routes(&node).await;
    streamed(&node).await;
}

/// JSON, what Lambda's context tells, and errors.
async fn plain(node: &Node) {
    let order = json!({ "id": "o1", "lines": [{ "sku": "a", "quantity": 2, "price": 1.5 }] });
    let reply = node.invoke("orders", &order.to_string()).await;
    let receipt = reply.json();
    assert_eq!((&receipt["order"], &receipt["total"]), (&json!("o1"), &json!(3)), "{receipt}");
    assert_eq!(receipt["requestId"], reply.header("lambent-request-id"));
    assert_eq!(receipt["function"], "orders");
    assert!(receipt["arn"].as_str().unwrap().ends_with(":function:orders"), "{receipt}");
    assert_eq!(receipt["hasTime"], true);
    let failed = node.answer("orders", &json!({ "id": "o2" })).await;
    let expected =
        json!({ "errorType": "errorString", "errorMessage": "order \"o2\" has no lines" });
    assert_eq!(failed, expected);
    let failed = node.answer("orders", &json!({ "id": 3 })).await;
    assert_eq!(failed["errorType"], "UnmarshalTypeError", "{failed}");
    // Larger than what is kept ready for events.
    let lines = vec![json!({ "sku": "x".repeat(1000), "quantity": 1, "price": 1 }); 3000];
    for _ in 0..3 {
        let receipt = node.answer("orders", &json!({ "id": "large", "lines": lines })).await;
        assert_eq!(receipt["total"], 3000, "{receipt}");
    }
    node.has_logged("orders", "priced").await;
}

/// An `http.Handler` of several routes behind AWS's proxy library.
async fn routes(node: &Node) {
    let reply = node.ask("GET", "/fn/api/notes/first?verbose=yes").send().await;
    assert_eq!(reply.json(), json!({ "note": "hello", "verbose": "yes" }));
    let put = node.ask("PUT", "/fn/api/notes/second").body(r#"{"note":"again"}"#);
    let reply = put.send().await;
    assert_eq!((reply.status, reply.header("set-cookie")), (201, "last=second"), "{reply:?}");
    assert_eq!(reply.header("location"), "/notes/second");
    assert_eq!(node.ask("GET", "/fn/api/notes/third").send().await.status, 404);
    assert_eq!(node.ask("DELETE", "/fn/api/notes/first").send().await.status, 405);
    let reply = node.ask("PUT", "/fn/api/notes/second").body("{").send().await;
    assert_eq!(reply.status, 400, "{reply:?}");
}

/// A response with a head and a body that is written bit by bit.
async fn streamed(node: &Node) {
    let reply = node.ask("GET", "/fn/streaming/here").send().await;
    let page = "<ul><li>0</li><li>1</li><li>2</li></ul>";
    assert_eq!((reply.status, reply.text()), (202, page.into()));
    assert_eq!((reply.header("content-type"), reply.header("x-path")), ("text/html", "/here"));
    assert_eq!(reply.header("set-cookie"), "seen=yes");
    let reply = node.ask("GET", "/fn/streaming/broken").send().await;
    assert_eq!(reply.status, 502);
    node.has_logged("streaming", "the source has ended early").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_builds_a_folder_and_deploys_it() {
    if !is_here("go", &["version"]) {
        return;
    }
    let node = Node::start(&[]);
    let line = |line: &[&str]| {
        let mut command = at(&node, line);
        // Where Go keeps what it has compiled.
        command.env("HOME", std::env::var_os("HOME").unwrap_or_default());
        tokio::task::block_in_place(|| run(command))
    };
    let folder = root().join("tests/lambda/go/orders");
    let folder = folder.to_str().unwrap();
    let output = tempfile::tempdir().unwrap();
    let file = output.path().join("orders.wasm");
    let built = line(&["--json", "build", folder, "--output", file.to_str().unwrap()]);
    assert_eq!(built.code, Some(0), "{built:?}");
    let told: Value = serde_json::from_str(&built.stdout).unwrap();
    assert_eq!((&told["language"], &told["runtime"]), (&json!("Go"), &json!("provided.al2023")));
    assert_eq!(told["bytes"], std::fs::metadata(&file).unwrap().len());
    let deployed = line(&["deploy", "orders", folder]);
    assert_eq!(deployed.code, Some(0), "{deployed:?}");
    let order = r#"{"id":"o1","lines":[{"sku":"a","quantity":2,"price":1.5}]}"#;
    let answered = line(&["invoke", "orders", "--data", order]);
    assert!(answered.stdout.contains("\"total\":3"), "{answered:?}");
    let refused = line(&["build", output.path().to_str().unwrap()]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("no Cargo.toml, go.mod or pom.xml"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_in_go_take_messages_and_objects() {
    let Some(node) = with(&["queue", "thumbnails"]).await else { return };
    node.create::<Queue>("payments", read(json!({ "visibility_timeout_ms": 1000 }))).await;
    for body in [r#"{"id":"good","cents":5}"#, r#"{"id":"bad"}"#] {
        let send = node.ask("POST", "/v1/queues/payments/messages").key(&node.key);
        assert!(send.body(body).send().await.status < 300);
    }
    let source = json!({ "kind": "queue", "queue": "payments" });
    node.wire::<Trigger>("payments", json!({ "function": "queue", "source": source })).await;
    let again = "payment bad: a payment has an amount";
    let lines = eventually("the message again", async || {
        let records = node.records("queue").await;
        let lines = records.iter().map(Value::to_string).collect::<String>();
        (lines.matches(again).count() > 1).then_some(lines)
    });
    let lines = lines.await;
    assert_eq!(lines.matches("took 5 of payment good").count(), 1, "{lines}");

    node.create::<Bucket>("photos", Default::default()).await;
    let source = json!({ "kind": "object", "bucket": "photos" });
    node.wire::<Trigger>("photos", json!({ "function": "thumbnails", "source": source })).await;
    let put = node.ask("PUT", "/v1/buckets/photos/objects/a%20b.jpg").key(&node.key);
    put.body("jpeg").send().await;
    eventually("the event of the object", async || {
        let records = node.records("thumbnails").await;
        let lines = records.iter().map(Value::to_string).collect::<String>();
        lines.contains("photos/a b.jpg (4 bytes) becomes a b-small.jpg").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_in_go_send_requests_by_grant() {
    let Some(node) = with(&["rates"]).await else { return };
    let event = json!({ "amount": 10, "currencies": ["EUR"] });
    let point_to = async |address: &str, hosts: &[&str]| {
        let change =
            json!({ "environment": { "RATES_URL": address }, "grants": { "hosts": hosts } });
        node.configure("rates", change).await;
    };
    let service = Canned::start(vec![answer("200 OK", r#"{"rate":2.5}"#); 3]);
    let address = format!("http://{}", service.endpoint::<String>());
    point_to(&address, &[]).await;
    let refused = node.answer("rates", &event).await["errorMessage"].to_string();
    assert!(refused.contains("HTTP-request-denied"), "{refused}");
    node.has_logged("rates", &format!("may not send requests to {address}")).await;

    point_to(&address, &[address.as_str()]).await;
    assert_eq!(node.answer("rates", &event).await, json!({ "EUR": 25 }));
    let both = json!({ "amount": 2, "currencies": ["EUR", "SEK"] });
    assert_eq!(node.answer("rates", &both).await, json!({ "EUR": 5, "SEK": 5 }));
    let requests = tokio::task::spawn_blocking(|| service.requests()).await.unwrap();
    assert!(requests[0].starts_with("POST /rate HTTP/1.1"), "{requests:?}");
    assert!(requests[0].ends_with(r#"{"currency":"EUR"}"#), "{requests:?}");

    // Nobody answers there, and the function's own patience ends.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    point_to(&address, &[address.as_str()]).await;
    let failed = node.answer("rates", &event).await["errorMessage"].to_string();
    assert!(failed.contains("context deadline exceeded"), "{failed}");
    drop(silent);
    let failed = node.answer("rates", &event).await["errorMessage"].to_string();
    assert!(failed.contains("connection-refused"), "{failed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sdk_for_go_reaches_the_node_without_configuration() {
    let Some(node) = with(&["shop"]).await else { return };
    node.create::<Bucket>("receipts", Default::default()).await;
    node.create::<Table>(
        "orders",
        read(json!({ "key": { "hash": { "name": "id", "type": "S" } } })),
    )
    .await;
    let order = json!({ "id": "o1", "total": "30.5" });
    let refused = node.answer("shop", &order).await["errorMessage"].to_string();
    assert!(refused.contains("lambent grant add shop table:orders=write"), "{refused}");
    let grants =
        json!({ "tables": { "orders": "read-write" }, "buckets": { "receipts": "read-write" } });
    node.configure("shop", json!({ "grants": grants })).await;
    let kept = node.answer("shop", &order).await;
    assert_eq!(kept, json!({ "total": "30.5", "receipt": "total 30.5" }));
    let receipt = node.get_object("receipts", "o1.txt").await;
    assert_eq!(receipt.as_deref(), Some(&b"total 30.5"[..]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_in_go_reach_keyspaces_buckets_and_queues_by_the_sdk() {
    let Some(node) = with(&["stores"]).await else { return };
    node.create::<Keyspace>("notes", ()).await;
    node.create::<Bucket>("notes", Default::default()).await;
    node.create::<Queue>("notes", read(json!({}))).await;
    let note =
        |name: &str, text: &str, size: usize| json!({ "name": name, "text": text, "size": size });
    let denied = node.answer("stores", &note("a", "one", 0)).await["errorMessage"].to_string();
    assert!(denied.contains("was not granted"), "{denied}");
    let both = json!({ "notes": "read-write" });
    let grants = json!({ "keyspaces": both, "buckets": both, "queues": { "notes": "write" } });
    node.configure("stores", json!({ "grants": grants })).await;
    let kept = node.answer("stores", &note("a", "one", 0)).await;
    let expected = json!({
        "count": 1, "before": "", "keys": ["a", "count"], "objects": ["a"], "read": 0,
    });
    assert_eq!(kept, expected);
    let kept = node.answer("stores", &note("a", "two", 1_000_000)).await;
    assert_eq!((&kept["count"], &kept["before"]), (&json!(2), &json!("one")), "{kept}");
    assert_eq!(kept["read"], 1_000_000);
    let received = node.receive("notes", Default::default()).await;
    let text = serde_json::to_value(&received[0]).unwrap()["text"].to_string();
    assert!(text.contains("one") || text.contains("two"), "{received:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_in_go_that_serve_get_requests() {
    if !is_here("go", &["version"]) {
        return;
    }
    let node = Node::start(&[]);
    let code = tokio::task::spawn_blocking(|| build("site")).await.unwrap();
    let limits = json!({ "reuse": 100, "timeout_ms": 2000 });
    node.deploy_package("site", code, limits).await;
    // Whoever asks again at once may come before the instance can be used again.
    eventually("an instance that is used again", async || {
        let reply = node.ask("GET", "/fn/site/visit/ann").send().await;
        assert!(reply.status == 200 && reply.text().starts_with("ann, visit "), "{reply:?}");
        assert_eq!(reply.header("content-length"), reply.text().len().to_string());
        assert_eq!(reply.header("content-type"), "text/plain; charset=utf-8");
        reply.text().ends_with(" 2").then_some(())
    })
    .await;
    let text = "a".repeat(500_000);
    let reply = node.ask("POST", "/fn/site/upper").body(text.clone()).send().await;
    assert_eq!((reply.status, reply.header("x-length")), (202, "500000"));
    assert_eq!(reply.text(), text.to_uppercase());
    let large = vec![b'a'; 2 << 20];
    assert_eq!(node.ask("POST", "/fn/site/upper").body(large).send().await.status, 413);
    let pages = node.ask("GET", "/fn/site/pages").send().await.text();
    assert_eq!(
        (pages.lines().count(), pages.lines().next_back()),
        (1000, Some("page 999 of a thousand"))
    );
    assert_eq!(node.ask("GET", "/fn/site/none").send().await.status, 404);
    assert_eq!(node.ask("HEAD", "/fn/site/pages").send().await.text(), "");
    assert_eq!(node.ask("GET", "/fn/site/panic").send().await.status, 500);
    node.has_logged("site", "panic serving /panic: no page").await;
    let reply = node.ask("GET", "/fn/site/loop").send().await;
    assert!(reply.status >= 500, "{reply:?}");
    let reply = node.ask("GET", "/fn/site/visit/bob").send().await;
    assert!(reply.text().starts_with("bob, visit "), "by another instance: {reply:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_in_go_end_as_on_lambda_and_disturb_nobody() {
    let Some(node) = with(&["authorizer", "orders"]).await else { return };
    let tokens = json!({ "TOKENS": r#"{"a":"ann"}"# });
    let mut limits = json!({ "environment": tokens, "timeout_ms": 1000, "reuse": 100 });
    limits["fuel"] = 1_000_000_000_000_u64.into();
    node.configure("authorizer", limits).await;
    let called = ask(&node, "a").await;
    assert_eq!(called["isAuthorized"], true, "{called}");
    let called = ask(&node, "a").await;
    assert_eq!(called["context"], json!({ "user": "ann", "calls": 2 }), "its state is kept");
    let failed = ask(&node, "b").await;
    let expected =
        json!({ "errorType": "UnknownToken", "errorMessage": "nobody has the token \"b\"" });
    assert_eq!(failed, expected);
    assert_eq!(ask(&node, "a").await["context"]["calls"], 4, "an error ends no instance");
    let failed = ask(&node, "panic").await;
    assert_eq!(failed["errorMessage"], "assignment to entry in nil map", "{failed}");
    let trace = failed["stackTrace"].to_string();
    assert!(trace.contains("authorize (authorizer/main.go:"), "{trace}");
    assert_eq!(ask(&node, "a").await["context"]["calls"], 1, "a panic ends its instance");
    for (token, outcome) in [("exit", "exited"), ("sleep", "timed-out"), ("spin", "timed-out")] {
        let order = json!({ "id": "o", "lines": [{}] });
        let neighbour = node.answer("orders", &order);
        let (ended, beside) = tokio::join!(end(&node, token), neighbour);
        assert_eq!(ended, outcome, "{token}");
        assert_eq!(beside["order"], "o", "{token}: {beside}");
        assert_eq!(ask(&node, "a").await["context"]["calls"], 1, "{token}");
    }
    node.configure("authorizer", json!({ "fuel": 100_000_000 })).await;
    assert_eq!(end(&node, "spin").await, "out-of-fuel");
    assert_eq!(ask(&node, "a").await["isAuthorized"], true);
    beginnings(&node).await;
}

/// What ends before the program waits for events.
async fn beginnings(node: &Node) {
    node.configure("authorizer", json!({ "environment": {} })).await;
    assert_eq!(end(node, "a").await, "exited");
    node.has_logged("authorizer", "TOKENS is not set").await;
    node.configure("authorizer", json!({ "environment": { "TOKENS": "no JSON" } })).await;
    assert_eq!(end(node, "a").await, "trapped");
    node.has_logged("authorizer", "panic: invalid character").await;
    let tokens = json!({ "TOKENS": r#"{"a":"ann"}"# });
    node.configure("authorizer", json!({ "environment": tokens })).await;
    assert_eq!(ask(node, "a").await["isAuthorized"], true);
}

/// What the authorizer answers to a token.
async fn ask(node: &Node, token: &str) -> Value {
    node.answer("authorizer", &json!({ "identitySource": [token] })).await
}

/// How an invocation with a token ends.
async fn end(node: &Node, token: &str) -> String {
    let event = json!({ "identitySource": [token] }).to_string();
    let reply = node.invoke("authorizer", &event).await;
    let record = node.record("authorizer", reply.header("lambent-request-id")).await;
    record["outcome"]["kind"].as_str().unwrap_or_else(|| panic!("{record}")).to_owned()
}
