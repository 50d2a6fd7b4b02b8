//! Everything that can be sent wrongly is answered with what was wrong, where,
//! and what to do; and nothing is lost by it.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use bytes::Bytes;
use futures::StreamExt as _;
use hyper::body::Frame;
use serde_json::json;

use crate::client::{Ask, Raw, Reply};
use crate::node::{Node, eventually, guest_code, lambent, run, shared};

fn component(wat: &str) -> Vec<u8> {
    wat::parse_str(wat).unwrap()
}

/// A component that exports `wasi:cli/run`, with these core memories in it.
fn runs_with(memories: &str) -> Vec<u8> {
    component(&format!(
        r#"(component
            (core module $module {memories} (func (export "run") (result i32) (i32.const 0)))
            (core instance $instance (instantiate $module))
            (func $run (result (result)) (canon lift (core func $instance "run")))
            (instance $exports (export "run" (func $run)))
            (export "wasi:cli/run@0.2.0" (instance $exports)))"#
    ))
}

/// A component that imports an empty instance of this name.
fn imports(name: &str) -> Vec<u8> {
    component(&format!(
        r#"(component
            (import "{name}" (instance $i (export "f" (func))))
            (core func $f (canon lower (func $i "f")))
            (core module $module (import "" "f" (func)) (func (export "run") (result i32) (i32.const 0)))
            (core instance $instance
                (instantiate $module (with "" (instance (export "f" (func $f))))))
            (func $run (result (result)) (canon lift (core func $instance "run")))
            (instance $exports (export "run" (func $run)))
            (export "wasi:cli/run@0.2.0" (instance $exports)))"#
    ))
}

/// What an upload is, the upload, the code of the refusal, and what it says.
type Case = (&'static str, Vec<u8>, &'static str, &'static [&'static str]);

