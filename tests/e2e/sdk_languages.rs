//! The package `lambent` of Python, JavaScript and Ruby: what its clients do on a node, by the list that
//! its node in memory is held to as well, and the events that it makes for tests.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use lambent_api::kinds::{Queue, Trigger};
use lambent_package::{Limits, pack};
use lambent_test_support::root;
use lambent_test_support::toolchains::{is_here, python_packages};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::{self, ok};
use crate::node::{Node, eventually, quiet, run_within};
use crate::packages::Language;
use crate::typed::read;

/// What builds the packages and runs their tests may have to start for the first time.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(120);
/// The namespace whose keyspace is out of reach.
const NEIGHBOUR: &str = "neighbour";

/// A language whose functions have the package.
pub(crate) struct Clients<'l> {
    pub(crate) language: &'l Language,
    /// The program that does the cases, with the handler that does them.
    pub(crate) program: &'static str,
    pub(crate) handler: &'static str,
    /// The end of the names of folders beside the cases.
    pub(crate) name: &'static str,
    /// Bytes of memory in which a larger object is to be streamed.
    pub(crate) memory: u64,
}

fn conformance() -> PathBuf {
    root().join("sdk/conformance")
}

fn cases() -> Value {
    serde_json::from_slice(&std::fs::read(conformance().join("cases.json")).unwrap()).unwrap()
}

/// Checks everything that the clients do, on a node that has the runtime.
pub(crate) async fn check(node: &Node, clients: &Clients<'_>) {
    let cases = cases();
    create(node, &cases).await;
    conforms(node, clients, &cases).await;
    was_sent(node, &cases).await;
    neighbours(node, clients).await;
    streams(node, clients).await;
    snapshots(node, clients).await;
}

