//! S3's clients, unmodified, against a node in production: boto3, the AWS CLI and AWS's SDK for
//! JavaScript. The scripts in `aws/` say what they are to see.

use std::path::Path;
use std::process::{Command, Output};

use lambent_api::kinds::Keyspace;
use lambent_test_support::root;
use lambent_test_support::toolchains::{is_here, npm_packages, python_packages};

use serde_json::json;

use crate::node::Node;

/// An access key of the namespace, its id and its secret.
async fn access_key(node: &Node) -> (String, String) {
    let ask = node.ask("POST", "/v1/access-keys").key(&node.key);
    let created = ask.header("content-type", "application/json").body("{}").send().await;
    assert!(matches!(created.status, 200 | 201), "{created:?}");
    let created = created.json();
    let text = |name: &str| created[name].as_str().unwrap().to_owned();
    (text("id"), text("secret"))
}

/// A program with a node's endpoint and a key of its namespace in its environment, and no other
/// configuration of AWS's tools.
fn with_key(program: &Path, node: &Node, (id, secret): &(String, String)) -> Command {
    let mut command = Command::new(program);
    let home = node.path("");
    command
        .env("AWS_ENDPOINT_URL", format!("http://{}", node.address))
        .env("AWS_ACCESS_KEY_ID", id)
        .env("AWS_SECRET_ACCESS_KEY", secret)
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", home.join("no-config"))
        .env("AWS_SHARED_CREDENTIALS_FILE", home.join("no-credentials"));
    command
}

async fn run(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn check(output: &Output, node: &Node) {
    let told = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{told}\n{}", node.log());
}

fn python(node: &Node, key: &(String, String), packages: &Path) -> Command {
    let mut python = with_key(Path::new("python3"), node, key);
    python.env("PYTHONPATH", packages).env("PYTHONDONTWRITEBYTECODE", "1");
    python
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_and_the_command_line_work_with_buckets() {
    let Some(packages) = python_packages("aws-clients", &[]) else { return };
    let node = Node::start(&[]);
    let key = access_key(&node).await;
    let mut script = python(&node, &key, &packages);
    script.arg(root().join("tests/e2e/aws/s3.py"));
    check(&run(script).await, &node);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_works_with_versions() {
    let Some(packages) = python_packages("aws-clients", &[]) else { return };
    let node = Node::start(&[]);
    let key = access_key(&node).await;
    let mut script = python(&node, &key, &packages);
    script.arg(root().join("tests/e2e/aws/s3_versions.py"));
    check(&run(script).await, &node);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sdk_for_javascript_works_with_buckets() {
    if !is_here("node", &["--version"]) {
        return;
    }
    let Some(packages) = npm_packages("aws-sdk-js") else { return };
    let node = Node::start(&[]);
    let key = access_key(&node).await;
    // Node looks for packages beside the script.
    let script = packages.join("s3.mjs");
    std::fs::copy(root().join("tests/e2e/aws/s3.mjs"), &script).unwrap();
    let mut command = with_key(Path::new("node"), &node, &key);
    command.arg(script);
    check(&run(command).await, &node);
}

/// What a node that was killed had acknowledged is there, and an upload goes on where it was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_goes_on_after_a_crash() {
    across_a_crash("s3_crash.py").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_are_there_after_a_crash() {
    across_a_crash("s3_versions.py").await;
}

/// Runs a script before and after the end of a node that is killed.
async fn across_a_crash(script: &str) {
    let Some(packages) = python_packages("aws-clients", &[]) else { return };
    let node = Node::start(&[]);
    let key = access_key(&node).await;
    let script = root().join("tests/e2e/aws").join(script);
    let mut before = python(&node, &key, &packages);
    before.arg(&script).arg("before");
    let told = run(before).await;
    check(&told, &node);
    node.kill();
    let node = Node::start_in(&node.data(), &[]);
    let mut after = python(&node, &key, &packages);
    after.arg(&script).arg("after").arg(String::from_utf8(told.stdout).unwrap().trim());
    check(&run(after).await, &node);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_are_told_of_changes() {
    let Some(packages) = python_packages("aws-clients", &[]) else { return };
    let node = Node::start(&[]);
    let key = access_key(&node).await;
    node.create::<Keyspace>("seen", ()).await;
    let grants = json!({ "grants": { "keyspaces": { "seen": "read-write" } } });
    node.deploy_with("recorder", "guest-recorder", grants).await;
    let script = root().join("tests/e2e/aws/s3_notifications.py");
    let mut set = python(&node, &key, &packages);
    set.arg(script);
    check(&run(set).await, &node);
    let mut seen: Vec<(String, String)> = node
        .keys("seen", "", 2)
        .await
        .iter()
        .map(|event| (event["type"].to_string(), event["subject"].to_string()))
        .collect();
    seen.sort();
    let event = |kind: &str| (format!("\"lambent.object.{kind}.v1\""), "\"in/a b.txt\"".to_owned());
    assert_eq!(seen, [event("created"), event("deleted")]);
}
