//! Each template of `lambent new` makes a project that builds and answers at the first try.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use lambent_test_support::javascript::javascript_runtime;
use lambent_test_support::python::python_runtime;
use lambent_test_support::root;
use lambent_test_support::ruby::ruby_runtime;
use lambent_test_support::toolchains::is_here;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::at;
use crate::node::{Done, Node, run_within};

/// Cargo compiles all that a function depends on, on a machine that may be busy.
const PATIENCE: Duration = Duration::from_secs(900);

/// The name of every project, which is none of the templates'.
const NAME: &str = "made-here";

/// A project that was made from a template.
struct Project {
    place: TempDir,
}

impl Project {
    /// Makes one where there is nothing else.
    fn new(node: &Node, template: &str) -> Self {
        let project = Self { place: tempfile::tempdir().unwrap() };
        let mut new = at(node, &["new", template, NAME]);
        new.current_dir(project.place.path());
        let done = run_within(new, PATIENCE);
        assert_eq!(done.code, Some(0), "{template}: {done:?}");
        project
    }

    fn path(&self) -> PathBuf {
        self.place.path().join(NAME)
    }

    /// Runs a command in its folder, as somebody who has the toolchains.
    fn run(&self, mut command: Command) -> Done {
        command.current_dir(self.path()).envs(std::env::var_os("HOME").map(|home| ("HOME", home)));
        // What the templates in Rust depend on is compiled once.
        command.env("CARGO_TARGET_DIR", root().join("target/templates"));
        run_within(command, PATIENCE)
    }

    fn up(&self, node: &Node) {
        let done = self.run(at(node, &["up"]));
        assert_eq!(done.code, Some(0), "{done:?}");
    }
}

/// Brings up a project of this template on this node.
async fn up(node: &Node, template: &str) -> Project {
    tokio::task::block_in_place(|| {
        let project = Project::new(node, template);
        project.up(node);
        project
    })
}

async fn greets(node: &Node) {
    let answer = node.answer(NAME, &json!({ "name": "Ada" })).await;
    assert_eq!(answer, json!({ "message": "Hello, Ada!" }));
}

async fn greets_by_http(node: &Node) {
    let reply = node.get(NAME, "/?name=Ada").await;
    assert_eq!((reply.status, reply.json()), (200, json!({ "message": "Hello, Ada!" })));
}

