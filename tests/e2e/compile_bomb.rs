//! A small component that takes minutes to compile costs the node a refusal.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::Signal;

use crate::client::Reply;
use crate::node::{LAMBENT, Node, eventually};

/// A component of one function with so many empty loops, of two bytes each:
/// compiling it takes time in the square of their number.
pub(crate) fn bomb(loops: usize) -> Vec<u8> {
    let text = format!(
        r#"(component
            (core module $module
                (func (export "run") (result i32) {} (i32.const 0)))
            (core instance $instance (instantiate $module))
            (func $run (result (result)) (canon lift (core func $instance "run")))
            (instance $exports (export "run" (func $run)))
            (export "wasi:cli/run@0.2.0" (instance $exports)))"#,
        "loop end ".repeat(loops),
    );
    wat::parse_str(text).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_compile_bomb_kills_its_compiler_and_nothing_else() {
    let node = Arc::new(Node::start(&["--compile-cpu-seconds", "3"]));
    node.deploy("victim", "hello-http", "").await;
    let bomb = bomb(30_000);
    assert!(bomb.len() < 100 << 10, "{}", bomb.len());
    let before = node.rss();
    let done = Arc::new(AtomicBool::new(false));
    let calling = {
        let (node, done) = (node.clone(), done.clone());
        tokio::spawn(async move {
            let mut calls = 0;
            while !done.load(Ordering::Relaxed) {
                let reply = node.get("victim", "/").await;
                assert_eq!(reply.status, 200, "{reply:?}");
                calls += 1;
                // Leaves something for the compilers, which come last.
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            calls
        })
    };
    let bombs = futures::future::join(
        put(&node, "bomb", bomb.clone()),
        // It must not take what is there already with it.
        put(&node, "victim", bomb.clone()),
    );
    let (new, update) = bombs.await;
    for reply in [new, update] {
        let detail = reply.problem(422, "compile-limit");
        assert!(detail.contains("more than 3 s of CPU time"), "{detail}");
    }
    done.store(true, Ordering::Relaxed);
    assert!(calling.await.unwrap() > 10);
    eventually("the end of all compilers", async || node.children().is_empty().then_some(())).await;
    assert!(node.rss() < before + (64 << 20), "what it took, it took from its own process");

    node.api("GET", "/bomb").send().await.problem(404, "function-not-found");
    assert_eq!(node.get("victim", "/").await.text(), "Hello from Lambent!\n");
    node.deploy("after", "guest-peer-wasip2", "").await;
    assert_eq!(node.get("after", "/").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bomb_of_memory_is_told_so_and_the_node_is_no_larger() {
    let node = Node::start(&["--compile-cpu-seconds", "600"]);
    node.deploy("victim", "hello-http", "").await;
    let before = node.rss();
    let detail = put(&node, "bomb", bomb(300_000)).await.problem(422, "compile-limit");
    assert!(detail.contains("memory"), "{detail}");
    assert!(node.children().is_empty(), "{:?}", node.children());
    assert!(node.rss() < before + (64 << 20));
    assert_eq!(node.get("victim", "/").await.status, 200);
}

/// Uploads it, and waits as long as a compiler may take: it has a low priority
/// on a machine that may be busy.
async fn put(node: &Node, function: &str, bomb: Vec<u8>) -> Reply {
    let ask = node.api("PUT", &format!("/{function}")).header("content-type", "application/wasm");
    ask.body(bomb).patience(Duration::from_secs(320)).send().await
}

/// Compilers that nothing but their node's will ends in time.
const FOR_EVER: &[&str] = &["--compile-cpu-seconds", "600", "--grace", "0s"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_gives_up_leaves_no_compiler_behind() {
    let node = Node::start(FOR_EVER);
    let ask = node.api("PUT", "/bomb").header("content-type", "application/wasm");
    let ask = ask.body(bomb(60_000));
    let uploading = tokio::spawn(ask.try_send());
    eventually("a compiler", async || (!node.children().is_empty()).then_some(())).await;
    uploading.abort();
    eventually("the end of the compiler", async || node.children().is_empty().then_some(())).await;
    node.deploy("after", "hello-http", "").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_dies_takes_its_compilers_along() {
    for killed in [true, false] {
        let node = Node::start(FOR_EVER);
        let ask = node.api("PUT", "/bomb").header("content-type", "application/wasm");
        let ask = ask.body(bomb(60_000));
        let uploading = tokio::spawn(ask.try_send());
        let compilers = eventually("a compiler at work", async || {
            Some(node.children()).filter(|all| !all.is_empty() && all.iter().all(|pid| works(*pid)))
        })
        .await;
        if killed {
            node.kill();
        } else {
            node.signal(Signal::TERM);
            node.ended().await;
        }
        let gone = async || compilers.iter().all(|pid| !works(*pid)).then_some(());
        eventually("the end of the compilers", gone).await;
        assert!(uploading.await.unwrap().is_err());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_binary_was_replaced_still_compiles() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("lambent");
    std::fs::copy(LAMBENT, &program).unwrap();
    let node = Node::start_program(&program, &Arc::new(tempfile::tempdir().unwrap()), &[]);
    // As an installation does it, with a program that compiles nothing.
    let new = folder.path().join("new");
    std::fs::copy("/bin/false", &new).unwrap();
    std::fs::rename(&new, &program).unwrap();
    node.deploy("hello", "hello-http", "").await;
    assert_eq!(node.get("hello", "/").await.status, 200);
    std::fs::remove_file(&program).unwrap();
    node.deploy("hello", "stream-http", "").await;
}

/// Whether a process has used a good part of a second of CPU time, and is not
/// at its end.
fn works(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields = stat.rsplit(") ").next().unwrap_or_default();
    let fields: Vec<_> = fields.split(' ').collect();
    let ticks = fields.get(11).and_then(|ticks| ticks.parse().ok()).unwrap_or(0);
    fields[0] != "Z" && ticks >= 30
}