/// Creates what the cases are about.
async fn create(node: &Node, cases: &Value) {
    let gone = texts(&cases["gone"]);
    let granted = texts(&cases["grants"]).into_iter().map(|grant| grant.split('=').next().unwrap());
    for resource in granted.chain(texts(&cases["exist"])).filter(|one| !gone.contains(one)) {
        let (kind, name) = resource.split_once(':').unwrap();
        ok(node, &[kind, "create", name]).await;
    }
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

/// The grants in the words of a configuration.
fn grants(list: &[&str]) -> Value {
    let mut grants = json!({ "keyspaces": {}, "buckets": {}, "queues": {} });
    for grant in list {
        let (resource, access) = grant.split_once('=').unwrap();
        let (kind, name) = resource.split_once(':').unwrap();
        grants[format!("{kind}s")][name] = access.into();
    }
    grants
}

/// Deploys a program of a file, which may be in a folder of its own.
async fn deploy(node: &Node, clients: &Clients<'_>, function: &str, folder: &Path, change: Value) {
    let mut zip = Vec::new();
    pack(folder, &mut zip, &Limits::LAMBDA).unwrap();
    let mut configuration = json!({ "handler": clients.handler, "timeout_ms": 60_000 });
    configuration.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    clients.language.deploy(node, function, zip, configuration).await;
}

/// Deploys what does the cases.
async fn deploy_cases(node: &Node, clients: &Clients<'_>, function: &str, change: Value) {
    let folder = tempfile::tempdir().unwrap();
    let program = clients.program;
    std::fs::copy(conformance().join(program), folder.path().join(program)).unwrap();
    deploy(node, clients, function, folder.path(), change).await;
}

/// Has a function do these cases, all of which go as they say.
async fn does(node: &Node, function: &str, cases: &Value) {
    let answer = node.answer(function, &json!({ "cases": cases })).await;
    let count = cases.as_array().unwrap().len();
    assert_eq!(answer, json!({ "cases": count, "wrong": [] }), "{function}");
}

/// What the function is told is what the log says, with the name of the function in it.
async fn conforms(node: &Node, clients: &Clients<'_>, cases: &Value) {
    let grants = grants(&texts(&cases["grants"]));
    // What the cases have at once in text and bytes is tens of MiB.
    let change = json!({ "grants": grants, "memory_bytes": 512 << 20 });
    deploy_cases(node, clients, "conformance", change).await;
    does(node, "conformance", &cases["cases"]).await;
    left_open(node).await;
    node.has_logged("conformance", "conformance keyspace:readable=read-write").await;
}

/// Objects that an invocation leaves open are closed when it ends: the next ones of the instance have
/// as many of them as the first.
async fn left_open(node: &Node) {
    let large =
        json!({ "do": ["bucket", "full", "write", "left", { "repeat": ["x", 1 << 20] }, 1] });
    let leave = json!({ "do": ["bucket", "full", "leave", "left", 10] });
    for steps in [json!([large, leave]), json!([leave])] {
        does(node, "conformance", &json!([{ "name": "objects are left open", "steps": steps }]))
            .await;
    }
    let steps = json!([
        { "do": ["bucket", "full", "left"], "gives": true },
        { "do": ["bucket", "full", "list", "left"], "gives": ["left"] },
        { "do": ["bucket", "full", "delete", "left"] },
    ]);
    does(node, "conformance", &json!([{ "name": "objects were left open", "steps": steps }])).await;
}

/// The messages that the cases have sent.
async fn was_sent(node: &Node, cases: &Value) {
    for (queue, expected) in cases["sent"].as_object().unwrap() {
        let peeked = cli::json(node, &["queue", "peek", queue, "--limit", "20"]).await;
        let messages = peeked["messages"].as_array().unwrap();
        let expected = expected.as_array().unwrap();
        assert_eq!(messages.len(), expected.len(), "{queue}: {peeked}");
        for (message, expected) in messages.iter().zip(expected) {
            assert_eq!(described(message, expected), *expected, "{queue}");
        }
    }
}

/// A message in the words of what is expected of it.
fn described(message: &Value, expected: &Value) -> Value {
    let mut described = json!({ "contentType": message["content_type"] });
    let text = message["text"].as_str();
    for member in expected.as_object().unwrap().keys() {
        described[member] = match (&**member, text) {
            ("body", None) => json!({ "base64": message["base64"] }),
            ("body", Some(text)) => text.into(),
            ("json", Some(text)) => serde_json::from_str(text).unwrap(),
            ("size", Some(text)) => text.len().into(),
            ("contentType", _) => continue,
            _ => message[member].clone(),
        };
    }
    described
}

/// What another namespace has is not there, whatever is granted.
async fn neighbours(node: &Node, clients: &Clients<'_>) {
    ok(node, &["namespace", "create", NEIGHBOUR]).await;
    for arguments in
        [&["keyspace", "create", "theirs"][..], &["kv", "set", "theirs", "a", "secret"]]
    {
        ok(node, &[&["--namespace", NEIGHBOUR], arguments].concat()).await;
    }
    let granted =
        grants(&["keyspace:theirs=read-write", "bucket:theirs=read-write", "queue:theirs=write"]);
    deploy_cases(node, clients, "curious", json!({ "grants": granted })).await;
    let steps = json!([
        { "do": ["keyspace", "theirs", "get", "a"], "fails": "NotFound" },
        { "do": ["keyspace", "theirs", "keys", ""], "fails": "NotFound" },
        { "do": ["bucket", "theirs", "list", ""], "fails": "NotFound" },
        { "do": ["queue", "theirs", "send", "x", {}], "fails": "NotFound" },
    ]);
    does(node, "curious", &json!([{ "name": "of a neighbour", "steps": steps }])).await;
}

/// An object is written and read piece by piece that is larger than the function's memory.
async fn streams(node: &Node, clients: &Clients<'_>) {
    let granted = grants(&["bucket:full=read-write"]);
    let change = json!({ "grants": granted, "memory_bytes": clients.memory });
    deploy_cases(node, clients, "streaming", change).await;
    let pieces = (clients.memory >> 20) + 8;
    let steps = json!([
        { "do": ["bucket", "full", "write", "huge", { "repeat": ["x", 1 << 20] }, pieces] },
        { "do": ["bucket", "full", "streamed", "huge"], "gives": pieces << 20 },
        { "do": ["bucket", "full", "delete", "huge"] },
    ]);
    does(node, "streaming", &json!([{ "name": "more than memory", "steps": steps }])).await;
}

/// What INIT opened is opened anew in instances from a snapshot, or says why it is not.
async fn snapshots(node: &Node, clients: &Clients<'_>) {
    let folder = conformance().join(format!("snapshot-{}", clients.name));
    let granted =
        grants(&["bucket:full=read-write", "keyspace:full=read-write", "queue:jobs=write"]);
    deploy(node, clients, "opened", &folder, json!({ "grants": granted })).await;
    let answers = node.restored("opened", &json!({})).await;
    for (number, answer) in answers.into_iter().enumerate() {
        let lost = answer["lost"].as_array().unwrap();
        let told = |why: &&Value| why.as_str().unwrap().contains("before the snapshot");
        assert_eq!(lost.iter().filter(told).count(), 2, "{answer}");
        let expected = json!(["abc", false, number + 1, ["small"]]);
        assert_eq!(
            json!([answer["read"], answer["half"], answer["count"], answer["listed"]]),
            expected
        );
    }
}

/// The events that a node delivers are those that the package makes for tests; `made` is where it
/// is to be in the function.
pub(crate) async fn events(node: &Node, clients: &Clients<'_>, package: &Path, made: &str) {
    let folder = tempfile::tempdir().unwrap();
    copy(&conformance().join(format!("events-{}", clients.name)), folder.path());
    copy(package, &folder.path().join(made));
    ok(node, &["keyspace", "create", "compared"]).await;
    let change = json!({ "grants": grants(&["keyspace:compared=write"]) });
    deploy(node, clients, "compared", folder.path(), change).await;
    invoked(node).await;
    requested(node).await;
    received(node).await;
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Events of which `invoke` has samples.
async fn invoked(node: &Node) {
    let deleted = "new=\u{1}";
    for (event, set, kind) in [
        ("object:photos/a b/ç~(1).jpg", &[][..], "ObjectCreated:Put"),
        ("object:photos/a b/ç~(1).jpg", &["change=deleted"], "ObjectRemoved:Delete"),
        ("key:users/7", &["new=new ☕"], "INSERT"),
        ("key:users/7", &["new=new ☕", "old=before"], "MODIFY"),
        ("key:users/7", &["change=deleted", "old=\u{1}\"☕", deleted], "REMOVE"),
        ("schedule:nightly", &[], "schedule"),
    ] {
        let set: Vec<_> = set.iter().flat_map(|set| ["--set", set]).collect();
        let done = ok(node, &[&["invoke", "compared", "--event", event], &set[..]].concat()).await;
        let answer: Value = serde_json::from_str(&done.stdout).unwrap();
        assert_eq!(answer, json!({ "kind": kind, "same": true }), "{event}");
    }
}

/// Requests: without a body, with text and with bytes.
async fn requested(node: &Node) {
    let target = "/fn/compared/a/b?x=1&y=%C3%A7&x=2&z";
    for (method, body, content_type) in [
        ("GET", &b""[..], "text/plain"),
        ("POST", "grüße ☕".as_bytes(), "text/plain; charset=utf-8"),
        ("PUT", b"{}", "application/vnd.orders+json"),
        ("POST", b"a=1", "application/x-www-form-urlencoded"),
        ("POST", b"\x00\xff", "text/plain"),
    ] {
        let ask = node.ask(method, target).header("content-type", content_type).body(body);
        let ask = ask.header("cookie", "one=1; two=2").header("x-own", "a").header("x-own", "b");
        let answer = ask.send().await.json();
        assert_eq!(answer, json!({ "kind": "http", "same": true }), "{method} {content_type}");
    }
}

/// Messages of a queue, as a trigger delivers them.
async fn received(node: &Node) {
    node.create::<Queue>("compared.fifo", read(json!({}))).await;
    for body in [&b"{\"n\": 1}"[..], b"\x00\xff"] {
        let send = node.ask("POST", "/v1/queues/compared.fifo/messages").key(&node.key);
        let sent = send
            .header("lambent-attr-tenant", "t1")
            .header("lambent-group", "g")
            .body(body)
            .send()
            .await;
        assert!(sent.status < 300, "{sent:?}");
    }
    let source = json!({ "kind": "queue", "queue": "compared.fifo" });
    node.wire::<Trigger>("compared", json!({ "function": "compared", "source": source })).await;
    let answer = eventually("the batch", async || node.get_key("compared", "queue").await).await;
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer, json!({ "kind": "queue", "same": true }));
}

fn must(mut command: Command, arguments: &[&str], what: &str) -> String {
    command.args(arguments);
    let done = run_within(command, PATIENCE);
    assert_eq!(done.code, Some(0), "{what}: {done:?}");
    format!("{}{}", done.stdout, done.stderr)
}

/// A program that looks for nothing where the machine's user has things.
fn program(name: &str) -> Command {
    let mut command = quiet(Path::new(name));
    command.envs(std::env::var_os("HOME").map(|home| ("HOME", home)));
    command
}

/// The folder of the package for Python, from the wheel that is made of it; none where there is no
/// Python to make it.
pub(crate) fn python_package() -> Option<&'static Path> {
    static MADE: OnceLock<Option<TempDir>> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let tools = python_packages("python-sdk", &[])?;
        let folder = tempfile::tempdir().unwrap();
        let (sources, wheels) = (folder.path().join("sources"), folder.path().join("wheels"));
        // What is made beside the sources is not to be found there.
        copy(&root().join("sdk/python"), &sources);
        let mut pip = program("python3");
        pip.env("PYTHONPATH", tools).args(["-m", "pip", "wheel", "--quiet", "--no-deps"]);
        pip.args(["--disable-pip-version-check", "--no-build-isolation", "--no-index"]);
        pip.arg("--wheel-dir").arg(&wheels).arg(&sources);
        must(pip, &[], "pip wheel");
        let wheel = std::fs::read_dir(&wheels).unwrap().next().unwrap().unwrap().path();
        let mut install = program("python3");
        install.args(["-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]).arg(wheel);
        install.arg("--target").arg(folder.path().join("installed"));
        must(install, &["--disable-pip-version-check"], "pip install");
        Some(folder)
    });
    static PATH: OnceLock<Option<PathBuf>> = OnceLock::new();
    let path = PATH.get_or_init(|| Some(made.as_ref()?.path().join("installed/lambent")));
    path.as_deref()
}