/// Core modules of which no component can be made.
fn modules() -> Vec<Case> {
    let program = component(r#"(module (memory (export "memory") 1) (func (export "_start")))"#);
    vec![
        (
            "library",
            component(r#"(module (func (export "add")))"#),
            "invalid-component",
            &["no _start", "[add]", "wasm32-wasip2"],
        ),
        (
            "program for browsers",
            component(
                r#"(module (import "env" "emscripten_exit" (func)) (func (export "_start")))"#,
            ),
            "unmet-imports",
            &["\"env\" \"emscripten_exit\"", "wasi-sdk"],
        ),
        (
            "program that only the adapter refuses",
            component(r#"(module (memory (export "memory") 65535) (func (export "_start")))"#),
            "invalid-component",
            &["cannot be adapted", "4 GiB"],
        ),
        (
            "program cut short",
            program[..program.len() - 3].to_vec(),
            "invalid-component",
            &["the module is malformed at byte"],
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_is_no_usable_component_says_why() {
    let node = shared().await;
    node.deploy("bad-upload", "hello-http", "").await;
    let whole = guest_code("hello-http").await;
    let mut odd = whole.clone();
    odd[whole.len() / 2] ^= 0x55;
    let cut = whole[..whole.len() / 2].to_vec();
    let many = "(memory 1) ".repeat(20);
    let nothing = component("(component)");
    let other_export = component(
        r#"(component (instance $i) (export "wasi:http/incoming-handler@0.1.0" (instance $i)))"#,
    );
    let wrong_type = component(
        r#"(component (instance $i) (export "wasi:http/incoming-handler@0.2.0" (instance $i)))"#,
    );
    let cases: Vec<Case> = vec![
        ("empty", vec![], "invalid-component", &["empty"]),
        ("text", b"hello".to_vec(), "invalid-component", &["68656c6c", "\\0asm"]),
        ("wat", b"(module)".to_vec(), "invalid-component", &["wasm-tools parse"]),
        ("zip", b"PK\x03\x04....".to_vec(), "invalid-package", &["zip is damaged"]),
        ("gzip", b"\x1f\x8b\x08...".to_vec(), "invalid-package", &["damaged"]),
        ("elf", b"\x7fELF....".to_vec(), "invalid-component", &["native ELF"]),
        ("cut short", cut, "invalid-component", &["malformed at byte"]),
        ("header only", whole[..8].to_vec(), "invalid-component", &["no export"]),
        ("newer", b"\0asm\x99\0\x01\0".to_vec(), "invalid-component", &["malformed at byte"]),
        ("exports nothing", nothing, "invalid-component", &["exports []", "wasi:http/handler@0.3"]),
        (
            "exports an old version",
            other_export,
            "invalid-component",
            &["wasi:http/incoming-handler@0.1.0", "one of these is needed"],
        ),
        ("exports other types", wrong_type, "invalid-component", &["other functions or types"]),
        (
            "imports another version",
            imports("wasi:clocks/monotonic-clock@0.1.0"),
            "unmet-imports",
            &["wasi:clocks/monotonic-clock@0.1.0 (nearest served: wasi:clocks/monotonic-clock@0."],
        ),
        (
            "imports the unknown",
            imports("acme:rockets/launch@1.0.0"),
            "unmet-imports",
            &["acme:rockets/launch@1.0.0 (nothing like it is served)"],
        ),
        ("many memories", runs_with(&many), "invalid-component", &["memor"]),
        ("huge table", runs_with("(table 1000000 funcref)"), "invalid-component", &["table"]),
        ("64-bit memory", runs_with("(memory i64 1)"), "invalid-component", &["64"]),
        ("shared memory", runs_with("(memory 1 2 shared)"), "invalid-component", &["thread"]),
    ];
    for (what, code, expected, phrases) in cases.into_iter().chain(modules()) {
        let reply = node.put("bad-upload", "", code).await;
        let detail = reply.problem(422, expected);
        for phrase in phrases {
            assert!(detail.contains(phrase), "{what}: {phrase:?} is not in {detail:?}");
        }
    }
    let reply = node.put("bad-upload", "", odd).await;
    assert!(reply.status == 422 || reply.status == 200, "one flipped byte: {reply:?}");
    node.deploy("bad-upload", "hello-http", "").await;
    assert_eq!(node.get("bad-upload", "/").await.text(), "Hello from Lambent!\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_that_is_too_small_for_the_component_names_both() {
    let node = shared().await;
    let code = runs_with("(memory 80)");
    let reply = node.put("bad-memory", "memory=4MiB", code.clone()).await;
    let detail = reply.problem(400, "invalid-configuration");
    assert!(detail.contains("4.0 MiB") && detail.contains("5.0 MiB"), "{detail}");
    assert_eq!(node.put("bad-memory", "memory=8MiB", code).await.status, 201);
    // Tables are memory too.
    let code = runs_with("(memory 63) (table 15000 funcref)");
    let detail = node.put("bad-table", "memory=4MiB", code.clone()).await;
    let detail = detail.problem(400, "invalid-configuration");
    assert!(detail.contains("4.1 MiB"), "{detail}");
    let reply = patch(node, "bad-memory", r#"{"memory_bytes": 4194304}"#).await;
    reply.problem(400, "invalid-configuration");
    let view = node.api("GET", "/bad-memory").send().await.json();
    assert_eq!(view["configuration"]["memory_bytes"], 8 << 20);
}

async fn patch(node: &Node, function: &str, body: &str) -> Reply {
    let ask = node.api("PATCH", &format!("/{function}"));
    ask.header("content-type", "application/json").body(body.to_owned()).send().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_beyond_the_limit_is_refused_before_and_while_it_is_sent() {
    const LIMIT: u64 = 250 << 20;
    let node = Node::start(&[]);
    let before = node.rss();
    // By what it says of itself: nothing is sent, and nothing waited for.
    let mut connection = Raw::connect(node.address).await;
    let head = format!(
        "PUT /v1/functions/big HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n\
         content-type: application/wasm\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
        node.address,
        node.key,
        LIMIT + 1
    );
    connection.send(head).await;
    let text = connection.until("}").await;
    assert!(text.starts_with("HTTP/1.1 413 "), "{text}");
    assert!(text.contains("larger than 250.0 MiB") && text.contains("payload-too-large"), "{text}");
    // By what comes, of unknown length.
    let chunk = Bytes::from(vec![0; 1 << 20]);
    let frames = futures::stream::repeat(chunk).take(260).map(Frame::data);
    let ask = node.api("PUT", "/big").header("content-type", "application/wasm");
    let reply = ask.http2().frames(frames).send().await;
    reply.problem(413, "payload-too-large");
    node.api("GET", "/big").send().await.problem(404, "function-not-found");
    // JSON has a bound of its own.
    node.deploy("small", "hello-http", "").await;
    let long = json!({ "description": "x".repeat(100_000) }).to_string();
    patch(&node, "small", &long).await.problem(413, "payload-too-large");
    eventually("memory given back", async || {
        node.ask("GET", "/healthz").send().await;
        (node.rss() < before + (100 << 20)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn configuration_out_of_bounds_names_value_and_bounds() {
    let node = shared().await;
    node.deploy("bad-config", "hello-http", "").await;
    let code = guest_code("hello-http").await;
    let cases = [
        ("memory=1MiB", "invalid-configuration", "memory is 1.0 MiB; it must be between 2.0 MiB"),
        ("memory=5GiB", "invalid-configuration", "and 4.0 GiB"),
        ("memory=lots", "invalid-request", "\"memory\""),
        ("timeout=0s", "invalid-configuration", "between 1 ms and 900 s"),
        ("timeout=901s", "invalid-configuration", "timeout is 901000 ms"),
        ("timeout=soon", "invalid-request", "a duration such as 250ms"),
        ("fuel=1", "invalid-configuration", "fuel is 1"),
        ("fuel=-1", "invalid-request", "\"fuel\""),
        ("public=maybe", "invalid-request", "true or false"),
        ("memroy=64MiB", "invalid-request", "did you mean \"memory\"?"),
        ("environment=A", "invalid-request", "unknown query parameter \"environment\""),
        ("memory=64MiB&memory=65MiB", "invalid-request", "twice"),
    ];
    for (query, code_word, phrase) in cases {
        let detail = node.put("bad-config", query, code.clone()).await.problem(400, code_word);
        assert!(detail.contains(phrase), "{query}: {detail}");
    }
    let tags = serde_json::Map::from_iter((0..51).map(|n| (format!("t{n}"), json!(""))));
    let cases = [
        ("{".to_owned(), "invalid-request", "EOF while parsing"),
        ("[]".to_owned(), "invalid-request", "should be an object"),
        (r#"{"memory_bytes": "64MiB"}"#.to_owned(), "invalid-request", "line 1 column"),
        (r#"{"memroy_bytes": 1}"#.to_owned(), "invalid-request", "unknown field `memroy_bytes`"),
        (json!({ "timeout_ms": 0 }).to_string(), "invalid-configuration", "timeout is 0 ms"),
        (json!({ "environment": { "1A": "" } }).to_string(), "invalid-configuration", "\"1A\""),
        (
            json!({ "environment": { "A": "x".repeat(5000) } }).to_string(),
            "invalid-configuration",
            "environment is 5001 bytes",
        ),
        (json!({ "environment": { "A": "a\u{0}b" } }).to_string(), "invalid-configuration", "NUL"),
        (json!({ "tags": tags }).to_string(), "invalid-configuration", "51 tags"),
        (
            json!({ "description": "é".repeat(257) }).to_string(),
            "invalid-configuration",
            "257 characters",
        ),
    ];
    for (body, code_word, phrase) in cases {
        let detail = patch(node, "bad-config", &body).await.problem(400, code_word);
        assert!(detail.contains(phrase), "{body}: {detail}");
    }
    let view = node.api("GET", "/bad-config").send().await.json();
    assert_eq!(view["configuration"]["memory_bytes"], 128 << 20, "nothing was changed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_names_are_refused_wherever_they_appear() {
    let node = shared().await;
    let code = guest_code("hello-http").await;
    let long = "x".repeat(65);
    let names = [
        ("a%20b", "' '"),
        ("a.b", "'.'"),
        ("..", "'.'"),
        ("%2e%2e", "'.'"),
        ("a%2Fb", "'/'"),
        ("caf%C3%A9", "'é'"),
        ("a%00b", "position 2"),
        ("a:1", "':'"),
        ("@a", "'@'"),
        ("%F0%9F%A6%80", "position 1"),
        (&long, "65 characters"),
    ];
    for (name, phrase) in names {
        let detail = node.put(name, "", code.clone()).await.problem(400, "invalid-name");
        assert!(detail.contains(phrase), "{name}: {detail}");
        let target = format!("/{name}/invocations");
        node.api("POST", &target).send().await.problem(400, "invalid-name");
    }
    for path in ["/fn/a.b/", "/fn/a%2Fb/", "/fn/..%2Fv1/", "/fn/", "/fn/x:a.b/", "/fn/@a.b/x/"] {
        node.ask("GET", path).send().await.problem(400, "invalid-name");
    }
    node.ask("GET", "/fn/a%zz/").send().await.problem(400, "invalid-request");
    node.put("a%zz", "", code.clone()).await.problem(400, "invalid-name");
    let longest = "y".repeat(64);
    assert_eq!(node.put(&longest, "public=true", code.clone()).await.status, 201);
    assert_eq!(node.ask("GET", &format!("/fn/{longest}/")).send().await.status, 200);
    // Names differ by more than case.
    node.deploy("bad-Case", "hello-http", "").await;
    let ask = node.api("PUT", "/BAD-case").header("content-type", "application/wasm");
    ask.header("if-none-match", "*").body(code).send().await.problem(412, "precondition-failed");
    assert_eq!(node.get("BaD-cAsE", "/").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_exist_is_named() {
    let node = shared().await;
    node.deploy("bad-lookup", "hello-http", "").await;
    let detail = node.call("bad-nobody", "GET", "/").key(&node.key).send().await;
    let detail = detail.problem(404, "function-not-found");
    assert_eq!(detail, "function \"bad-nobody\" does not exist in namespace \"default\"");
    for (method, rest) in [
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/code"),
        ("GET", "/logs"),
        ("GET", "/versions"),
        ("POST", "/versions"),
        ("POST", "/invocations"),
    ] {
        let ask = node.api(method, &format!("/bad-nobody{rest}"));
        ask.send().await.problem(404, "function-not-found");
    }
    patch(node, "bad-nobody", "{}").await.problem(404, "function-not-found");
    let detail = node.ask("GET", "/fn/bad-lookup:9/").key(&node.key).send().await;
    let detail = detail.problem(404, "version-not-found");
    assert!(detail.contains("has no version 9"), "{detail}");
    let ask = node.api("POST", "/bad-lookup/invocations?qualifier=9").send().await;
    ask.problem(404, "version-not-found");
    node.api("DELETE", "/bad-lookup/versions/9").send().await.problem(404, "version-not-found");
    node.api("GET", "/bad-lookup?qualifier=x").send().await.problem(404, "alias-not-found");
    let nowhere = node.ask("GET", "/fn/@nowhere/bad-lookup/").key(&node.key).send().await;
    nowhere.problem(404, "function-not-found");
    // Who has no key is not told what there is.
    for target in ["/fn/bad-nobody/", "/fn/bad-lookup:9/", "/fn/@nowhere/bad-lookup/"] {
        node.ask("GET", target).send().await.problem(401, "unauthorized");
    }
    let detail = node.ask("GET", "/no/such/path").send().await.problem(404, "not-found");
    assert!(detail.contains("/no/such/path") && detail.contains("/v1"), "{detail}");
    node.ask("GET", "/v1/nonsense").key(&node.key).send().await.problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn methods_media_types_and_keys_that_do_not_fit() {
    let node = shared().await;
    node.deploy("bad-method", "hello-http", "").await;
    for (method, target, allowed) in [
        ("POST", "/v1/functions/bad-method", "PUT"),
        ("PUT", "/v1/functions", "GET"),
        ("GET", "/v1/functions/bad-method/invocations", "POST"),
        ("DELETE", "/v1/functions/bad-method/logs", "GET"),
        ("POST", "/healthz", "GET"),
        ("DELETE", "/metrics", "GET"),
    ] {
        let reply = node.ask(method, target).key(&node.key).send().await;
        reply.problem(405, "method-not-allowed");
        assert!(reply.header("allow").contains(allowed), "{method} {target}: {reply:?}");
    }
    for media_type in ["application/octet-stream", "text/plain", ""] {
        let ask = node.api("PUT", "/bad-method").body("x");
        let ask = if media_type.is_empty() { ask } else { ask.header("content-type", media_type) };
        let detail = ask.send().await.problem(415, "unsupported-media-type");
        assert!(detail.contains("application/wasm"), "{detail}");
    }
    let ask = node.api("PATCH", "/bad-method").header("content-type", "text/plain").body("{}");
    ask.send().await.problem(415, "unsupported-media-type");

    let target = "/v1/functions/bad-method";
    let keyless: [(&str, Ask); 4] = [
        ("none", node.ask("GET", target)),
        ("wrong", node.ask("GET", target).key("nonsense")),
        ("another scheme", node.ask("GET", target).header("authorization", "Basic dDp0")),
        ("not of an emulator", node.ask("GET", target).key("test")),
    ];
    for (what, ask) in keyless {
        let reply = ask.send().await;
        reply.problem(401, "unauthorized");
        assert!(reply.header("www-authenticate").starts_with("Bearer"), "{what}: {reply:?}");
    }
    // Without a key nobody learns what there is, or is not.
    node.ask("GET", "/v1/functions/bad-nobody").send().await.problem(401, "unauthorized");
    node.ask("PUT", "/v1/functions/a.b").send().await.problem(401, "unauthorized");
    node.ask("GET", "/metrics").send().await.problem(401, "unauthorized");
}

#[test]
fn a_node_that_cannot_start_says_what_to_change() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().to_str().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let file = data.path().join("file");
    std::fs::write(&file, "").unwrap();
    let file = file.to_str().unwrap();
    let any = "--listen=127.0.0.1:0";
    let cases: [(&[&str], i32, &str); 11] = [
        (&["--listen", &address], 1, "is in use by another process"),
        (&["--listen", "nowhere"], 2, "--listen"),
        (&["--listen=192.0.2.1:80"], 1, "cannot listen on 192.0.2.1:80"),
        (&["--listen=0.0.0.0:0", "--dev"], 2, "development mode asks for no key"),
        (&[any, "--concurrency=0"], 2, "concurrency limit is 0"),
        (&[any, "--domain=a..b"], 2, "domain \"a..b\" is not a domain name"),
        (&[any, "--grace=soon"], 2, "--grace"),
        (&[any, "--compile-cpu-seconds=0"], 2, "compile limit"),
        (&[any, "--tls-cert=x.pem"], 2, "--tls-key"),
        (
            &[any, "--tls-cert=/nonexistent.pem", "--tls-key=/nonexistent.pem"],
            1,
            "/nonexistent.pem",
        ),
        (&[any, "--no-such-flag"], 2, "--no-such-flag"),
    ];
    for (flags, code, phrase) in cases {
        let mut command = lambent(&["serve", "--data", path]);
        command.args(flags);
        let done = run(command);
        assert_eq!(done.code, Some(code), "{flags:?}: {done:?}");
        assert!(done.stderr.contains(phrase), "{flags:?}: {done:?}");
        assert!(!done.stderr.contains("panicked"), "{done:?}");
    }
    let done = run(lambent(&["serve", any, "--data", file]));
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.contains(file), "{done:?}");
    let open = tempfile::tempdir().unwrap();
    std::fs::set_permissions(open.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let done = run(lambent(&["serve", any, "--data", open.path().to_str().unwrap()]));
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.contains("chmod o-w"), "{done:?}");
    let left = std::fs::read_dir(open.path()).unwrap().count();
    assert_eq!(left, 0, "nothing is written where anybody may write");
    let done = run(lambent(&["serve", any, "--data", path, "--log-size=1KiB"]));
    assert_eq!(done.code, Some(2), "{done:?}");
}
