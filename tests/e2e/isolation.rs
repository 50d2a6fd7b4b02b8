//! Nothing of one invocation is visible to another, however the first ended.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::client::Raw;
use crate::node::{Node, eventually, guest_code, shared};

/// A command that looks at all of its 32 MiB of fresh memory. If it finds
/// anything but zeros it says so by failing. Else it leaves its mark all over,
/// and ends in the given way.
fn marker(end: &str) -> Vec<u8> {
    let text = format!(
        r#"(component
            (core module $module
                (memory (export "memory") 512)
                (func (export "run") (result i32)
                    (local $at i32)
                    (loop $look
                        (if (i64.ne (i64.load (local.get $at)) (i64.const 0))
                            (then (return (i32.const 1))))
                        (local.set $at (i32.add (local.get $at) (i32.const 8)))
                        (br_if $look (i32.lt_u (local.get $at) (i32.const 33554432))))
                    (memory.fill (i32.const 0) (i32.const 0xa5) (i32.const 33554432))
                    {end}))
            (core instance $instance (instantiate $module))
            (func $run (result (result)) (canon lift (core func $instance "run")))
            (instance $exports (export "run" (func $run)))
            (export "wasi:cli/run@0.2.0" (instance $exports)))"#
    );
    wat::parse_str(text).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_is_fresh_whatever_the_invocation_before_did() {
    // Few slots, so that they are used again and again.
    let node = Node::start(&["--concurrency", "3"]);
    let ends = [
        ("returns", "(i32.const 0)", "ok"),
        ("traps", "unreachable", "trapped"),
        ("spins", "(loop $for-ever (br $for-ever)) (i32.const 0)", "timed-out"),
        ("burns", "(loop $for-ever (br $for-ever)) (i32.const 0)", "out-of-fuel"),
    ];
    for (name, end, _) in ends {
        let query = match name {
            "spins" => "timeout=150ms&fuel=100000000000",
            "burns" => "timeout=60s&fuel=100000000",
            _ => "timeout=60s",
        };
        let reply = node.put(name, query, marker(end)).await;
        assert_eq!(reply.status, 201, "{reply:?}");
    }
    for _ in 0..6 {
        for (name, _, outcome) in ends {
            let reply = node.invoke(name, "").await;
            // Had it found a mark it would have returned, with an error.
            assert_eq!(reply.header("lambent-outcome"), outcome, "{name}: {reply:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_request_has_an_instance_of_its_own() {
    let node = shared().await;
    node.deploy("state", "guest-probe", "timeout=300ms").await;
    let mut random = BTreeSet::new();
    for round in 0..20 {
        let three = futures::future::join3(
            node.get("state", "/state"),
            node.get("state", "/state"),
            node.get("state", "/random"),
        );
        let (one, two, third) = three.await;
        assert_eq!((&*one.text(), &*two.text()), ("1", "1"), "round {round}");
        assert!(random.insert(third.text()), "the same random numbers twice");
        if round % 7 == 0 {
            node.get("state", "/sleep?ms=60000").await.problem(504, "function-timed-out");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_sees_its_own_variables_and_no_others() {
    let node = shared().await;
    let code = guest_code("guest-probe").await;
    for (name, secret) in [("env-a", "alpha"), ("env-b", "beta")] {
        let form = form(
            &json!({ "environment": { "SECRET": secret, name.replace('-', "_"): "1" }, "public": true }),
            &code,
        );
        let ask = node.api("PUT", &format!("/{name}"));
        let ask = ask.header("content-type", "multipart/form-data; boundary=frontier");
        let reply = ask.body(form).send().await;
        assert_eq!(reply.status, 201, "{reply:?}");
    }
    for _ in 0..3 {
        let (a, b) =
            futures::future::join(node.own_variables("env-a"), node.own_variables("env-b")).await;
        assert_eq!(a, json!({ "SECRET": "alpha", "env_a": "1" }));
        assert_eq!(b, json!({ "SECRET": "beta", "env_b": "1" }));
    }
    assert!(!node.log().contains("alpha"), "values never reach the node's log");
}

fn form(configuration: &Value, code: &[u8]) -> Vec<u8> {
    let part = |name: &str, media_type: &str, content: &[u8]| {
        let head = format!(
            "--frontier\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\
             content-type: {media_type}\r\n\r\n"
        );
        [head.as_bytes(), content, b"\r\n"].concat()
    };
    let configuration = configuration.to_string();
    [
        part("configuration", "application/json", configuration.as_bytes()),
        part("code", "application/wasm", code),
        b"--frontier--\r\n".to_vec(),
    ]
    .concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_function_sees_the_key_of_the_node() {
    let node = shared().await;
    let code = guest_code("guest-probe").await;
    node.put("key-private", "", code.clone()).await;
    node.put("key-public", "public=true", code).await;
    let bearer = format!("Bearer {}", node.key);
    let ask = |name: &str| node.call(name, "GET", "/headers");
    ask("key-private").send().await.problem(401, "unauthorized");
    ask("key-private").key("wrong").send().await.problem(401, "unauthorized");
    for path in ["host", "path"] {
        let ask = match path {
            "host" => ask("key-private"),
            _ => node.ask("GET", "/fn/key-private/headers"),
        };
        let reply = ask.header("authorization", &bearer).send().await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let seen = reply.text().to_ascii_lowercase();
        assert!(!seen.contains("authorization"), "{seen}");
        assert!(!seen.contains(&node.key.to_ascii_lowercase()), "{seen}");
    }
    // What a public function is sent is between it and its clients.
    let reply = ask("key-public").header("authorization", "Basic YTpi").send().await;
    assert!(reply.text().contains(r#"["authorization","Basic YTpi"]"#), "{reply:?}");
    // An event carries no header at all of the one who sent it.
    node.deploy("key-event", "echo-event", "").await;
    let seen = node.invoke("key-event", "{}").await.text();
    assert!(!seen.contains(&node.key) && seen.contains(r#""principal":"root""#), "{seen}");
    assert!(!node.log().contains(&node.key));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_function_reads_the_stack_of_the_node() {
    let data = Arc::new(tempfile::tempdir().unwrap());
    let node = Node::start_with(&data, &[], &[("RUST_BACKTRACE", "1")]);
    node.deploy("broken", "guest-probe", "").await;
    let mut raw = Raw::connect(node.address).await;
    // An upload that breaks off: what comes is no chunk.
    let head =
        "POST /sink HTTP/1.1\r\nhost: broken.localhost\r\ntransfer-encoding: chunked\r\n\r\n";
    raw.send(format!("{head}5\r\nhello\r\nzz\r\n")).await;
    let records = eventually("a record", async || {
        Some(node.records("broken").await).filter(|records| !records.is_empty())
    })
    .await;
    // The guest prints what `to-debug-string` says of the error.
    let lines = records[0]["logs"]["lines"].as_array().unwrap();
    assert_eq!(lines.len(), 1, "{records:?}");
    let text = lines[0]["text"].as_str().unwrap();
    assert!(text.starts_with("/sink: ") && text.len() > "/sink: ".len(), "{text}");
    assert!(!text.contains("::") && !text.contains(".rs"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_outside_is_within_reach() {
    let node = shared().await;
    node.deploy("reach", "guest-hostile", "").await;
    let itself = format!("/outgoing?authority={}", node.address);
    let report = node.get("reach", &itself).await.text();
    assert!(report.contains("HttpRequestDenied"), "{report}");
    for path in ["/fs", "/socket"] {
        let reply = node.get("reach", path).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        assert!(!reply.text().contains(": ok "), "{reply:?}");
    }
    assert!(!std::path::Path::new("/tmp/hostile").exists());
}
