//! The samples of AWS's events are what programs in Rust expect: AWS's own library reads them.

use std::io::Write as _;
use std::process::{Command, Stdio};

use lambent_test_support::root;
use serde_json::Value;

use crate::node::{lambent, run};

fn printed(arguments: &[&str]) -> Value {
    let done = run(lambent(arguments));
    assert_eq!(done.code, Some(0), "{done:?}");
    serde_json::from_str(&done.stdout).unwrap()
}

/// What is read of each sample, and of what is changed of some.
fn samples() -> Vec<(String, Value)> {
    let all = printed(&["event", "list", "--json"]);
    let names = all["events"].as_array().unwrap().iter().map(|event| &event["name"]);
    let names = names.filter_map(Value::as_str).filter(|name| name.starts_with("aws:"));
    let mut samples: Vec<_> =
        names.map(|name| (name.to_owned(), printed(&["event", "show", name]))).collect();
    for (name, set) in [
        ("aws:s3", "event=ObjectRemoved:Delete"),
        ("aws:dynamodb", "event=INSERT"),
        ("aws:dynamodb", "event=REMOVE"),
        ("aws:apigw2", "query=a=1&b=2"),
        ("aws:apigw1", "body={}"),
        ("aws:alb", "method=POST"),
    ] {
        samples.push((name.to_owned(), printed(&["event", "show", name, "--set", set])));
    }
    samples
}

#[test]
fn samples_are_what_programs_in_rust_expect() {
    let folder = root().join("tests/lambda/event-samples");
    let target = root().join("target/event-samples");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--target-dir"])
        .arg(&target)
        .current_dir(&folder)
        .status();
    assert!(built.unwrap().success(), "event-samples does not build");
    let samples = samples();
    assert!(samples.len() > 20, "{}", samples.len());
    let mut reader = Command::new(target.join("debug/event-samples"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = reader.stdin.take().unwrap();
    for (name, payload) in &samples {
        writeln!(input, "{name} {payload}").unwrap();
    }
    drop(input);
    let read = reader.wait_with_output().unwrap();
    let read = String::from_utf8(read.stdout).unwrap();
    let expected: String = samples.iter().map(|(name, _)| format!("{name} ok\n")).collect();
    assert_eq!(read, expected);
}
