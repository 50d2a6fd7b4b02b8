//! `lambent apply`: what a file says comes to be, once and no more.

use std::fs;
use std::path::PathBuf;

use lambent_test_support::guest;
use tempfile::TempDir;

use crate::cli::{exits, json, ok};
use crate::node::Node;

const FILE: &str = r#"
name = "shop"
[buckets.photos]
[keyspaces.metadata]
[queues.orders]
visibility = "1m"
dead-letter = { queue = "a-dead-one", receives = 3 }
[queues.a-dead-one]
[functions.echo]
component = "echo.wasm"
memory = "64MiB"
environment = { TOKEN = "hunter2" }
grants = { buckets = { photos = "read" } }
delivery = { attempts = 2, dead-letter = "queue:a-dead-one" }
[triggers.orders]
function = "echo"
queue = { queue = "orders", batch-size = 5 }
[triggers.photos]
function = "echo"
object = { bucket = "photos", changes = ["created"], suffix = ".jpg" }
[schedules.nightly]
function = "echo"
cron = "0 2 * * *"
time-zone = "Europe/Berlin"
input = { kind = "full" }
"#;

/// A directory with a file and the component that it names.
struct Project(TempDir);

impl Project {
    fn new(text: &str) -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        fs::copy(guest("echo-event"), project.0.path().join("echo.wasm")).unwrap();
        project.write(text);
        project
    }

    fn write(&self, text: &str) {
        fs::write(self.path(), text).unwrap();
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("lambent.toml")
    }

    fn line<'a>(&'a self, path: &'a str, flags: &[&'a str]) -> Vec<&'a str> {
        [&["apply", path], flags].concat()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_file_says_comes_to_be_once() {
    let node = Node::start(&[]);
    let project = Project::new(FILE);
    let path = project.path();
    let path = path.to_str().unwrap();

    let done = ok(&node, &project.line(path, &["--dry-run"])).await;
    for line in ["shop (", "+ bucket photos", "+ function echo", "create 8, keep 0"] {
        assert!(done.stdout.contains(line), "{line}: {done:?}");
    }
    assert_eq!(json(&node, &["bucket", "list"]).await["buckets"], serde_json::json!([]));
    let done = exits(&node, 2, &project.line(path, &[])).await;
    assert!(done.stderr.contains("pass --yes"), "{done:?}");

    let done = ok(&node, &project.line(path, &["--yes"])).await;
    assert!(done.stdout.contains("created schedule nightly"), "{done:?}");
    let at = |what: &str| done.stdout.find(what).unwrap();
    assert!(at("created queue a-dead-one") < at("created queue orders"), "{done:?}");
    let done = ok(&node, &project.line(path, &[])).await;
    assert!(done.stdout.contains("nothing to do: all 8"), "{done:?}");

    let view = json(&node, &["describe", "echo"]).await;
    assert_eq!(view["configuration"]["memory_bytes"], 64 << 20);
    assert_eq!(view["configuration"]["grants"]["buckets"]["photos"], "read");
    let queue = json(&node, &["queue", "describe", "orders"]).await;
    assert_eq!(queue["attributes"]["redrive"]["queue"], "a-dead-one");
    let schedule = json(&node, &["schedule", "describe", "nightly"]).await;
    assert_eq!(schedule["time_zone"], "Europe/Berlin");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_are_shown_without_secrets_and_made() {
    let node = Node::start(&[]);
    let project = Project::new(FILE);
    let path = project.path();
    let path = path.to_str().unwrap();
    ok(&node, &project.line(path, &["--yes"])).await;

    let changed = FILE.replace("hunter2", "hunter3").replace("64MiB", "128MiB");
    let kept: Vec<_> = changed.split("[schedules").collect();
    project.write(kept[0]);
    let done = ok(&node, &project.line(path, &["--yes"])).await;
    for line in ["~ function echo", "64.0 MiB → 128.0 MiB", "environment.TOKEN", "change 1, keep 6"]
    {
        assert!(done.stdout.contains(line), "{line}: {done:?}");
    }
    assert!(!done.stdout.contains("hunter"), "{done:?}");
    let view = json(&node, &["describe", "echo", "--show-values"]).await;
    assert_eq!(view["configuration"]["environment"]["TOKEN"], "hunter3");

    // What the file does not name stays until it is to be pruned.
    json(&node, &["schedule", "describe", "nightly"]).await;
    let plan = json(&node, &project.line(path, &["--prune", "--dry-run"])).await;
    assert_eq!(plan["plan"].as_array().unwrap().len(), 1, "{plan}");
    assert_eq!(plan["plan"][0]["action"], "delete");
    let done = ok(&node, &project.line(path, &["--prune", "--yes"])).await;
    assert!(done.stdout.contains("deleted schedule nightly"), "{done:?}");
    exits(&node, 1, &["schedule", "describe", "nightly"]).await;
    project.write("");
    ok(&node, &project.line(path, &["--prune", "--yes"])).await;
    assert_eq!(json(&node, &["queue", "list"]).await["queues"], serde_json::json!([]));
    assert_eq!(json(&node, &["list"]).await["functions"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_half_way_is_told_and_gone_on_from() {
    let node = Node::start(&["--quota-resources=1"]);
    let project = Project::new("[buckets.aaa]\n[buckets.bbb]\n[keyspaces.k]\n");
    let path = project.path();
    let path = path.to_str().unwrap();
    let done = exits(&node, 1, &project.line(path, &["--yes"])).await;
    assert!(done.stdout.contains("created bucket aaa"), "{done:?}");
    for phrase in ["cannot create bucket bbb", "1 of 3 steps", "create keyspace k", "repeat it"] {
        assert!(done.stderr.contains(phrase), "{phrase}: {done:?}");
    }
    project.write("[buckets.aaa]\n[keyspaces.k]\n");
    let done = ok(&node, &project.line(path, &["--yes"])).await;
    assert!(done.stdout.contains("create 1, keep 1"), "{done:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mistakes_have_a_place_and_change_nothing() {
    let node = Node::start(&[]);
    let project = Project::new("");
    let path = project.path();
    let path = path.to_str().unwrap();
    for (text, place) in [
        ("[buckets.photos]\n[functions.echo]\ncomponnet = \"echo.wasm\"\n", ":3:1: unknown key"),
        ("[buckets.photos]\n[schedules.s]\nfunction = \"f\"\ncron = \"61 * * * *\"\n", ":2:"),
        ("[buckets.photos]\n[triggers.t]\nfunction = \"f\"\nqueue = { queue = \"q\" }\n", ":2:"),
    ] {
        project.write(text);
        let done = exits(&node, 2, &project.line(path, &["--yes"])).await;
        assert!(done.stderr.contains(&format!("lambent.toml{place}")), "{done:?}");
    }
    assert_eq!(json(&node, &["bucket", "list"]).await["buckets"], serde_json::json!([]));
}
