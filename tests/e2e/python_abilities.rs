//! What functions of Python use of the standard library beside plain computing: loops of asyncio,
//! time zones, logging, threads; and what they are told where there is nothing of the kind.

use lambent_package::{Limits, pack};
use lambent_test_support::root;
use serde_json::{Value, json};

use crate::node::{Node, eventually};
use crate::packages::PYTHON;

const FUNCTION: &str = "abilities";

pub(crate) async fn check(node: &Node) {
    let folder = root().join("runtime/runtimes/python/tests/abilities");
    let mut zip = Vec::new();
    pack(&folder, &mut zip, &Limits::LAMBDA).unwrap();
    PYTHON.deploy(node, FUNCTION, zip, json!({})).await;
    let ask = async |what: &str| node.answer(FUNCTION, &json!({ "what": what })).await;
    let numbers: Vec<u64> = (0..10).collect();
    for (what, answer) in [
        ("tasks", json!([numbers, "in a thread, and late", true])),
        ("time_zones", json!(["2026-07-01T14:00:00+02:00", "2026-12-01T13:00:00+01:00", true])),
        ("pools", json!([[0, 1, 4, 9, 16, 25], 3])),
        ("threads", json!([0, 1, 2])),
        ("file_url", json!(["written", "127.0.0.1"])),
    ] {
        assert_eq!(ask(what).await, json!({ "answer": answer }), "{what}");
    }
    for (what, kind, told) in [
        ("deadlock", "Deadlock", "Start what releases, puts or sets it before waiting"),
        ("ctypes", "ModuleNotFoundError", "machine code of other libraries cannot be loaded"),
        ("raw_socket", "OSError", "what is sent is not HTTP/1.1"),
        ("listener", "OSError", "functions reach the network by HTTP only"),
        ("processes", "OSError", "wasi does not support processes"),
    ] {
        let answer = ask(what).await;
        assert_eq!(answer["error"], kind, "{what}: {answer}");
        assert!(answer["message"].as_str().unwrap().contains(told), "{what}: {answer}");
    }
    logging(node).await;
}

/// Lines have a level and the request's id, and belong to the record of their invocation.
async fn logging(node: &Node) {
    node.answer(FUNCTION, &json!({ "what": "log" })).await;
    let (record, text) = eventually("the lines", async || {
        let records = node.records(FUNCTION).await;
        let found = records.into_iter().map(|record| (record.clone(), record.to_string()));
        found.into_iter().find(|(_, text)| text.contains("for information"))
    })
    .await;
    let id = record["id"].as_str().unwrap();
    let lines = record["logs"]["lines"].as_array().unwrap().iter();
    let lines: Vec<&str> = lines.map(|line| line["text"].as_str().unwrap()).collect();
    for (level, message) in
        [("INFO", "for information"), ("WARNING", "a warning"), ("ERROR", "what went wrong")]
    {
        let is_it = |line: &&str| line.starts_with(&format!("[{level}]")) && line.contains(id);
        assert!(lines.iter().any(|line| is_it(line) && line.ends_with(message)), "{lines:?}");
    }
    assert!(lines.contains(&"ZeroDivisionError: division by zero"), "{lines:?}");
    assert!(!text.contains("not to be seen"), "{text}");
    assert!(lines.iter().all(|line: &&str| !line.contains("lambent_runtime")), "{lines:?}");
    assert_eq!(record["outcome"]["kind"], Value::from("ok"));
}