/// The folder of the package for JavaScript, from the archive that npm makes of it; none where there
/// is no npm.
pub(crate) fn javascript_package() -> Option<&'static Path> {
    static MADE: OnceLock<Option<TempDir>> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        if !is_here("npm", &["--version"]) || !is_here("node", &["--version"]) {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let mut npm = program("npm");
        npm.args(["pack", "--silent", "--pack-destination"]).arg(folder.path());
        must(npm, &[root().join("sdk/js").to_str().unwrap()], "npm pack");
        let modules = folder.path().join("node_modules");
        std::fs::create_dir(&modules).unwrap();
        let mut tar = program("tar");
        tar.arg("-xzf").arg(folder.path().join("lambent-0.1.0.tgz")).arg("-C").arg(&modules);
        must(tar, &[], "tar");
        std::fs::rename(modules.join("package"), modules.join("lambent")).unwrap();
        Some(folder)
    });
    static PATH: OnceLock<Option<PathBuf>> = OnceLock::new();
    let path = PATH.get_or_init(|| Some(made.as_ref()?.path().join("node_modules/lambent")));
    path.as_deref()
}

/// A copy of the packages' sources, as a clone of the repository has them.
fn cloned() -> TempDir {
    let clone = tempfile::tempdir().unwrap();
    for part in ["conformance", "js", "python"] {
        copy(&root().join("sdk").join(part), &clone.path().join("sdk").join(part));
    }
    clone
}

