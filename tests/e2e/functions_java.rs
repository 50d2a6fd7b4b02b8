//! Lambda functions in Java and Kotlin, built as their owners wrote them and called as Lambda
//! calls them.

use std::path::Path;

use lambent_api::kinds::{Bucket, Queue};
use lambent_build::{BuildError, Language, Options};
use lambent_test_support::root;
use lambent_test_support::toolchains::is_here;
use serde_json::{Value, json};

use crate::node::Node;
use crate::typed::read;

/// Builds a function of `tests/lambda/java`.
fn build(name: &str, function: Option<&str>) -> Result<Vec<u8>, BuildError> {
    let folder = root().join("tests/lambda/java").join(name);
    let options = Options { function: function.map(str::to_owned), ..Options::default() };
    let built = lambent_build::build(&folder, &options, &mut |_| {})?;
    assert_eq!(built.language, Language::Java);
    assert!(built.component.starts_with(folder.canonicalize().unwrap().join(".lambent/build")));
    assert!(!folder.join("classpath").exists() && !Path::new("classpath").exists());
    Ok(std::fs::read(built.component).unwrap())
}

/// Builds one after the other, as neither Maven's cache nor its folder is made for two at once.
async fn build_alone(
    name: &'static str,
    function: Option<&'static str>,
) -> Result<Vec<u8>, BuildError> {
    static ONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    let _turn = ONE.lock().await;
    tokio::task::spawn_blocking(move || build(name, function)).await.unwrap()
}

