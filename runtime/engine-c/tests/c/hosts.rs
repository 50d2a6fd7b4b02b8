//! The examples run.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::{here, library};

/// The discount of the engine's first example.
const PLUGIN: &str = include_str!("../../../engine/examples/discount.wat");

fn plugin() -> (TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("discount.wasm");
    std::fs::write(&path, wat::parse_str(PLUGIN).unwrap()).unwrap();
    (folder, path)
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{stderr}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output();
    let found = found.is_ok_and(|output| output.status.success());
    if !found {
        println!("skipped, as this machine has no {program}");
    }
    found
}

#[test]
fn a_host_in_c() {
    if !has("cc") {
        return;
    }
    let (folder, wasm) = plugin();
    let library = library();
    let (program, deps) = (folder.path().join("host"), library.parent().unwrap());
    let mut cc = Command::new("cc");
    cc.args(["-Wall", "-Wextra", "-Werror", "-std=c11"]).arg(here().join("examples/plugin.c"));
    cc.arg("-I").arg(here().join("include")).arg(&library).arg("-o").arg(&program);
    run(cc.arg(format!("-Wl,-rpath,{}", deps.display())));
    let said = run(Command::new(&program).arg(&wasm));
    let lines: Vec<_> = said.lines().collect();
    assert!(lines[0].contains(r#"{"name":"count","type":"u32"}"#), "{said}");
    let expected = [
        (1, r#""value":2994"#),
        (2, "takes 2 arguments"),
        (3, r#"{"kind":"host-error","message":"there is no such item"}"#),
        (4, r#""code":"state-lost""#),
        (5, r#""generation":2"#),
        (5, r#""value":500"#),
    ];
    for (line, part) in expected {
        assert!(lines[line].contains(part), "line {line}: {said}");
    }
}

#[test]
fn a_host_in_python() {
    if !has("python3") {
        return;
    }
    let (_folder, wasm) = plugin();
    let script: &Path = &here().join("examples/plugin.py");
    let said = run(Command::new("python3").arg(script).arg(library()).arg(&wasm));
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines[0], "12 of item 1 cost 2994");
    assert!(lines[1].contains("host-error") && lines[1].contains("IndexError"), "{said}");
    assert_eq!(lines[2..], ["then: state-lost", "2 of item 0 cost 500 in instance 2"]);
}