/// What the README of a package says that its tests are run by, in a clone.
fn passes_in_a_clone(package: &str) -> String {
    let clone = cloned();
    let readme = clone.path().join("sdk").join(package).join("README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let (_, after) = readme.split_once(&format!("```sh\ncd sdk/{package}\n")).unwrap();
    let (commands, _) = after.split_once("```").unwrap();
    let mut shell = program("sh");
    shell.current_dir(clone.path().join("sdk").join(package)).env("PYTHONDONTWRITEBYTECODE", "1");
    must(shell, &["-c", commands], commands)
}

#[test]
fn the_packages_pass_their_tests_in_a_clone() {
    if is_here("python3", &["--version"]) {
        let said = passes_in_a_clone("python");
        assert!(said.contains("Ran 2 tests") && said.contains("OK"), "{said}");
    }
    if is_here("npm", &["--version"]) && is_here("node", &["--version"]) {
        let said = passes_in_a_clone("js");
        assert!(said.contains("pass 2") && said.contains("fail 0"), "{said}");
    }
}

#[test]
fn the_wheel_passes_its_tests() {
    let Some(package) = python_package() else { return };
    for part in ["py.typed", "testing/events.py"] {
        assert!(package.join(part).exists(), "{part}");
    }
    let mut python = program("python3");
    python.env("PYTHONPATH", package.parent().unwrap()).env("PYTHONDONTWRITEBYTECODE", "1");
    python.args(["-m", "unittest", "discover", "-s"]).arg(root().join("sdk/python/tests"));
    let said = must(python, &[], "unittest");
    assert!(said.contains("Ran 2 tests") && said.contains("OK"), "{said}");
}

#[test]
fn the_package_of_npm_passes_its_tests() {
    let Some(package) = javascript_package() else { return };
    for part in ["src/index.d.ts", "src/testing/index.d.ts", "src/testing/events.d.ts", "README.md"]
    {
        assert!(package.join(part).exists(), "{part}");
    }
    // Without the sources, beside which these would be found in the package's place.
    let clone = cloned();
    std::fs::remove_dir_all(clone.path().join("sdk/js/src")).unwrap();
    std::fs::remove_file(clone.path().join("sdk/js/package.json")).unwrap();
    copy(package, &clone.path().join("node_modules/lambent"));
    let mut node = program("node");
    node.current_dir(clone.path().join("sdk/js")).arg("--test");
    let said = must(node, &[], "node --test");
    assert!(said.contains("pass 2") && said.contains("fail 0"), "{said}");
    the_test_of_the_book_passes(clone.path());
}

/// The test that a page has of the function that is on another, in a folder that has the package.
fn the_test_of_the_book_passes(folder: &Path) {
    let block = |page: &str, fence: &str| {
        let page = std::fs::read_to_string(root().join("runtime/docs/src/tasks").join(page));
        let page = page.unwrap();
        let (_, code) = page.split_once(fence).unwrap();
        code.split_once("```").unwrap().0.to_owned()
    };
    let function = block("stores.md", "```js,file=index.mjs\n");
    std::fs::write(folder.join("index.mjs"), function).unwrap();
    std::fs::write(folder.join("shop.test.mjs"), block("testing.md", "```js\n")).unwrap();
    let mut node = program("node");
    node.current_dir(folder).args(["--test", "shop.test.mjs"]);
    let said = must(node, &[], "the test of the book");
    assert!(said.contains("pass 1") && said.contains("fail 0"), "{said}");
}