/// A node with these functions, each of the folder of its name; none where there is no Maven.
async fn with(functions: &[(&'static str, Option<&'static str>)]) -> Option<Node> {
    if !is_here("mvn", &["-version"]) {
        return None;
    }
    let node = Node::start(&[]);
    for &(name, function) in functions {
        let code =
            build_alone(name, function).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        let change = json!({ "runtime": "provided.al2023", "timeout_ms": 10_000 });
        node.deploy_package(name, code, change).await;
    }
    Some(node)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_in_java_answer_as_they_were_written() {
    let all = [("orders", None), ("api", None), ("queue", None), ("objects", None)];
    let Some(node) = with(&all).await else { return };
    orders(&node).await;
    routes(&node).await;
    node.one_message_fails("queue").await;
    objects(&node).await;
}

fn line(product: &str, quantity: u32) -> Value {
    json!({ "product": product, "quantity": quantity, "price": 3.50, "size": "LARGE" })
}

/// Records, enumerations, options, decimals and times in; a class with getters out.
async fn orders(node: &Node) {
    node.configure("orders", json!({ "environment": { "GREETING": "hi" } })).await;
    let order = json!({
        "id": "o-1", "lines": [line("tea", 2)], "discounts": { "first": 1, "other": 0 },
        "at": "2026-01-01T00:00:00Z", "note": "ürgent", "unknown": [{}],
    });
    let answer = node.answer("orders", &order).await;
    assert_eq!(
        (&answer["order"], &answer["total"], &answer["products"]),
        (&json!("o-1"), &json!(6.0), &json!(["tea"])),
        "{answer}"
    );
    assert_eq!((&answer["note"], &answer["large"]), (&json!("ÜRGENT"), &json!(true)), "{answer}");
    assert_eq!(answer["request"], "orders $LATEST 128 hi", "{answer}");
    let again = json!({ "id": "o-2", "lines": [], "discounts": {} });
    let answer = node.answer("orders", &again).await;
    assert_eq!((&answer["total"], answer.get("note")), (&json!(0), None), "null is left out");
    wrong_orders(node).await;
}

/// Exceptions with their causes, and events that are none.
async fn wrong_orders(node: &Node) {
    let order = json!({ "id": "o-3", "lines": [line("coffee", 1)], "discounts": {} });
    let reply = node.invoke("orders", &order.to_string()).await;
    let error = reply.json();
    assert_eq!(error["errorType"], "example.NoStock", "{error}");
    assert_eq!(error["errorMessage"], "no coffee is left", "{error}");
    let trace = error["stackTrace"].to_string();
    assert!(trace.contains("example.Orders"), "{trace}");
    assert!(trace.contains("Caused by: java.lang.IllegalStateException: only 0"), "{trace}");
    assert!(!trace.contains("lambent."), "only the user's frames are shown: {trace}");
    for (event, told) in [
        (r#"{"id": "#, "unexpected end"),
        (r#"{"lines":{"product":"tea","quantity":"many"}}"#, "`int` from String \\\"many\\\""),
        (r#"{"at":"2019-01-01T00:00:00Z"}"#, "is too old"),
    ] {
        let error = node.invoke("orders", event).await.text();
        assert!(error.contains(told), "{event}: {error}");
    }
}

/// An API by the events of function URLs.
async fn routes(node: &Node) {
    let ask = |method: &str, path: &str| node.ask(method, &format!("/fn/api{path}"));
    let got = ask("GET", "/items/lamp?size=2").send().await;
    assert_eq!((got.status, got.text()), (200, "lamp 2".into()));
    assert_eq!(got.header("x-made-by"), "java");
    let put =
        ask("PUT", "/items/lamp").header("content-type", "text/plain").body("lit").send().await;
    assert_eq!((put.status, put.text()), (201, "lamp is now lit".into()));
    let none = ask("GET", "/none").send().await;
    assert_eq!((none.status, none.text()), (404, "nothing is at /none".into()));
    assert!(ask("DELETE", "/items/lamp").send().await.status >= 500);
}

/// An event of S3 for an object that was written.
async fn objects(node: &Node) {
    node.create::<Bucket>("photos", Default::default()).await;
    node.create::<Queue>("done", read(json!({}))).await;
    let source = json!({ "kind": "object", "bucket": "photos" });
    node.trigger("objects", source, json!({ "on_success": "queue:done" })).await;
    node.put_object("photos", "a b.jpg", b"jpeg".to_vec()).await;
    let done = node.messages("done", 1).await.remove(0);
    let record: Value = serde_json::from_str(done["text"].as_str().unwrap()).unwrap();
    let told = record["responsePayload"][0].as_str().unwrap();
    assert!(told.starts_with("ObjectCreated:Put photos/a b.jpg 4 20"), "{record}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_in_kotlin_and_on_streams_answer() {
    let all = [("kotlin", None), ("faults", Some("example.Copy::handleRequest"))];
    let Some(node) = with(&all).await else { return };
    let answer = node.answer("kotlin", &json!({ "text": "the cat and the dog" })).await;
    assert_eq!(answer[0], json!({ "word": "the", "times": 2 }), "{answer}");
    assert_eq!(answer.as_array().unwrap().len(), 4, "{answer}");
    let error = node.answer("kotlin", &json!({ "text": "?" })).await;
    assert_eq!(error["errorType"], "example.TooShort", "{error}");
    assert_eq!(error["errorMessage"], "'?' has no words", "{error}");
    let answer = node.answer("faults", &json!({ "a": [1, "é"] })).await;
    assert_eq!(answer, json!({ "copied": { "a": [1, "é"] }, "by": "faults" }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gson_and_jackson_map_the_classes_of_a_project() {
    let Some(node) = with(&[("mapped", None)]).await else { return };
    let event = json!({
        "point": r#"{"x":1,"why":2}"#, "person": r#"{"full_name":"Ada","friends":["Bob"],"else":1}"#,
        "pair": r#"{"first":"1","other":"2"}"#,
    });
    let answer = node.answer("mapped", &event).await;
    let mapped = |name: &str| -> Value {
        serde_json::from_str(answer[name].as_str().unwrap_or_else(|| panic!("{answer}"))).unwrap()
    };
    assert_eq!(mapped("point"), json!({ "x": 2, "why": 2 }));
    assert_eq!(mapped("person"), json!({ "full_name": "Ada!", "friends": ["Bob"] }));
    assert_eq!(mapped("pair"), json!([{ "first": "1", "other": "2" }, { "first": "a" }]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_a_function_in_java_ends_its_neighbour_goes_on() {
    let all = [("faults", Some("example.Faults")), ("orders", None)];
    let Some(node) = with(&all).await else { return };
    let order = json!({ "id": "o", "lines": [], "discounts": {} });
    for (fault, told) in [
        ("exit", "exited with code"),
        ("deep", "call stack exhausted"),
        ("memory", "more memory than its limit"),
        ("pointer", "java.lang.NullPointerException"),
        ("loop", "used up its fuel"),
    ] {
        let error = node.invoke("faults", &json!({ "fault": fault }).to_string()).await.text();
        assert!(error.contains(told), "{fault}: {error}");
        assert_eq!(node.answer("orders", &order).await["order"], "o", "after {fault}");
    }
    // Garbage is collected, and threads take turns.
    assert_eq!(node.answer("faults", &json!({ "fault": "churn" })).await, 10_000);
    assert_eq!(node.answer("faults", &json!({ "fault": "sleep" })).await, "other slept");
    digests(&node).await;
    let answer = node.answer("faults", &json!({ "any": [1.5, null, "x"] })).await;
    assert_eq!(answer["event"], json!({ "any": [1.5, null, "x"] }), "{answer}");
}

/// Digests of texts around the ends of blocks, as CPython's `hashlib` computes them.
async fn digests(node: &Node) {
    for (algorithm, length, expected) in [
        ("MD5", 0, "d41d8cd98f00b204e9800998ecf8427e"),
        ("MD5", 55, "ef1772b6dff9a122358552954ad0df65"),
        ("MD5", 56, "3b0c8ac703f828b04c6c197006d17218"),
        ("MD5", 64, "014842d480b571495a4a0363793f7367"),
        ("MD5", 1000, "cabe45dcc9ae5b66ba86600cca6b8ba8"),
        ("SHA-1", 0, "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        ("SHA-1", 55, "c1c8bbdc22796e28c0e15163d20899b65621d65a"),
        ("SHA-1", 56, "c2db330f6083854c99d4b5bfb6e8f29f201be699"),
        ("SHA-1", 64, "0098ba824b5c16427bd7a1122a5a442a25ec644d"),
        ("SHA-1", 1000, "291e9a6c66994949b57ba5e650361e98fc36b1ba"),
        ("SHA-256", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("SHA-256", 55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"),
        ("SHA-256", 56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"),
        ("SHA-256", 64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"),
        ("SHA-256", 1000, "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3"),
    ] {
        let text = "a".repeat(length);
        let event = json!({ "fault": "digest", "algorithm": algorithm, "text": text });
        assert_eq!(node.answer("faults", &event).await, expected, "{algorithm} of {length}");
    }
    let event = json!({ "fault": "digest", "algorithm": "SHA-3", "text": "" });
    assert_eq!(node.answer("faults", &event).await, "SHA-3 MessageDigest not available");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_handlers_one_is_to_be_named() {
    if !is_here("mvn", &["-version"]) {
        return;
    }
    let error = build_alone("faults", None).await.unwrap_err().to_string();
    for handler in
        ["--function example.Copy::handleRequest", "--function example.Faults::handleRequest"]
    {
        assert!(error.contains(handler), "{error}");
    }
    let error = build_alone("faults", Some("example.None")).await.unwrap_err().to_string();
    assert!(error.contains("example.None is not there"), "{error}");
}
