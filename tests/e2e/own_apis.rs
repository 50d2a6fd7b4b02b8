//! Functions reach the AWS APIs of their own node as functions on AWS reach AWS: with no configuration, and
//! with what their grants allow.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use lambent_aws::Status;
use lambent_test_support::root;
use lambent_test_support::toolchains::python_packages;
use lambent_types::function_credentials::{ACCESS_KEY, SECRET, SESSION_TOKEN};
use serde_json::{Value, json};

use crate::cli::{self, ok};
use crate::node::Node;
use crate::packages::{PYTHON, package};
use crate::python::with_python;

/// Sends requests as they are, and tells how each was answered.
const SENDS: &str = r#"
import base64, http.client, urllib.parse

def lambda_handler(event, context):
    answers = []
    for request in event["requests"]:
        url = urllib.parse.urlsplit(request["url"])
        kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        connection = kind(url.netloc, timeout=20)
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        try:
            connection.request(request["method"], target, base64.b64decode(request["body"]), request["headers"])
            answer = connection.getresponse()
            answers.append([request["operation"], answer.status, answer.read(400).decode()])
        except OSError as error:
            answers.append([request["operation"], 0, str(error)])
        finally:
            connection.close()
    return answers
"#;
/// What a function may ask whatever it was granted, since it learns nothing of the node by it: who it is, and what is
/// the same for all. A batch is refused one by one.
const OPEN: [&str; 5] = [
    "sts GetCallerIdentity",
    "dynamodb DescribeEndpoints",
    "dynamodb DescribeLimits",
    "dynamodb BatchExecuteStatement",
    "secretsmanager BatchGetSecretValue",
];

/// A request for every operation that is served, as an SDK in a function would send it.
fn requests(packages: &Path) -> Value {
    let served = lambent_aws::operations().filter(|(.., status)| *status != Status::NotServed);
    let lines: String =
        served.map(|(service, operation, _)| format!("{service} {operation}\n")).collect();
    let mut python = Command::new("python3");
    python.arg(root().join("tests/e2e/aws/own_requests.py")).args([
        ACCESS_KEY,
        SECRET,
        SESSION_TOKEN,
    ]);
    python.env("PYTHONPATH", packages).env("PYTHONDONTWRITEBYTECODE", "1");
    let mut child = python.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success());
    serde_json::from_slice(&done.stdout).unwrap()
}

/// All that a namespace has.
async fn everything(node: &Node) -> Vec<Value> {
    let mut all = Vec::new();
    for kind in
        ["bucket", "queue", "keyspace", "trigger", "schedule", "access-key", "layer", "site"]
    {
        all.push(cli::json(node, &[kind, "list"]).await);
    }
    all.push(cli::json(node, &["list"]).await);
    all.push(cli::json(node, &["object", "list", "photos"]).await);
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_without_grants_may_do_nothing_by_any_operation() {
    let packages = tokio::task::spawn_blocking(|| python_packages("aws-server", &[])).await;
    let (Some(packages), Some(node)) = (packages.unwrap(), with_python().await) else { return };
    let requests = tokio::task::spawn_blocking(move || requests(&packages)).await.unwrap();
    let count = requests.as_array().unwrap().len();
    assert!(count > 150, "{count}");
    ok(&node, &["bucket", "create", "photos"]).await;
    ok(&node, &["queue", "create", "orders"]).await;
    node.deploy("other", "echo-event", "").await;
    PYTHON.deploy(&node, "sends", package(&[("lambda_function.py", SENDS)]), json!({})).await;
    let before = everything(&node).await;
    let answers = node.answer("sends", &json!({ "requests": requests })).await;
    let (mut refused, mut allowed) = (0, Vec::new());
    for answer in answers.as_array().unwrap_or_else(|| panic!("{answers}")) {
        let (operation, status) = (answer[0].as_str().unwrap(), answer[1].as_u64().unwrap());
        let told = answer[2].as_str().unwrap();
        if OPEN.contains(&operation) {
            assert_eq!(status, 200, "{answer}");
            continue;
        }
        if !(400..500).contains(&status) && status != 501 {
            allowed.push(answer);
        }
        refused += usize::from(status == 403 || told.contains("AccessDenied"));
    }
    assert!(allowed.is_empty(), "{allowed:#?}");
    // The others are wrong in themselves, as what was made up for them.
    assert!(refused * 10 > count * 7, "{refused} of {count}: {answers:#}");
    assert_eq!(everything(&node).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_of_functions_opens_nothing_from_elsewhere() {
    let packages = tokio::task::spawn_blocking(|| python_packages("aws-server", &[])).await;
    let (Some(packages), Some(node)) = (packages.unwrap(), with_python().await) else { return };
    let requests = tokio::task::spawn_blocking(move || requests(&packages)).await.unwrap();
    for request in requests.as_array().unwrap() {
        let (method, url) = (request["method"].as_str().unwrap(), request["url"].as_str().unwrap());
        let (host, target) = url.trim_start_matches("https://").split_once('/').unwrap();
        let mut ask = node.ask(method, &format!("/{target}")).header("host", host);
        for (name, value) in request["headers"].as_object().unwrap() {
            if !["content-length", "transfer-encoding"].contains(&name.to_lowercase().as_str()) {
                ask = ask.header(name, value.as_str().unwrap());
            }
        }
        let reply = ask.send().await;
        let told = reply.text();
        let unknown = ["security token", "InvalidToken", "AccessDenied"];
        let is_refused = [400, 403].contains(&reply.status);
        assert!(
            is_refused && (method == "HEAD" || unknown.iter().any(|known| told.contains(known))),
            "{request}: {told}"
        );
    }
}
