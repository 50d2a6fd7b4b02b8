//! Projects in Go as they come, built by the Go that is installed.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lambent_build::{BuildError, Built, Options, build};
use tempfile::TempDir;

const MAIN: &str = r#"package main

import "github.com/aws/aws-lambda-go/lambda"

func main() { lambda.Start(func() (string, error) { return "hello", nil }) }
"#;

/// A project of these files beside the `go.mod` and `go.sum` of an example; none, which is said on
/// standard output, where there is no Go.
fn project(files: &[(&str, &str)]) -> Option<TempDir> {
    let here = Command::new("go").arg("version").stdout(Stdio::null()).status();
    if !here.is_ok_and(|status| status.success()) {
        println!("skipped: go does not run here");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    copy_module(folder.path());
    write(folder.path(), files);
    Some(folder)
}

fn copy_module(to: &Path) {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/lambda/go/queue");
    for name in ["go.mod", "go.sum"] {
        fs::copy(example.join(name), to.join(name)).unwrap();
    }
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

fn made(folder: &Path, function: Option<&str>) -> Result<(Built, Vec<String>), BuildError> {
    let options = Options { function: function.map(str::to_owned), output: None };
    let mut told = Vec::new();
    let built = build(folder, &options, &mut |line| told.push(line.to_owned()))?;
    Ok((built, told))
}

fn refused(folder: &Path, function: Option<&str>) -> String {
    made(folder, function).unwrap_err().to_string()
}

fn go(folder: &Path, arguments: &[&str]) {
    let status = Command::new("go").args(arguments).current_dir(folder).status().unwrap();
    assert!(status.success(), "go {arguments:?}");
}

/// Whether a file is a component, which exports the handler and what is done once.
fn is_function(component: &Path) -> bool {
    let bytes = fs::read(component).unwrap();
    let has = |name: &str| bytes.windows(name.len()).any(|window| window == name.as_bytes());
    bytes.starts_with(b"\0asm\x0d\0\x01\0")
        && has("lambent:function/handler@0.1.0")
        && has("lambent:runtime/initialization@0.1.0")
}

#[test]
fn a_second_build_makes_nothing_anew() {
    let Some(folder) = project(&[("main.go", MAIN)]) else { return };
    let (built, told) = made(folder.path(), None).unwrap();
    assert!(is_function(&built.component));
    assert_eq!(built.component.file_name().unwrap(), "queue.wasm", "as its module is named");
    assert_eq!(told.len(), 2, "{told:?}");
    let modified = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
    let before = modified(&built.component);
    let (again, told) = made(folder.path(), None).unwrap();
    assert_eq!((&again, modified(&again.component)), (&built, before));
    assert_eq!(told.len(), 1, "{told:?}");
    // Whatever was left half done is done again.
    fs::write(&built.component, "half").unwrap();
    assert!(is_function(&made(folder.path(), None).unwrap().0.component));
    fs::remove_dir_all(folder.path().join(".lambent/go")).unwrap();
    assert!(is_function(&made(folder.path(), None).unwrap().0.component));
    // Another source makes another component.
    let before = fs::read(&built.component).unwrap();
    fs::write(folder.path().join("main.go"), MAIN.replace("hello", "other")).unwrap();
    let (again, _) = made(folder.path(), None).unwrap();
    assert_ne!(fs::read(again.component).unwrap(), before);
}

#[test]
fn one_of_several_functions_is_named() {
    let files =
        [("cmd/a/main.go", MAIN), ("cmd/b/v2/main.go", MAIN), ("lib/lib.go", "package lib")];
    let Some(folder) = project(&files) else { return };
    let folder = folder.path();
    let several = refused(folder, None);
    assert!(
        several.contains("2 functions") && several.contains("./cmd/a, ./cmd/b/v2"),
        "{several}"
    );
    let (built, _) = made(folder, Some("./cmd/a")).unwrap();
    assert!(is_function(&built.component));
    assert!(built.component.ends_with(".lambent/build/a.wasm"));
    let (built, _) = made(folder, Some("./cmd/b/v2")).unwrap();
    assert!(built.component.ends_with(".lambent/build/b.wasm"), "{built:?}");
    let library = refused(folder, Some("./lib"));
    assert!(library.contains("is the package lib"), "{library}");
    let all = refused(folder, Some("./..."));
    assert!(all.contains("names 3 packages"), "{all}");
    let option = refused(folder, Some("-toolexec=x"));
    assert!(option.contains("no package of Go's"), "{option}");
    let none = refused(folder, Some("./nowhere"));
    assert!(none.contains("nowhere"), "{none}");
    // Where there is but one, it need not be named.
    fs::remove_dir_all(folder.join("cmd/b")).unwrap();
    assert!(made(folder, None).is_ok());
}

#[test]
fn what_is_no_function_is_told() {
    let without = "package main\n\nfunc main() {}\n";
    let Some(folder) = project(&[("main.go", without)]) else { return };
    let folder = folder.path();
    let command = refused(folder, None);
    assert!(command.contains("does not import github.com/aws/aws-lambda-go/lambda"), "{command}");
    assert!(command.contains("nor net/http"), "{command}");
    write(folder, &[("main.go", "package other\n")]);
    let library = refused(folder, None);
    assert!(library.contains("there is no package main"), "{library}");
    write(folder, &[("main.go", "package main\n\nfunc main() { nothing() }\n")]);
    assert!(refused(folder, None).contains("does not import"));
    write(folder, &[("main.go", &MAIN.replace("lambda.Start", "lambda.Begin"))]);
    assert!(refused(folder, None).contains("go build failed"));
    // A package of which nothing is left without C.
    write(
        folder,
        &[
            ("c/c.go", "package c\n\nimport \"C\"\n"),
            ("main.go", &MAIN.replace("import ", "import _ \"example.com/queue/c\"\nimport ")),
        ],
    );
    let excluded = refused(folder, None);
    assert!(excluded.contains("example.com/queue/c has nothing that builds for"), "{excluded}");
    // A package that builds only for other systems.
    let elsewhere = "package c\n\nimport \"syscall\"\n\nvar X = syscall.Setrlimit\n";
    write(folder, &[("c/c.go", elsewhere)]);
    let broken = refused(folder, None);
    assert!(broken.contains("the package example.com/queue/c does not build for"), "{broken}");
}

#[test]
fn odd_places_are_no_obstacle() {
    let Some(outer) = project(&[]) else { return };
    // Spaces and more in the name of the folder, and a larger module around the function's own.
    let inner = outer.path().join("a folder, \"quoted\" = ü");
    fs::create_dir(&inner).unwrap();
    copy_module(&inner);
    write(&inner, &[("main.go", MAIN)]);
    let (built, _) = made(&inner, None).unwrap();
    assert!(is_function(&built.component));
    // A workspace around it.
    let work = outer.path().join("work");
    let modules = [("function/main.go", MAIN), ("other/go.mod", "module example.com/other\n")];
    write(&work, &modules);
    copy_module(&work.join("function"));
    go(&work, &["work", "init", "./function", "./other"]);
    let before = fs::read(work.join("go.work")).unwrap();
    let (built, _) = made(&work.join("function"), None).unwrap();
    assert!(is_function(&built.component));
    assert_eq!(fs::read(work.join("go.work")).unwrap(), before);
}

#[test]
fn modules_that_the_project_carries_are_used() {
    let Some(folder) = project(&[("main.go", MAIN)]) else { return };
    let folder = folder.path();
    go(folder, &["mod", "vendor"]);
    let library = folder.join("vendor/github.com/aws/aws-lambda-go/lambda");
    let files = |folder: &Path| -> Vec<PathBuf> {
        let mut files: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    };
    let before = files(&library);
    let (built, _) = made(folder, None).unwrap();
    assert!(is_function(&built.component));
    assert_eq!(files(&library), before);
    // A copy of the library in a folder.
    let copy = folder.join("own");
    fs::rename(folder.join("vendor/github.com/aws/aws-lambda-go"), &copy).unwrap();
    fs::remove_dir_all(folder.join("vendor")).unwrap();
    fs::write(copy.join("go.mod"), "module github.com/aws/aws-lambda-go\n").unwrap();
    go(folder, &["mod", "edit", "-replace=github.com/aws/aws-lambda-go=./own"]);
    let (built, _) = made(folder, None).unwrap();
    assert!(is_function(&built.component));
}

#[test]
fn a_program_that_serves_needs_no_runtime() {
    let serves = "package main\n\nimport \"net/http\"\n\nfunc main() { http.ListenAndServe(\":80\", nil) }\n";
    let Some(folder) = project(&[("main.go", serves)]) else { return };
    let (built, _) = made(folder.path(), None).unwrap();
    assert_eq!(built.runtime, None);
    let bytes = fs::read(&built.component).unwrap();
    let has = |name: &str| bytes.windows(name.len()).any(|window| window == name.as_bytes());
    assert!(has("wasi:http/incoming-handler@0.2") && !has("lambent:function/handler@0.1.0"));
    write(folder.path(), &[("main.go", MAIN)]);
    assert_eq!(made(folder.path(), None).unwrap().0.runtime, Some("provided.al2023"));
}

#[test]
fn two_builds_at_once_make_the_same() {
    let Some(folder) = project(&[("main.go", MAIN)]) else { return };
    let build = || made(folder.path(), None).map(|(built, _)| fs::read(built.component).unwrap());
    let (first, second) = std::thread::scope(|scope| {
        let both = [scope.spawn(build), scope.spawn(build)];
        let [first, second] = both.map(|build| build.join().unwrap().unwrap());
        (first, second)
    });
    assert!(!first.is_empty() && first == second);
}
