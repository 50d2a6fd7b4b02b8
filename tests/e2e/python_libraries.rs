//! The libraries of Python by which functions speak HTTP, brought by a layer and used as they are:
//! requests, urllib, urllib3, httpx and boto3, against real servers on this machine.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use lambent_package::{Limits, pack};
use lambent_test_support::root;
use lambent_test_support::toolchains::python_packages;
use serde_json::{Value, json};

use crate::cli::json as json_of;
use crate::installing::{tls, web};
use crate::node::Node;
use crate::packages::{PYTHON, package};
use crate::photo_desk;

const FUNCTION: &str = "libraries";
/// Of a package that has machine code for some systems, what is Python alone.
pub(crate) const PURE: &[&str] =
    &["--platform", "any", "--implementation", "py", "--abi", "none", "--python-version", "3.14"];

/// moto, which plays S3 and SQS.
struct Aws(Child, String);

impl Aws {
    fn start(packages: &Path) -> Self {
        let mut command = Command::new("python3");
        command.args(["-u", "-m", "moto.server", "--host", "127.0.0.1", "--port", "0"]);
        command.env("PYTHONPATH", packages).env("PYTHONDONTWRITEBYTECODE", "1");
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("Running on ") {
            line.clear();
            assert_ne!(log.read_line(&mut line).unwrap(), 0, "moto ended");
        }
        let url = line.trim().rsplit(' ').next().unwrap().to_owned();
        // It ends where nobody reads what it writes.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self(child, url)
    }
}

impl Drop for Aws {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Publishes the libraries as a layer, as `pip install --target python` leaves them.
async fn publish(node: &Node, packages: &Path) {
    let mut files = Vec::new();
    read(packages, "python", &mut files);
    node.publish_layer("libraries", &files).await;
}

/// Reads every file below a folder, by its path in the layer.
fn read(folder: &Path, path: &str, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = format!("{path}/{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            read(&entry.path(), &path, files);
        } else {
            files.push((path, std::fs::read(entry.path()).unwrap()));
        }
    }
}

/// A function that is asked by the others.
async fn greets(node: &Node) -> String {
    let source = "
def lambda_handler(event, context):
    name = (event.get('queryStringParameters') or {}).get('name', 'World')
    return {'message': f'Hello, {name}!'}";
    PYTHON.deploy(node, "greets", package(&[("lambda_function.py", source)]), json!({})).await;
    format!("http://{}/fn/greets", node.address)
}

pub(crate) async fn check(node: &Node) {
    let installed = tokio::task::spawn_blocking(|| {
        Some((python_packages("python-libraries", PURE)?, python_packages("aws-server", &[])?))
    });
    let Some((libraries, server)) = installed.await.unwrap() else { return };
    let aws = tokio::task::spawn_blocking(move || Aws::start(&server)).await.unwrap();
    let certificate = tempfile::NamedTempFile::new().unwrap();
    let secure = web(b"", Some(tls(certificate.path()))).await.port();
    let secure = format!("https://127.0.0.1:{secure}");
    publish(node, &libraries).await;
    let folder = root().join("runtime/runtimes/python/tests/libraries");
    // boto3 alone is two billion units of fuel when it is imported.
    let memory = 512_u64 << 20;
    let change = json!({
        "layers": ["libraries"], "timeout_ms": 120_000, "memory_bytes": memory,
        "fuel": 1_000_000_000_000_u64,
    });
    let mut zip = Vec::new();
    pack(&folder, &mut zip, &Limits::LAMBDA).unwrap();
    PYTHON.deploy(node, FUNCTION, zip, change).await;
    let ask =
        async |by: &str, url: &str| node.answer(FUNCTION, &json!({ "by": by, "url": url })).await;
    let hello = greets(node).await;
    let all = ["requests", "urllib", "urllib3", "httpx", "httpx_async"];
    for by in all {
        let refused = ask(by, &hello).await;
        assert!(
            refused["message"].as_str().is_some_and(|told| told.contains("grant")),
            "{by}: {refused}"
        );
    }
    let hosts = [format!("http://{}", node.address), aws.1.clone(), secure.clone()];
    node.configure(FUNCTION, json!({ "grants": { "hosts": hosts } })).await;
    let greeting = |name: &str| Value::from(format!("Hello, {name}!"));
    for (by, answer) in [
        ("requests", json!([[200, greeting("A")], [200, greeting("B")]])),
        // Whether there is such a function is told to nobody without a key.
        ("urllib", json!([200, greeting("A"), 401])),
        ("urllib3", json!([200, greeting("World")])),
        ("httpx", json!([greeting("A"), greeting("B")])),
        ("httpx_async", json!([greeting("A"), greeting("B"), greeting("C")])),
    ] {
        assert_eq!(ask(by, &hello).await, json!({ "answer": answer }), "{by}");
    }
    for by in all {
        let refused = ask(by, &secure).await;
        let told = refused["message"].as_str().unwrap_or_default().to_lowercase();
        assert!(told.contains("certificate"), "a certificate that nobody trusts, {by}: {refused}");
    }
    own_apis(node, &ask).await;
    node.configure(FUNCTION, json!({ "grants": { "hosts": hosts } })).await;
    let stored = ask("boto3", &aws.1).await;
    assert_eq!(stored, as_stored());
    photo_desk::check(node, "libraries").await;
}

