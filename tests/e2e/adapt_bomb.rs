//! Core modules that are made to be expensive to adapt cost the node a refusal, or a component.

use std::time::{Duration, Instant};

use crate::client::Reply;
use crate::node::{Node, eventually};

/// An unsigned number as WebAssembly has it.
fn leb128(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        bytes.push(if number == 0 { low } else { low | 0x80 });
        if number == 0 {
            return bytes;
        }
    }
}

fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [&[id][..], &leb128(content.len()), content].concat()
}

fn custom(name: &str, content: &[u8]) -> Vec<u8> {
    section(0, &[&leb128(name.len()), name.as_bytes(), content].concat())
}

/// A program, and what is put at its end.
fn program(more: &[u8]) -> Vec<u8> {
    let program = r#"(module (memory (export "memory") 1) (func (export "_start")))"#;
    [&wat::parse_str(program).unwrap(), more].concat()
}

/// Types of interfaces, each of which contains the one before it twice.
fn doubling(depth: usize) -> Vec<u8> {
    let mut text = String::from("(component (type $t0 (tuple u8 u8))");
    for level in 1..depth {
        text.push_str(&format!("(type $t{level} (tuple $t{0} $t{0}))", level - 1));
    }
    text.push_str(&format!(r#"(export "t" (type $t{})))"#, depth - 1));
    wat::parse_str(text).unwrap()
}

async fn put(node: &Node, function: &str, module: Vec<u8>) -> Reply {
    let ask = node.api("PUT", &format!("/{function}")).header("content-type", "application/wasm");
    ask.body(module).patience(Duration::from_secs(120)).send().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_made_to_be_expensive_is_bounded() {
    let node = Node::start(&["--compile-cpu-seconds", "3"]);
    node.deploy("victim", "hello-http", "").await;
    let before = node.rss();
    let functions =
        "(import \"wasi_snapshot_preview1\" \"fd_close\" (func (param i32) (result i32)))";
    let imports = wat::parse_str(format!(
        r#"(module {} (memory (export "memory") 1) (func (export "_start")))"#,
        functions.repeat(100_000)
    ));
    let one = custom("component-type:test", &doubling(3));
    let bombs = [
        ("doubling", program(&custom("component-type:test", &doubling(60)))),
        ("garbage", program(&custom("component-type:test", &vec![7; 8 << 20]))),
        ("sections", program(&one.repeat(20_000))),
        ("nothing", program(&custom("anything", &vec![7; 16 << 20]))),
        ("imports", imports.unwrap()),
    ];
    for (name, module) in bombs {
        let began = Instant::now();
        let reply = put(&node, name, module).await;
        let code =
            if reply.status < 300 { "deployed".into() } else { reply.json()["code"].clone() };
        println!("{name}: {code} after {:?}", began.elapsed());
        let known = ["deployed", "invalid-component", "compile-limit", "compile-failed"];
        assert!(known.iter().any(|known| code == *known), "{name}: {reply:?}");
    }
    eventually("the end of all children", async || node.children().is_empty().then_some(())).await;
    assert!(
        node.rss() < before + (128 << 20),
        "what they took, they took from their own processes"
    );
    assert_eq!(node.get("victim", "/").await.text(), "Hello from Lambent!\n");
}
