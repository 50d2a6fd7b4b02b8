//! SQS, SNS, DynamoDB, CloudWatch Logs, EventBridge Scheduler, IAM, STS, Secrets Manager and Parameter Store as AWS's SDK for
//! Python uses them: the scripts in `aws`,
//! with boto3 as PyPI has it.

use std::process::Command;
use std::sync::Arc;

use lambent_test_support::toolchains::python_packages;
use lambent_test_support::{guest, root};
use serde_json::Value;

use crate::cli::{json, ok};
use crate::installing::web;
use crate::node::{Node, guest_code};

/// The pins of today's boto3.
const BOTO3: &str = "aws-server";
/// The pins of one that spoke to SQS in forms and XML.
const BOTO3_BEFORE_2023: &str = "boto3-query";

/// Runs a script with the packages that these pins name, against a node and with a key. Its last line
/// says that it came to its end.
fn run(script: &str, pins: &str, node: &Node, (key, secret): (&str, &str), more: &[&str]) {
    // Where there is no Python, that is said.
    let Some(packages) = python_packages(pins, &[]) else { return };
    let mut python = Command::new("python3");
    python.arg(root().join("tests/e2e/aws").join(script));
    python.args([&format!("http://{}", node.address), key, secret]).args(more);
    python.env("PYTHONPATH", packages).env("PYTHONDONTWRITEBYTECODE", "1");
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
        python.env_remove(name);
    }
    let ran = python.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success() && out.contains("all of "), "{out}\n{err}\n{}", node.log());
}

/// The id of the root key; its secret the node has.
fn root_key(node: &Node) -> String {
    let key = std::fs::read(node.path("root-key.json")).unwrap();
    let key: Value = serde_json::from_slice(&key).unwrap();
    key["key_id"].as_str().unwrap().to_owned()
}

#[test]
fn boto3_uses_queues_in_production_with_the_root_key() {
    let node = Node::start(&[]);
    run("sqs.py", BOTO3, &node, (&root_key(&node), &node.key), &[]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_publishes_to_topics() {
    let node = Node::start(&["--subscriber-network", "127.0.0.1"]);
    node.deploy("told", "echo-event", "").await;
    let script = tokio::task::spawn_blocking(move || {
        run("sns.py", BOTO3, &node, (&root_key(&node), &node.key), &["told"]);
    });
    script.await.unwrap();
}

#[test]
fn boto3_uses_tables_in_production_and_in_development() {
    let node = Node::start(&[]);
    run("dynamodb.py", BOTO3, &node, (&root_key(&node), &node.key), &[]);
    run("partiql.py", BOTO3, &node, (&root_key(&node), &node.key), &[]);
    run("dynamodb.py", BOTO3, &Node::start(&["--dev"]), ("test", "test"), &[]);
}

#[test]
fn boto3_backs_tables_up() {
    let node = Node::start(&[]);
    run("dynamodb_backups.py", BOTO3, &node, (&root_key(&node), &node.key), &[]);
}

#[test]
fn a_boto3_of_before_2023_uses_queues_in_development() {
    run("sqs.py", BOTO3_BEFORE_2023, &Node::start(&["--dev"]), ("test", "test"), &[]);
}

/// A registry that asks who it is, of which the node knows what `docker login` would have stored.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_makes_functions_of_images_and_for_runtimes_that_come_later() {
    let registry = web(&guest_code("echo-event").await, None).await.to_string();
    guest_code("guest-script-runtime").await;
    let runtime = lambent_test_support::guest("guest-script-runtime");
    let home = tempfile::tempdir().unwrap();
    // me:secret
    let login = serde_json::json!({ "auths": { &registry: { "auth": "bWU6c2VjcmV0" } } });
    std::fs::write(home.path().join("config.json"), login.to_string()).unwrap();
    let (data, home) = (Arc::new(tempfile::tempdir().unwrap()), home.path().to_str().unwrap());
    let node =
        Node::start_with(&data, &["--image-registry", &registry], &[("DOCKER_CONFIG", home)]);
    let secret = node.key.clone();
    let script = move || {
        let more = [registry.as_str(), &secret, runtime.to_str().unwrap()];
        run("images.py", BOTO3, &node, (&root_key(&node), &node.key), &more);
    };
    tokio::task::spawn_blocking(script).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_reads_logs_and_makes_schedules() {
    let node = Node::start(&[]);
    for function in ["logs", "other"] {
        node.deploy(function, "guest-probe", "").await;
    }
    for _ in 0..3 {
        let reply = node.get("logs", "/log?bytes=64").await;
        node.record("logs", reply.header("lambent-request-id")).await;
    }
    node.deploy("scheduled", "echo-event", "").await;
    let scripts = tokio::task::spawn_blocking(move || {
        let key = root_key(&node);
        run("logs.py", BOTO3, &node, (&key, &node.key), &["logs", "3"]);
        run("scheduler.py", BOTO3, &node, (&key, &node.key), &["scheduled"]);
    });
    scripts.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_makes_roles_and_takes_temporary_keys() {
    let node = Node::start(&[]);
    ok(&node, &["namespace", "create", "team"]).await;
    let key = json(&node, &["access-key", "create", "--namespace", "team"]).await;
    let script = tokio::task::spawn_blocking(move || {
        let text = |name: &str| key[name].as_str().unwrap().to_owned();
        let (data, component) = (node.path(""), guest("echo-event"));
        let more = [node.key.as_str(), data.to_str().unwrap(), component.to_str().unwrap()];
        run("iam.py", BOTO3, &node, (&text("id"), &text("secret")), &more);
    });
    script.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_keeps_secrets_and_parameters() {
    let node = Node::start(&[]);
    node.deploy("rotates", "echo-event", "").await;
    node.deploy("fails", "guest-hostile-event", "").await;
    ok(&node, &["namespace", "create", "other"]).await;
    let other = json(&node, &["access-key", "create", "--namespace", "other"]).await;
    let scripts = tokio::task::spawn_blocking(move || {
        let text = |name: &str| other[name].as_str().unwrap().to_owned();
        let (id, secret) = (text("id"), text("secret"));
        let key = (root_key(&node), node.key.clone());
        let key = (key.0.as_str(), key.1.as_str());
        run("secretsmanager.py", BOTO3, &node, key, &["rotates", "fails", &id, &secret]);
        run("parameters.py", BOTO3, &node, key, &[&id, &secret]);
        // The scripts' values have this in them.
        let plain = b"plain-text-of-a-test";
        let log = node.log();
        assert!(!log.as_bytes().windows(plain.len()).any(|part| part == plain), "{log}");
        let found = files(&node.path("")).into_iter().filter(|path| {
            let bytes = std::fs::read(path).unwrap_or_default();
            bytes.windows(plain.len()).any(|part| part == plain)
        });
        assert_eq!(found.collect::<Vec<_>>(), Vec::<std::path::PathBuf>::new());
    });
    scripts.await.unwrap();
}

/// Every file below a directory.
fn files(directory: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
