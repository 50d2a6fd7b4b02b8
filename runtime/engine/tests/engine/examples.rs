//! The examples run, and say what they are to say.

use std::process::Command;

use lambent_test_support::root;

/// What an example writes. `cargo test` has built it, unless only this test was asked for.
fn run(name: &str) -> String {
    let built = std::env::current_exe().unwrap();
    let built = built.ancestors().nth(2).unwrap().join("examples").join(name);
    if !built.exists() {
        let mut cargo = Command::new(env!("CARGO"));
        let built = cargo.current_dir(root()).args(["build", "--example", name]).status();
        assert!(built.unwrap().success(), "{name} is built");
    }
    let output = Command::new(built).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {}\n{stderr}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_host_product_on_one_page() {
    let said = run("plugin");
    assert!(said.starts_with("12 of item 1 cost Some(2994) cents\nOk, having used"), "{said}");
}

#[test]
fn a_plugin_that_keeps_carts() {
    let said = run("kept");
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines[..2], ["mine: 2249 cents", "yours: 499 cents"]);
    assert!(lines[3].contains("the state of instance 1 of the plugin is lost"), "{said}");
    assert_eq!(lines[4], "after a restart: instance 2");
}

#[test]
fn a_plugin_that_is_replaced_while_the_host_runs() {
    let told = "told: the state of instance 1 of the plugin is lost: the component was replaced";
    let expected = format!("version 1 counts 1, 2\n{told}\nversion 2 counts 10, 20\n");
    assert_eq!(run("reload"), expected);
}
