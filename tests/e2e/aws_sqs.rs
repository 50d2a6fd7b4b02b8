//! SQS as AWS's SDK for Python uses it: `aws/sqs.py`, with boto3 as PyPI has it.

use std::process::Command;

use lambent_test_support::root;
use lambent_test_support::toolchains::python_packages;
use serde_json::Value;

use crate::node::Node;

/// Runs the script with the packages that these pins name, against a node and with a key.
fn run(pins: &str, node: &Node, key: &str, secret: &str) {
    // Where there is no Python, that is said.
    let Some(packages) = python_packages(pins, &[]) else { return };
    let mut python = Command::new("python3");
    python.arg(root().join("tests/e2e/aws/sqs.py"));
    python.args([&format!("http://{}", node.address), key, secret]);
    python.env("PYTHONPATH", packages).env("PYTHONDONTWRITEBYTECODE", "1");
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
        python.env_remove(name);
    }
    let ran = python.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{out}\n{err}");
    assert!(out.contains("all of SQS"), "{out}");
}

#[test]
fn boto3_uses_queues_in_production_with_the_root_key() {
    let node = Node::start(&[]);
    let key: Value =
        serde_json::from_slice(&std::fs::read(node.path("root-key.json")).unwrap()).unwrap();
    run("aws-server", &node, key["key_id"].as_str().unwrap(), &node.key);
}

#[test]
fn a_boto3_of_before_2023_uses_queues_in_development() {
    run("boto3-query", &Node::start(&["--dev"]), "test", "test");
}