/// Of two messages one fails.
async fn takes_messages(node: &Node) {
    node.send_message(NAME, r#"{"item": "tea"}"#).await;
    node.send_message(NAME, "no JSON").await;
    node.has_logged(NAME, "sent tea").await;
    let dead = node.messages(&format!("{NAME}-dead"), 1).await.remove(0);
    assert_eq!(dead["text"], "no JSON", "{dead}");
}

/// Keeps items behind routes.
async fn keeps_items(node: &Node) {
    let post = node.call(NAME, "POST", "/items").header("content-type", "application/json");
    assert_eq!(post.body(r#"{"name":"tea"}"#).send().await.status, 201);
    let items = node.get(NAME, "/items").await;
    assert_eq!((items.status, items.text().contains("tea")), (200, true), "{items:?}");
    assert_eq!(node.get(NAME, "/items/1").await.json()["name"], "tea");
    assert_eq!(node.get(NAME, "/items/7").await.status, 404);
}

/// A node with a runtime, unless that cannot be built here.
async fn with(name: &str, runtime: fn() -> Option<PathBuf>) -> Option<Node> {
    let path = tokio::task::spawn_blocking(runtime).await.unwrap()?;
    let node = Node::start(&[]);
    node.install_runtime(name, std::fs::read(path).unwrap()).await;
    Some(node)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn templates_in_rust() {
    if !is_here("cargo", &["--version"]) {
        return;
    }
    let each = Node::start(&[]);
    up(&each, "rust-event").await;
    greets(&each).await;
    // As its own tools build it, outside of any workspace.
    let node = Node::start(&[]);
    up(&node, "rust-http").await;
    assert_eq!(node.get(NAME, "/?name=Ada").await.text(), "Hello, Ada!\n");
    let node = Node::start(&[]);
    up(&node, "rust-api").await;
    keeps_items(&node).await;
    let node = Node::start(&[]);
    up(&node, "rust-queue").await;
    takes_messages(&node).await;
    let node = Node::start(&[]);
    up(&node, "rust-object").await;
    node.put_object("uploads", "a b.txt", b"1234".to_vec()).await;
    node.has_logged(NAME, "uploads has a+b.txt, 4 bytes").await;
    let node = Node::start(&[]);
    let project = up(&node, "rust-schedule").await;
    let often = rewritten(&project.path().join("lambent.toml"), "1m", "1s");
    assert!(often.contains("rate = \"1s\""), "{often}");
    tokio::task::block_in_place(|| project.up(&node));
    node.has_logged(NAME, "it is 20").await;
}

/// Puts one text in the place of another in a file; returns all of it.
fn rewritten(path: &Path, from: &str, to: &str) -> String {
    let text = std::fs::read_to_string(path).unwrap().replace(from, to);
    std::fs::write(path, &text).unwrap();
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn templates_in_go() {
    if !is_here("go", &["version"]) {
        return;
    }
    let node = Node::start(&[]);
    up(&node, "go-event").await;
    greets(&node).await;
    let node = Node::start(&[]);
    up(&node, "go-http").await;
    greets_by_http(&node).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn templates_in_java() {
    if is_here("mvn", &["--version"]) {
        let node = Node::start(&[]);
        up(&node, "java-event").await;
        greets(&node).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn templates_in_python() {
    let none = Node::start(&[]);
    let project = Project::new(&none, "python-event");
    let refused = tokio::task::block_in_place(|| project.run(at(&none, &["up"])));
    assert_eq!(refused.code, Some(2), "{refused:?}");
    let install = format!("runtime install python3.14.wasm --endpoint http://{}", none.address);
    assert!(refused.stderr.contains(&install), "{refused:?}");
    drop(none);

    let Some(node) = with("python3.14", python_runtime).await else { return };
    up(&node, "python-event").await;
    greets(&node).await;
    up(&node, "python-http").await;
    greets_by_http(&node).await;
    let project = up(&node, "python-api").await;
    keeps_items(&node).await;
    rewritten(&project.path().join("app.py"), "there is no item", "nothing is at");
    tokio::task::block_in_place(|| project.up(&node));
    let gone = node.get(NAME, "/items/7").await;
    assert_eq!(gone.json(), json!({ "error": "nothing is at 7" }));
    assert_eq!(node.get(NAME, "/items/1").await.json()["name"], "tea", "what it keeps stays");
    up(&node, "python-webhook").await;
    for (signature, status) in [(SIGNATURE, 202), ("sha256=00", 401), ("", 401)] {
        let hook = node.call(NAME, "POST", "/").header("x-signature-256", signature);
        let reply = hook.header("content-type", "application/json").body(HOOK).send().await;
        assert_eq!(reply.status, status, "{signature}: {reply:?}");
    }
}

const HOOK: &str = r#"{"action": "opened"}"#;
/// The HMAC of it with the secret of the template.
const SIGNATURE: &str = "sha256=52f1b22b3a7a9d0be18be4edfe13583ef7bbd7da857c0e5429ea9d921cd2f536";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn templates_in_javascript_and_typescript() {
    let Some(node) = with("js", javascript_runtime).await else { return };
    up(&node, "js-event").await;
    greets(&node).await;
    for template in ["js-http", "ts-http"] {
        up(&node, template).await;
        greets_by_http(&node).await;
    }
    up(&node, "js-queue").await;
    takes_messages(&node).await;
    up(&node, "js-site").await;
    let greeting = node.get(NAME, "/api/greeting?name=Ada").await;
    assert_eq!(greeting.json(), json!({ "message": "Hello, Ada!" }));
    let page = node.get(NAME, "/page.js").await;
    assert!(page.text().contains("/api/greeting"), "{page:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn templates_of_files_alone() {
    let node = Node::start(&[]);
    up(&node, "static-site").await;
    let page = node.get(NAME, "/").await;
    assert!(page.status == 200 && page.text().contains(NAME), "{page:?}");
    let missing = node.get(NAME, "/nowhere").await;
    assert!(missing.status == 404 && missing.text().contains("nothing here"), "{missing:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn templates_in_ruby() {
    let Some(node) = with("ruby3.4", ruby_runtime).await else { return };
    up(&node, "ruby-event").await;
    greets(&node).await;
}

#[test]
fn every_template_is_tried() {
    let this = include_str!("templates.rs");
    let done = run_within(crate::node::lambent(&["new", "--list", "--json"]), PATIENCE);
    let listed: Value = serde_json::from_str(&done.stdout).unwrap();
    let names: Vec<_> = listed["templates"].as_array().unwrap().iter().collect();
    assert!(names.len() >= 16, "{listed}");
    for template in names {
        let name = template["name"].as_str().unwrap();
        assert!(this.contains(&format!("\"{name}\"")), "{name} is not tried here");
    }
}
