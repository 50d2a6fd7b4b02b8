//! What a function imports, and what differs between two of its versions: code, imports, grants and
//! configuration, and no secret.

use serde_json::{Value, json};

use crate::aliases::{alias, publish};
use crate::cli;
use crate::node::Node;

/// `hello` with two versions that differ in everything.
async fn node() -> Node {
    let node = Node::start(&[]);
    node.deploy("hello", "hello-http", "").await;
    let first = ["configure", "hello", "--timeout", "1s", "--env", "TOKEN=hunter1", "--tag", "a=b"];
    cli::ok(&node, &first).await;
    publish(&node, "hello").await;
    node.deploy("hello", "guest-peer-spin-keyvalue", "").await;
    let second =
        ["configure", "hello", "--timeout", "2s", "--env", "TOKEN=hunter2", "--env", "X=y"];
    cli::ok(&node, &second).await;
    cli::ok(&node, &["grant", "add", "hello", "keyspace:todo=read"]).await;
    publish(&node, "hello").await;
    alias(&node, "hello:live", json!({ "version": 1 })).await;
    node
}

async fn diff(node: &Node, query: &str) -> Value {
    let reply = node.api("GET", &format!("/hello/diff?{query}")).send().await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let text = reply.text();
    assert!(!text.contains("hunter"), "{text}");
    reply.json()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_diff_shows_code_imports_grants_and_configuration() {
    let node = node().await;
    let differs = diff(&node, "from=1&to=2").await;
    let versions = cli::json(&node, &["versions", "hello"]).await;
    for (side, version) in [("from", 0), ("to", 1)] {
        let version = &versions["versions"][version];
        assert_eq!(differs[side], version["version"]);
        assert_eq!(differs["code"][side]["digest"], version["digest"]);
        assert_eq!(differs["code"][side]["bytes"], version["code_bytes"]);
    }
    let imports = differs["imports"]["added"].as_array().unwrap();
    let keyvalue = |name: &Value| name.as_str().unwrap().starts_with("wasi:keyvalue/store@");
    assert!(imports.iter().any(keyvalue), "{differs}");
    let removed = differs["imports"]["removed"].as_array().unwrap();
    assert!(!removed.iter().any(|name| imports.contains(name)), "{differs}");
    assert_eq!(differs["grants"], json!({ "added": ["keyspace:todo=read"], "removed": [] }));
    let environment = json!([
        { "name": "TOKEN", "change": "changed" },
        { "name": "X", "change": "added" },
    ]);
    assert_eq!(differs["environment"], environment);
    let timeout = json!({ "member": "timeout_ms", "from": 1000, "to": 2000 });
    assert_eq!(differs["configuration"], json!([timeout]));

    // An alias is what it leads to, and without a second version the head is meant.
    assert_eq!(diff(&node, "from=live&to=2").await, differs);
    let same = diff(&node, "from=2").await;
    assert_eq!((&same["to"], same.get("code")), (&json!("$LATEST"), None));
    assert_eq!(same["imports"], json!({ "added": [], "removed": [] }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_diff_is_shown_in_words_and_bad_input_is_told_once() {
    let node = node().await;
    let done = cli::ok(&node, &["diff", "hello", "live", "2"]).await;
    for told in [
        "hello: version 1 → version 2",
        "+ wasi:keyvalue/store@",
        "+ keyspace:todo=read",
        "TOKEN changed",
        "X added",
        "timeout_ms: 1000 → 2000",
    ] {
        assert!(done.stdout.contains(told), "{told}: {done:?}");
    }
    assert!(!done.stdout.contains("hunter"), "{done:?}");
    let done = cli::ok(&node, &["diff", "hello", "2", "$LATEST"]).await;
    assert!(done.stdout.ends_with("nothing differs\n"), "{done:?}");
    let done = cli::exits(&node, 1, &["diff", "hello", "1", "9"]).await;
    assert!(done.stderr.contains("no version 9"), "{done:?}");
    for (query, status, code) in [
        ("", 400, "invalid-request"),
        ("from=1&to=none", 404, "alias-not-found"),
        ("from=a b", 400, "invalid-request"),
        ("from=1&with=2", 400, "invalid-request"),
    ] {
        let target = format!("/hello/diff?{}", query.replace(' ', "%20"));
        node.api("GET", &target).send().await.problem(status, code);
    }
    let nobody = node.api("GET", "/nobody/diff?from=1&to=2").send().await;
    nobody.problem(404, "function-not-found");
}

/// The one import of a described function whose name begins so.
fn import<'a>(described: &'a Value, prefix: &str) -> &'a Value {
    let imports = described["imports"].as_array().unwrap();
    let is_it = |import: &&Value| import["interface"].as_str().unwrap().starts_with(prefix);
    imports.iter().find(is_it).unwrap_or_else(|| panic!("no {prefix}: {described}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_is_described_with_what_it_imports() {
    let node = node().await;
    let described = cli::json(&node, &["describe", "hello"]).await;
    let store = import(&described, "wasi:keyvalue/store@");
    assert_eq!((&store["served"], &store["opened_by"]), (&json!(true), &json!(["keyspace"])));
    assert_eq!(store["granted"], json!(["keyspace:todo=read"]));
    let done = cli::ok(&node, &["describe", "hello"]).await;
    let shown = done.stdout.lines().find(|line| line.contains("wasi:keyvalue/store@")).unwrap();
    assert!(shown.ends_with("(granted: keyspace:todo=read)"), "{done:?}");

    // A version has its own imports, whether it is named by number or by an alias.
    for qualifier in ["1", "live"] {
        let first = node.api("GET", &format!("/hello?qualifier={qualifier}&imports=true"));
        let first = first.send().await.json();
        let names = first["imports"].to_string();
        assert!(names.contains("wasi:http/types@") && !names.contains("wasi:keyvalue"), "{first}");
        assert!(first["imports"].as_array().unwrap().iter().all(|one| one["served"] == true));
    }
    // Reading the code is asked for, or not done.
    for asked in ["", "?imports=false", "?qualifier=1"] {
        let plain = node.api("GET", &format!("/hello{asked}")).send().await.json();
        assert_eq!(plain.get("imports"), None, "{asked}");
    }
    for bad in ["imports=1", "imports=", "imports=true&imports=true"] {
        let target = format!("/hello?{bad}");
        node.api("GET", &target).send().await.problem(400, "invalid-request");
    }
    node.api("GET", "/nobody?imports=true").send().await.problem(404, "function-not-found");
}
