//! A function's life: deployed over plain HTTP, called, replaced, returned to
//! an earlier version, deleted; and all of it survives a restart.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::client::{Ask, next, whole};
use crate::node::{Node, files, guest_code, shared};

const HELLO: &str = "Hello from Lambent!\n";
const OTHER: &str = "wasip2 says hello to /\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_is_deployed_by_put_and_served_by_host_and_by_path() {
    let node = shared().await;
    let code = guest_code("hello-http").await;
    let reply = node.put("life-first", "public=true", code.clone()).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    assert_eq!(reply.header("location"), "/v1/functions/life-first");
    let view = reply.json();
    assert_eq!(reply.header("etag"), format!("\"{}\"", view["revision"]));
    assert_eq!(view["handlers"], json!(["wasi:http/incoming-handler@0.2"]));
    assert_eq!(view["code_bytes"], code.len());
    let port = node.address.port();
    let urls = view["urls"].as_array().unwrap();
    assert_eq!(urls[0], format!("http://life-first.localhost:{port}/"));
    assert_eq!(urls[1], format!("http://127.0.0.1:{port}/fn/life-first/"));

    let reply = node.get("life-first", "/").await;
    assert_eq!((reply.status, &*reply.text()), (200, HELLO));
    assert_eq!(reply.header("content-type"), "text/plain");
    assert_eq!(reply.header("lambent-request-id").len(), 36);
    for path in ["/fn/life-first", "/fn/life-first/", "/fn/@default/life-first:$LATEST/any?x=1"] {
        let reply = node.ask("GET", path).send().await;
        assert_eq!((reply.status, &*reply.text()), (200, HELLO), "{path}");
    }
    let reply = node.api("GET", "/life-first/code").send().await;
    assert!(reply.body == code, "the code comes back as it was sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_update_replaces_and_a_failed_one_changes_nothing() {
    let node = shared().await;
    let first = node.deploy("life-update", "hello-http", "description=first").await;
    let second = node.deploy("life-update", "guest-peer-wasip2", "memory=64MiB").await;
    assert_ne!(first["digest"], second["digest"]);
    assert_eq!(second["configuration"]["description"], "first", "what is not named stays");
    assert_eq!(node.get("life-update", "/").await.text(), OTHER);

    let reply = node.put("life-update", "memory=1GiB", b"\0asm garbage".to_vec()).await;
    reply.problem(422, "invalid-component");
    let reply = node.put("life-update", "memory=1", guest_code("hello-http").await).await;
    reply.problem(400, "invalid-configuration");
    let now = node.api("GET", "/life-update").send().await.json();
    assert_eq!(now, second);
    assert_eq!(node.get("life-update", "/").await.text(), OTHER);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conditions_keep_two_people_from_undoing_each_other() {
    let node = shared().await;
    let view = node.deploy("life-match", "hello-http", "").await;
    let code = guest_code("hello-http").await;
    let put = |name: &str, value: &str| {
        let ask = node.api("PUT", "/life-match").header("content-type", "application/wasm");
        ask.header(name, value).body(code.clone())
    };
    let detail = put("if-match", "\"99\"").send().await.problem(412, "precondition-failed");
    assert!(detail.contains(&format!("at revision {}", view["revision"])), "{detail}");
    put("if-none-match", "*").send().await.problem(412, "precondition-failed");
    let tag = format!("\"{}\"", view["revision"]);
    let reply = put("if-match", &tag).send().await;
    assert_eq!(reply.status, 200, "{reply:?}");
    put("if-match", &tag).send().await.problem(412, "precondition-failed");
    let patch = |tag: &str| {
        let ask = node.api("PATCH", "/life-match").header("content-type", "application/json");
        ask.header("if-match", tag).body(r#"{"timeout_ms": 1234, "tags": {"team": "a"}}"#)
    };
    patch(&tag).send().await.problem(412, "precondition-failed");
    let reply = patch(reply.header("etag")).send().await;
    assert_eq!((reply.status, &reply.json()["configuration"]["timeout_ms"]), (200, &json!(1234)));
    let delete = node.api("DELETE", "/life-match").header("if-match", &tag);
    delete.send().await.problem(412, "precondition-failed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_create_the_same_function_one_does() {
    let node = shared().await;
    let (one, two) = (guest_code("hello-http").await, guest_code("guest-peer-wasip2").await);
    let create = |code: Vec<u8>| {
        let ask = node.api("PUT", "/life-race").header("content-type", "application/wasm");
        ask.header("if-none-match", "*").body(code).send()
    };
    let (one, two) = tokio::join!(create(one), create(two));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 412], "{one:?} {two:?}");
    let winner = if one.status == 201 { one } else { two };
    let now = node.api("GET", "/life-race").send().await;
    assert_eq!(now.json(), winner.json());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_runs_is_not_disturbed_by_what_replaces_it() {
    let node = shared().await;
    let last = async |name: &str, meanwhile: &dyn Fn() -> Ask| {
        node.deploy(name, "guest-probe", "timeout=60s").await;
        let mut response = node.call(name, "GET", "/slow-stream?chunks=10&ms=50").open().await;
        next(response.body_mut()).await.unwrap();
        let reply = meanwhile().send().await;
        assert!(reply.status < 300, "{reply:?}");
        whole(response).await.unwrap().text()
    };
    let code = guest_code("hello-http").await;
    let put = || {
        let ask = node.api("PUT", "/life-replaced").header("content-type", "application/wasm");
        ask.body(code.clone())
    };
    assert!(last("life-replaced", &put).await.ends_with("chunk 9\n"));
    assert_eq!(node.get("life-replaced", "/").await.text(), HELLO);
    let delete = || node.api("DELETE", "/life-deleted");
    assert!(last("life-deleted", &delete).await.ends_with("chunk 9\n"));
    node.get("life-deleted", "/").await.problem(401, "unauthorized");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_are_frozen_called_and_returned_to() {
    let node = shared().await;
    node.deploy("life-versions", "hello-http", "description=one").await;
    let publish = async || node.api("POST", "/life-versions/versions").send().await;
    let reply = publish().await;
    assert_eq!((reply.status, &reply.json()["version"]), (201, &json!("1")), "{reply:?}");
    assert_eq!(publish().await.status, 200, "nothing has changed");

    node.deploy("life-versions", "guest-peer-wasip2", "description=two").await;
    assert_eq!(publish().await.json()["version"], "2");
    let text = async |path: &str| node.ask("GET", path).send().await.text();
    assert_eq!(text("/fn/life-versions:1/").await, HELLO);
    assert_eq!(text("/fn/life-versions:2/").await, OTHER);
    assert_eq!(text("/fn/life-versions/").await, OTHER);
    let reply = node.api("POST", "/life-versions/invocations?qualifier=1").send().await;
    assert_eq!((reply.header("lambent-version"), &*reply.text()), ("1", HELLO));

    let rollback = async |version: u64| {
        let ask = node.api("POST", "/life-versions/rollback");
        let ask = ask.header("content-type", "application/json");
        ask.body(json!({ "version": version }).to_string()).send().await
    };
    let view = rollback(1).await;
    assert_eq!(view.json()["configuration"]["description"], "one", "{view:?}");
    assert_eq!(text("/fn/life-versions/").await, HELLO);
    rollback(7).await.problem(404, "version-not-found");

    let list = node.api("GET", "/life-versions/versions").send().await.json();
    assert_eq!(list["versions"].as_array().unwrap().len(), 2);
    assert_eq!(node.api("DELETE", "/life-versions/versions/1").send().await.status, 204);
    let gone = node.ask("GET", "/fn/life-versions:1/").key(&node.key).send().await;
    gone.problem(404, "version-not-found");
    assert_eq!(text("/fn/life-versions/").await, HELLO, "the head does not need the version");

    assert_eq!(node.api("DELETE", "/life-versions").send().await.status, 204);
    let gone = node.call("life-versions", "GET", "/").key(&node.key).send().await;
    gone.problem(404, "function-not-found");
    node.api("GET", "/life-versions").send().await.problem(404, "function-not-found");
    let reply = node.ask("GET", "/v1/functions?limit=1000").key(&node.key).send().await;
    assert!(!reply.text().contains("life-versions"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_keeps_everything_and_compiles_nothing() {
    let node = Node::start(&[]);
    node.deploy("kept", "hello-http", "memory=64MiB&timeout=2s&description=mine").await;
    node.api("POST", "/kept/versions").send().await;
    node.deploy("kept", "guest-peer-wasip2", "").await;
    node.put("private", "", guest_code("hello-http").await).await;
    let called = node.get("kept", "/").await.header("lambent-request-id").to_owned();
    let before = node.ask("GET", "/v1/functions").key(&node.key).send().await.json();
    let artifacts = files(&node.path("artifacts"));
    assert_eq!(artifacts.len(), 4, "code and MAC of two components: {artifacts:?}");
    let (key, port) = (node.key.clone(), node.address.port());
    node.stop().await;

    let node = Node::start_in(&node.data(), &[]);
    assert_eq!(node.key, key);
    let after = node.ask("GET", "/v1/functions").key(&key).send().await.text();
    let ports = (format!(":{port}/"), format!(":{}/", node.address.port()));
    let after: Value = serde_json::from_str(&after.replace(&ports.1, &ports.0)).unwrap();
    assert_eq!(after, before);
    let reply = node.get("kept", "/").await;
    assert_eq!(reply.text(), OTHER);
    let record = node.record("kept", reply.header("lambent-request-id")).await;
    assert_eq!(record["meter"]["start"], "mapped", "the first call after a start is cold");
    assert_eq!(node.ask("GET", "/fn/kept:1/").send().await.text(), HELLO);
    assert_eq!(node.records("kept").await[0]["id"], called, "what was logged is kept too");
    node.get("private", "/").await.problem(401, "unauthorized");
    assert!(node.call("private", "GET", "/").key(&key).send().await.status == 200);

    assert_eq!(files(&node.path("artifacts")), artifacts);
    assert!(!node.log().contains("compiling"), "{}", node.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_redeploys_are_not_noticed_by_a_stream_of_requests() {
    let node = Arc::new(Node::start(&[]));
    node.deploy("busy", "hello-http", "").await;
    node.deploy("warm", "guest-peer-wasip2", "").await;
    let done = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..2)
        .map(|_| {
            let (node, done) = (node.clone(), done.clone());
            tokio::spawn(async move {
                let mut seen = [0_u32; 2];
                while !done.load(Ordering::Relaxed) {
                    let reply = node.get("busy", "/").await;
                    assert_eq!(reply.status, 200, "{reply:?}");
                    match &*reply.text() {
                        HELLO => seen[0] += 1,
                        OTHER => seen[1] += 1,
                        text => panic!("neither of the two: {text:?}"),
                    }
                }
                seen
            })
        })
        .collect();
    for round in 0..20 {
        let (guest, text) = [("guest-peer-wasip2", OTHER), ("hello-http", HELLO)][round % 2];
        node.deploy("busy", guest, "").await;
        // From the moment a deploy is acknowledged, nobody sees what was before.
        assert_eq!(node.get("busy", "/").await.text(), text, "round {round}");
    }
    done.store(true, Ordering::Relaxed);
    for caller in callers {
        let seen = caller.await.unwrap();
        assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
    }
}