/// A function with a key of AWS's calls there what its configuration says, and all else at home.
async fn elsewhere(node: &Node, ask: &impl AsyncFn(&str, &str) -> Value) {
    let grants = json!({
        "tables": { "orders": "read-write" }, "buckets": { "photos": "read-write" },
    });
    let aws = json!({ "nowhere": "egress" });
    node.configure(FUNCTION, json!({ "grants": grants, "aws": aws })).await;
    let refused = ask("aws", "").await;
    assert_eq!(refused["answer"]["elsewhere"], "ConnectionClosedError", "no key: {refused}");
    node.has_logged(FUNCTION, "calls nowhere.us-east-1.amazonaws.com at AWS, and has no key").await;
    let key = json!({ "AWS_ACCESS_KEY_ID": "AKIAOWN", "AWS_SECRET_ACCESS_KEY": "own" });
    node.configure(FUNCTION, json!({ "environment": key })).await;
    // The name is asked for, and not there: no grant of the host is missing.
    let answer = ask("aws", "").await;
    let told = &answer["answer"];
    assert_eq!((&told["total"], &told["body"]), (&json!("30.5"), &json!("by its own key")));
    assert!(told["elsewhere"].is_string(), "{answer}");
    node.configure(FUNCTION, json!({ "environment": {}, "aws": {} })).await;
}

/// What boto3 finds of what it has stored.
fn as_stored() -> Value {
    json!({ "answer": {
        "body": "hello", "metadata": { "x": "y" }, "message": "order 1",
        "sizes": { "a/b c.txt": 5, "large": 9 << 20 },
    } })
}

/// boto3 without any configuration is for the node itself, and may do what was granted.
async fn own_apis(node: &Node, ask: &impl AsyncFn(&str, &str) -> Value) {
    let refused = ask("boto3", "own").await;
    let told = refused["message"].as_str().unwrap_or_default();
    assert!(refused["error"] == "AccessDenied", "{refused}");
    assert!(told.contains("lambent grant add libraries bucket:photos=write"), "{refused}");
    let grants = json!({
        "buckets": { "photos": "read-write" }, "queues": { "orders": "read-write" },
    });
    node.configure(FUNCTION, json!({ "grants": grants })).await;
    assert_eq!(ask("boto3", "own").await, as_stored());
    let grants = json!({
        "tables": { "orders": "read-write" }, "secrets": { "prod/*": "read-write" },
        "parameters": { "/app/*": "read-write" }, "functions": ["greets"],
    });
    node.configure(FUNCTION, json!({ "grants": grants })).await;
    let answer = json!({
        "total": "30.5", "secret": "battery staple", "parameters": { "/app/key": "open" },
        "greeting": "Hello, A!", "refused": vec!["AccessDeniedException"; 4],
    });
    assert_eq!(ask("own_services", "").await, json!({ "answer": answer }));
    let answer = ask("extension", "").await;
    let told = &answer["answer"];
    let expected = json!({
        "sealed": true, "parameter": "open", "secret": "battery staple", "previous": "correct horse",
        "version": "battery staple", "refused": told["refused"],
    });
    assert_eq!(*told, expected, "{answer}");
    let refused = |at: usize| (told["refused"][at][0].as_u64(), told["refused"][at][1].to_string());
    assert_eq!(refused(0).0, Some(401), "{answer}");
    let (status, text) = refused(1);
    assert!(status == Some(403) && text.contains("lambent grant add libraries secret:test/db"));
    let (status, text) = refused(2);
    assert!(status == Some(400) && text.contains("ParameterNotFound"), "{text}");
    elsewhere(node, ask).await;
    let object = json_of(node, &["object", "head", "photos", "large"]).await;
    assert_eq!(object["size"], 9 << 20, "it is the node's own: {object}");
}
