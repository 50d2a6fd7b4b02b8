//! The commands for secrets and parameters against a node.

use std::io::Write as _;
use std::process::Stdio;

use crate::cli::{at, exits, json, ok};
use crate::node::{Node, files, run, spawn};

const PLAIN: &str = "plain-text-of-a-test";

/// Puts a secret whose value comes in a pipe.
fn put(node: &Node, name: &str, value: &[u8]) {
    let mut command = at(node, &["secret", "put", name]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = spawn(command);
    child.stdin.take().unwrap().write_all(value).unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_and_parameters_are_put_read_and_deleted() {
    let node = Node::start(&[]);
    secrets(&node).await;
    parameters(&node).await;
    // Neither the log nor a database has a value as it is.
    assert!(!node.log().contains(PLAIN));
    for (file, ..) in files(&node.path("")) {
        let bytes = std::fs::read(&file).unwrap_or_default();
        assert!(!bytes.windows(PLAIN.len()).any(|part| part == PLAIN.as_bytes()), "{file:?}");
    }
}

async fn secrets(node: &Node) {
    let done = ok(node, &["secret", "list"]).await;
    assert!(done.stdout.starts_with("no secrets"), "{done:?}");
    put(node, "prod/db", format!("{PLAIN}\n").as_bytes());
    assert_eq!(ok(node, &["secret", "get", "prod/db"]).await.stdout, PLAIN);
    let first = json(node, &["secret", "describe", "prod/db"]).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{PLAIN}-2")).unwrap();
    let path = file.path().to_str().unwrap();
    let done = ok(node, &["secret", "put", "prod/db", "--value-file", path]).await;
    assert_eq!(done.stdout, "put secret prod/db\n");
    assert_eq!(ok(node, &["secret", "get", "prod/db"]).await.stdout, format!("{PLAIN}-2"));
    let version = first["version"].as_str().unwrap();
    let done = ok(node, &["secret", "get", "prod/db", "--version", version]).await;
    assert_eq!(done.stdout, PLAIN, "a version that was current is there still");

    let list = ok(node, &["secret", "list"]).await.stdout;
    assert!(list.contains("prod/db") && !list.contains(PLAIN), "{list}");
    let shown = json(node, &["secret", "list"]).await.to_string();
    assert!(shown.contains("prod/db") && !shown.contains(PLAIN), "{shown}");
    for (name, value) in [("a b", &b"x"[..]), ("empty", b"")] {
        let mut command = at(node, &["secret", "put", name]);
        command.stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut child = spawn(command);
        child.stdin.take().unwrap().write_all(value).unwrap();
        assert_eq!(child.wait_with_output().unwrap().status.code(), Some(1), "{name}");
    }
    ok(node, &["secret", "delete", "prod/db"]).await;
    exits(node, 1, &["secret", "get", "prod/db"]).await;
    exits(node, 1, &["secret", "delete", "prod/db"]).await;
    put(node, "prod/db", b"\x00\xff");
    let value = node.ask("GET", "/v1/secret-values/prod/db").key(&node.key).send().await;
    assert_eq!(&value.body[..], b"\x00\xff");
    ok(node, &["secret", "delete", "prod/db"]).await;
}

async fn parameters(node: &Node) {
    let done = ok(node, &["parameter", "put", "/prod/color", "blue"]).await;
    assert_eq!(done.stdout, "put parameter /prod/color (version 1)\n");
    ok(node, &["parameter", "put", "/prod/color", "red"]).await;
    assert_eq!(ok(node, &["parameter", "get", "/prod/color"]).await.stdout, "red");
    let done = ok(node, &["parameter", "get", "/prod/color", "--version", "1"]).await;
    assert_eq!(done.stdout, "blue");
    ok(node, &["parameter", "put", "plain", PLAIN, "--type", "secure-string"]).await;
    let found = json(node, &["parameter", "describe", "plain"]).await;
    assert_eq!((&found["type"], &found["version"]), (&"secure_string".into(), &1.into()));
    let found = json(node, &["parameter", "describe", "/prod/color"]).await;
    assert_eq!((&found["type"], &found["version"]), (&"string".into(), &2.into()));
    let list = json(node, &["parameter", "list", "--prefix", "/prod/"]).await;
    assert_eq!(list["parameters"].as_array().unwrap().len(), 1, "{list}");
    for name in ["a/b", "aws", ""] {
        let done = run(at(node, &["parameter", "put", name, "x"]));
        assert_ne!(done.code, Some(0), "{name}: {done:?}");
    }
    exits(node, 1, &["parameter", "get", "/prod/color", "--version", "9"]).await;
    ok(node, &["parameter", "delete", "/prod/color"]).await;
    exits(node, 1, &["parameter", "get", "/prod/color"]).await;
    ok(node, &["parameter", "delete", "plain"]).await;
}
