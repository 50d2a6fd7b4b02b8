//! `lambent build`, `up` and `apply` of a folder with a `lambent.toml`.

use std::fs;
use std::process::Command;

use lambent_test_support::guest;
use tempfile::TempDir;

use crate::cli::{at, json};
use crate::node::{Done, Node, run};

/// A folder with a `lambent.toml`, and the commands in it.
pub(crate) struct Project(pub(crate) TempDir);

impl Project {
    /// One with a component that its builds copy.
    fn new(text: &str) -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        fs::copy(guest("hello-http"), project.0.path().join("hello.wasm")).unwrap();
        project.write("lambent.toml", text);
        project
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    fn command(&self, node: &Node, arguments: &[&str]) -> Command {
        let mut command = at(node, arguments);
        command.current_dir(self.0.path());
        command
    }

    fn run(&self, node: &Node, arguments: &[&str]) -> Done {
        let command = self.command(node, arguments);
        tokio::task::block_in_place(|| run(command))
    }

    /// Runs a command that succeeds.
    pub(crate) fn succeeds(&self, node: &Node, arguments: &[&str]) -> Done {
        let done = self.run(node, arguments);
        assert_eq!(done.code, Some(0), "{done:?}");
        done
    }
}

const FILE: &str = r#"
[functions.hello]
build = "echo built; echo x >> log; cp hello.wasm out.wasm"
component = "out.wasm"
public = true
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn up_builds_and_applies_and_apply_does_not_build() {
    let node = Node::start(&[]);
    let project = Project::new(FILE);
    let done = project.run(&node, &["apply", "--yes"]);
    assert!(done.code == Some(2) && done.stderr.contains("does not exist"), "{done:?}");
    let done = project.run(&node, &["up"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    for line in ["created function hello", "/fn/hello/"] {
        assert!(done.stdout.contains(line), "{line}: {done:?}");
    }
    assert!(done.stderr.contains("built"), "what a build says is passed on: {done:?}");
    assert_eq!(node.get("hello", "/").await.status, 200);
    let done = project.run(&node, &["up"]);
    assert!(done.stdout.contains("nothing to do: all 1"), "{done:?}");
    let done = project.run(&node, &["build", "--json"]);
    let built: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(built["built"][0]["function"], "hello");
    assert_eq!(fs::read_to_string(project.0.path().join("log")).unwrap(), "x\nx\nx\n");
    let done = project.run(&node, &["build", "hallo"]);
    assert!(done.code == Some(2) && done.stderr.contains("it has hello"), "{done:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_build_that_fails_says_how_and_changes_nothing() {
    let node = Node::start(&[]);
    let project = Project::new(&FILE.replace("cp hello.wasm", "exit 7; cp hello.wasm"));
    let done = project.run(&node, &["up"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.contains("ended with exit code 7"), "{done:?}");
    assert_eq!(json(&node, &["list"]).await["functions"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn variables_come_from_where_it_is_applied_and_those_of_others_stay() {
    let node = Node::start(&[]);
    let variables = r#"environment = { A = "a", B = { from = "env", name = "OTHER" }, C = { value = "${c}" } }"#;
    let project = Project::new(&format!("{FILE}{variables}\n"));
    let done = project.run(&node, &["up"]);
    assert_eq!(done.code, Some(2), "{done:?}");
    for told in ["lambent.toml:6:", "no variable OTHER", "lambent.env"] {
        assert!(done.stderr.contains(told), "{told}: {done:?}");
    }
    project.write("lambent.env", "# not committed\nOTHER=of the file\n");
    assert_eq!(project.run(&node, &["up"]).code, Some(0));
    let environment = async || {
        json(&node, &["describe", "hello", "--show-values"]).await["configuration"]["environment"]
            .clone()
    };
    let expected = serde_json::json!({ "A": "a", "B": "of the file", "C": "${c}" });
    assert_eq!(environment().await, expected);
    // The environment goes before the file.
    let mut up = project.command(&node, &["up"]);
    up.env("OTHER", "of the environment");
    let done = tokio::task::block_in_place(|| run(up));
    assert!(!done.stdout.contains("of the"), "no value is shown: {done:?}");
    assert_eq!(environment().await["B"], "of the environment");

    let set = ["configure", "hello", "--env", "A=a", "--env", "MINE=1"];
    assert_eq!(project.run(&node, &set).code, Some(0));
    let done = project.run(&node, &["apply", "--yes"]);
    assert!(done.stdout.contains("that the file does not name stay: hello MINE"), "{done:?}");
    assert_eq!(environment().await["MINE"], "1");
    assert_eq!(project.run(&node, &["apply", "--yes", "--prune-environment"]).code, Some(0));
    assert_eq!(environment().await, expected);

    project.write("lambent.toml", &format!("{FILE}environment = {{ A = \"${{HOME}}\" }}\n"));
    let done = project.run(&node, &["up"]);
    assert!(
        done.code == Some(2)
            && done.stderr.contains("write A = { from = \"env\", name = \"HOME\" }"),
        "{done:?}"
    );
}
