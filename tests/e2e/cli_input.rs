//! Bad input on the command line: one clear error each, before anything is sent.

use std::fs;

use serde_json::{Value, json};

use crate::cli::{exits, json, ok, path};
use crate::node::{Done, lambent, run, shared};

/// What is wrong with a line, and what the error has to say of it.
const CASES: [(&[&str], &str); 34] = [
    (&["--bogus"], "unexpected argument '--bogus'"),
    (&["deploy", "bad name", "f.wasm"], "invalid value 'bad name' for '<NAME>'"),
    (&["deploy", "hello"], "<CODE>"),
    (&["deploy", "hello", "f.wasm", "--memory", "lots"], "--memory"),
    (&["deploy", "hello", "f.wasm", "--memory", "1MiB"], "between 2.0 MiB and 4.0 GiB"),
    (&["deploy", "hello", "f.wasm", "--timeout", "0s"], "timeout"),
    (&["deploy", "hello", "f.wasm", "--fuel", "1"], "fuel"),
    (&["deploy", "hello", "f.wasm", "--reuse", "0"], "reuse"),
    (&["deploy", "hello", "f.wasm", "--if-revision", "-1"], "-1"),
    (&["rollback", "hello", "0"], "0"),
    (&["logs", "hello", "--limit", "0"], "1..=1000"),
    (&["logs", "hello", "--since", "soon"], "neither a duration"),
    (&["invoke", "hello", "--data", "@"], "@ names no file to read an event from"),
    (&["invoke", "hello", "--data", "@/no/such"], "cannot read an event from /no/such: No such"),
    (&["invoke", "hello", "--qualifier", "li ve"], "li ve"),
    (&["kv", "set", "settings", "k", "@"], "@ names no file to read the value from"),
    (&["kv", "set", "settings", "k", "@/"], "cannot read the value from /: Is a directory"),
    (&["kv", "set", "settings", "", "v"], "a key cannot be empty"),
    (&["kv", "get", "settings", ""], "a key cannot be empty"),
    (&["kv", "list", "settings", "--limit", "0"], "0 would be none"),
    (&["object", "list", "photos", "--limit", "0"], "0 would be none"),
    (&["object", "delete", "photos", ""], "a key cannot be empty"),
    (&["object", "get", "photos", "k", "--range", "x"], "not a range"),
    (&["object", "put", "photos", "k", "/no/such"], "cannot read /no/such"),
    (&["queue", "receive", "orders", "--limit", "0"], "1..=1000"),
    (&["queue", "receive", "orders", "--wait", "21s"], "more than 20s"),
    (&["queue", "receive", "orders", "--visibility", "13h"], "more than 12h"),
    (&["queue", "send", "orders", "x", "--delay", "16m"], "more than 15m"),
    (&["queue", "redrive", "orders", "--limit", "0"], "0"),
    (&["usage", "--since", "1h", "--until", "2h"], "--until is not after --since"),
    (&["serve", "--listen", "nowhere"], "127.0.0.1:4566, [::1]:4566"),
    (&["serve", "--listen", "127.0.0.1"], "it has no port"),
    (&["list", "--endpoint", "ftp://x"], "is neither http nor https"),
    (&["list", "--endpoint", "http://me:secret@x"], "names a user"),
];

/// The one object of JSON on standard error.
fn problem(done: &Done) -> Value {
    serde_json::from_str(&done.stderr).unwrap_or_else(|error| panic!("{error}: {done:?}"))
}

#[test]
fn each_mistake_is_named_for_people_and_for_programs() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("f.wasm"), wat::parse_str("(component)").unwrap()).unwrap();
    // A place where nobody listens: nothing here is asked.
    let lambent = |line: &[&str]| {
        let mut command = lambent(line);
        command.current_dir(directory.path()).env("LAMBENT_ENDPOINT", "http://127.0.0.1:1");
        run(command)
    };
    for (line, phrase) in CASES {
        let done = lambent(line);
        assert_eq!(done.code, Some(2), "{line:?}: {done:?}");
        assert!(done.stderr.contains(phrase), "{line:?}: {phrase:?} is not in {done:?}");
        assert_eq!(done.stderr.matches("error:").count(), 1, "{line:?}: {done:?}");
        assert!(done.stdout.is_empty(), "{done:?}");
        for line in [[&["--json"], line].concat(), [line, &["--json"]].concat()] {
            let done = lambent(&line);
            assert_eq!(done.code, Some(2), "{line:?}: {done:?}");
            let problem = problem(&done);
            assert_eq!(problem["code"], "usage", "{line:?}: {problem}");
            assert_eq!(problem["exit_code"], 2, "{line:?}: {problem}");
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains(phrase), "{line:?}: {phrase:?} is not in {detail:?}");
        }
    }
    // Help and version are what was asked for, not mistakes.
    assert_eq!(lambent(&["--help", "--json"]).code, Some(0));
    for line in [&["--json"][..], &["queue", "--json"]] {
        let problem = problem(&lambent(line));
        assert!(problem["detail"].as_str().unwrap().contains("a subcommand"), "{problem}");
    }
    let done = lambent(&["list", "--json"]);
    assert_eq!((done.code, problem(&done)["code"].as_str()), (Some(3), Some("unreachable")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_byte_order_mark_is_taken_off() {
    let node = shared().await;
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::write(&path, format!("\u{feff}{text}")).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (environment, guest) = (file("env", "A=1\r\nB=2\r\n"), path("guest-probe"));
    let flags = ["--public", "--env-file", &environment];
    ok(node, &[&["deploy", "mark-env", &guest][..], &flags].concat()).await;
    assert_eq!(node.own_variables("mark-env").await, json!({ "A": "1", "B": "2" }));
    let manifest = file("lambent.toml", "[buckets.mark-bucket]\n");
    ok(node, &["apply", "--yes", &manifest]).await;
    node.deploy("mark-event", "guest-hostile-event", "").await;
    let event = format!("@{}", file("event.json", r#"{"do":"echo","text":"hi"}"#));
    assert_eq!(json(node, &["invoke", "mark-event", "-d", &event]).await["output"], "hi");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_server_refuses_has_its_code_and_the_exit_code() {
    let node = shared().await;
    let done = exits(node, 1, &["--json", "describe", "input-nobody"]).await;
    let problem = problem(&done);
    assert_eq!(problem["code"], "function-not-found", "{problem}");
    assert_eq!(problem["exit_code"], 1, "{problem}");
}
