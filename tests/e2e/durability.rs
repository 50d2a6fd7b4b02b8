//! What was acknowledged is there after a crash, and what is damaged is
//! noticed, not served.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use lambent_api::client::Client;

use crate::node::{Node, eventually, files, guest_code, lambent, run};
use crate::typed::named;

const HELLO: &str = "Hello from Lambent!\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_being_killed() {
    let data = Arc::new(tempfile::tempdir().unwrap());
    let code = guest_code("hello-http").await;
    let other = guest_code("guest-peer-wasip2").await;
    let mut acknowledged = Vec::new();
    for round in 0..4 {
        let node = Arc::new(Node::start_in(&data, &[]));
        for index in 0..3 {
            let name = format!("round-{round}-{index}");
            let reply = node.put(&name, "public=true&timeout=7s", code.clone()).await;
            assert_eq!(reply.status, 201, "{reply:?}");
            let function = named(&name);
            let published = node.must(&name, move |client| client.publish(&function)).await;
            assert_eq!(published.status(), 201, "{published:?}");
            acknowledged.push(name);
        }
        // One more is on its way, at another stage in every round.
        let inflight = {
            let (node, code) = (node.clone(), other.clone());
            tokio::spawn(async move {
                let name = format!("inflight-{round}");
                let ask = node.api("PUT", &format!("/{name}?public=true"));
                let ask = ask.header("content-type", "application/wasm").body(code);
                ask.try_send().await.is_ok_and(|reply| reply.status == 201).then_some(name)
            })
        };
        tokio::time::sleep(Duration::from_millis(round * 25)).await;
        node.kill();
        acknowledged.extend(inflight.await.unwrap());
    }

    let node = Node::start_in(&data, &[]);
    for name in &acknowledged {
        let function = named(name);
        let described = move |client: &Client| client.function(&function, None)?.value();
        let configuration = node.must(name, described).await.configuration;
        let expected = if name.starts_with("round") { 7000 } else { 3000 };
        assert_eq!(configuration.timeout_ms, expected, "{name}: {configuration:?}");
        let reply = node.ask("GET", &format!("/fn/{name}/")).send().await;
        assert_eq!(reply.status, 200, "{name}: {reply:?}");
        if name.starts_with("round") {
            assert_eq!(node.ask("GET", &format!("/fn/{name}:1/")).send().await.text(), HELLO);
        }
    }
    // What was not acknowledged is wholly there, or not at all.
    for round in 0..4 {
        let name = format!("inflight-{round}");
        let described = node.api("GET", &format!("/{name}")).send().await;
        let called = node.call(&name, "GET", "/").key(&node.key).send().await;
        match described.status {
            200 => assert_eq!(called.text(), "wasip2 says hello to /\n", "{name}"),
            404 => drop(called.problem(404, "function-not-found")),
            _ => panic!("{name}: {described:?}"),
        }
    }
}

/// Flips a bit in the middle of the file that begins to be named so.
fn damage(node: &Node, directory: &str, is_it: impl Fn(&str) -> bool) {
    let found = files(&node.path(directory)).into_iter();
    let mut found = found.filter(|(path, ..)| is_it(path.to_str().unwrap()));
    let (path, ..) = found.next().expect("a file to damage");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_artifact_is_compiled_anew_and_never_trusted() {
    let node = Node::start(&[]);
    let view = node.deploy("hello", "hello-http", "").await;
    let digest = view["digest"].as_str().unwrap().to_owned();
    node.stop().await;
    let largest = files(&node.path("artifacts"));
    let largest = largest.iter().max_by_key(|(path, ..)| fs::metadata(path).unwrap().len());
    let largest = largest.unwrap().0.clone();
    damage(&node, "artifacts", |path| path == largest.to_str().unwrap());
    let damaged = fs::read(&largest).unwrap();

    let node = Node::start_in(&node.data(), &[]);
    assert_eq!(node.get("hello", "/").await.text(), HELLO);
    node.logged("not trusting a damaged artifact").await;
    assert!(node.log().contains(&digest), "{}", node.log());
    assert_ne!(fs::read(&largest).unwrap(), damaged, "it was replaced");
    node.stop().await;
    let node = Node::start_in(&node.data(), &[]);
    assert_eq!(node.get("hello", "/").await.text(), HELLO);
    assert!(!node.log().contains("damaged"), "{}", node.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_code_is_an_error_of_its_function_alone() {
    let node = Node::start(&[]);
    node.deploy("hello", "hello-http", "").await;
    let bad = node.deploy("bad", "guest-peer-wasip2", "").await;
    let digest = bad["digest"].as_str().unwrap().to_owned();
    node.stop().await;
    damage(&node, "code", |path| path.contains(&digest));
    for (path, ..) in files(&node.path("artifacts")) {
        fs::remove_file(path).unwrap();
    }

    let node = Node::start_in(&node.data(), &[]);
    assert_eq!(node.get("hello", "/").await.text(), HELLO);
    let detail = node.get("bad", "/").await.problem(500, "internal");
    assert!(detail.contains("log"), "{detail}");
    node.logged("damaged").await;
    assert!(node.log().contains(&digest), "{}", node.log());
    assert_eq!(node.get("hello", "/").await.text(), HELLO, "the node goes on");
    // Sending the same code again mends it.
    node.deploy("bad", "guest-peer-wasip2", "").await;
    assert_eq!(node.get("bad", "/").await.text(), "wasip2 says hello to /\n");
    node.stop().await;
    damage(&node, "artifacts", |path| path.contains(&digest));
    let node = Node::start_in(&node.data(), &[]);
    assert_eq!(node.get("bad", "/").await.text(), "wasip2 says hello to /\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_data_directory_has_one_user_and_no_newer_format() {
    let node = Node::start(&[]);
    let serve = || {
        let mut command = lambent(&["serve", "--listen", "127.0.0.1:0", "--data"]);
        command.arg(node.data().path());
        run(command)
    };
    let done = serve();
    assert_eq!(done.code, Some(1), "{done:?}");
    let expected = format!("is in use by process {}; stop it", node.pid);
    assert!(done.stderr.contains(&expected), "{done:?}");
    assert_eq!(node.ask("GET", "/healthz").send().await.status, 200);

    node.kill();
    fs::write(node.path("format"), "99\n").unwrap();
    let done = serve();
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.contains("has format 99, and this release reads up to 1"), "{done:?}");
    fs::write(node.path("format"), "1\n").unwrap();
    let again = Node::start_in(&node.data(), &[]);
    eventually("a lock taken over", async || {
        let reply = again.ask("GET", "/readyz").send().await;
        (reply.status == 200).then_some(())
    })
    .await;
}
