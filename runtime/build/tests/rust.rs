//! Projects in Rust, built by Cargo: without dependencies where they do not matter, as those take
//! their time.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lambent_build::{Language, Options, build};

/// A program as a component: what is compiled begins so.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// A folder of these files.
fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    // In a folder whose name a careless shell would take apart.
    let folder = tempfile::Builder::new().prefix("it's a $HOME ").tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn package(name: &str, rest: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{rest}")
}

/// Builds; returns the component, or what is wrong, and what was told.
fn built(folder: &Path, function: Option<&str>) -> (Result<PathBuf, String>, String) {
    let options = Options { function: function.map(str::to_owned), output: None };
    let mut told = String::new();
    let built = build(folder, &options, &mut |line| told.push_str(&format!("{line}\n")));
    let built = built.map(|built| {
        assert_eq!(built.language, Language::Rust);
        built.component
    });
    (built.map_err(|error| error.to_string()), told)
}

fn component(folder: &Path, function: Option<&str>) -> PathBuf {
    let (built, told) = built(folder, function);
    let path = built.unwrap_or_else(|error| panic!("{error}\n{told}"));
    assert!(fs::read(&path).unwrap().starts_with(COMPONENT), "{}", path.display());
    path
}

fn error(folder: &Path, function: Option<&str>) -> String {
    built(folder, function).0.unwrap_err()
}

/// Every file of a project but what is in `.lambent`, with what is in it.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() && entry.file_name() != ".lambent" {
            found.extend(files(&path));
        } else if path.is_file() {
            found.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

const MAIN: &str = "fn main() { println!(\"{}\", std::env::args().count()); }";

#[test]
fn a_project_stays_as_it_is_with_a_lock_file_and_without() {
    let folder = project(&[("Cargo.toml", &package("one", "")), ("src/main.rs", MAIN)]);
    let before = files(folder.path());
    let (result, told) = built(folder.path(), None);
    let expected = folder.path().canonicalize().unwrap().join(".lambent/build/one.wasm");
    assert_eq!(result.unwrap(), expected);
    assert!(told.contains("Cargo.lock is missing"), "{told}");
    assert_eq!(files(folder.path()), before);
    // With one that holds.
    let locked = Command::new("cargo").arg("generate-lockfile").current_dir(&folder).status();
    assert!(locked.unwrap().success());
    let before = files(folder.path());
    let (result, told) = built(folder.path(), None);
    result.unwrap();
    assert_eq!((told.as_str(), files(folder.path())), ("", before));
    // And with one that does not: the package has another version.
    let other = package("one", "").replace("0.1.0", "0.2.0");
    fs::write(folder.path().join("Cargo.toml"), other).unwrap();
    let before = files(folder.path());
    let (result, told) = built(folder.path(), None);
    result.unwrap();
    assert!(told.contains("Cargo.lock is not up to date"), "{told}");
    assert_eq!(files(folder.path()), before);
}

#[test]
fn a_project_without_a_lock_file_finds_what_is_beside_it_and_what_was_changed() {
    let outside = project(&[
        ("shared/Cargo.toml", &package("shared", "")),
        ("shared/src/lib.rs", "pub const TEXT: &str = include_str!(\"../text\");"),
        ("shared/text", "a"),
        (
            "app/Cargo.toml",
            &package("app", "[dependencies]\nshared = { path = \"../shared\" }\n[workspace]\n"),
        ),
        ("app/src/main.rs", "fn main() { println!(\"{}\", shared::TEXT) }"),
    ]);
    let app = outside.path().join("app");
    let before = files(outside.path());
    let first = fs::read(component(&app, None)).unwrap();
    assert_eq!(files(outside.path()), before);
    fs::write(app.join("src/main.rs"), "fn main() { println!(\"other\") }").unwrap();
    assert_ne!(fs::read(component(&app, None)).unwrap(), first);
    // A module that is new is found, and one that is gone is not.
    fs::write(app.join("src/main.rs"), "mod more; fn main() { more::tell() }").unwrap();
    fs::write(app.join("src/more.rs"), "pub fn tell() {}").unwrap();
    component(&app, None);
    fs::remove_file(app.join("src/more.rs")).unwrap();
    assert!(error(&app, None).starts_with("cargo build --release"));
}

#[test]
fn one_of_several_functions_is_named() {
    let folder = project(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"orders\", \"more/*\"]\nresolver = \"3\"\n"),
        ("orders/Cargo.toml", &package("orders", "")),
        ("orders/src/bin/take.rs", MAIN),
        ("orders/src/bin/cancel.rs", MAIN),
        ("orders/examples/show.rs", MAIN),
        ("more/a/Cargo.toml", &package("a", "")),
        ("more/a/src/bin/take.rs", MAIN),
        ("more/b/Cargo.toml", &package("b", "")),
        ("more/b/src/lib.rs", ""),
    ]);
    let root = folder.path();
    let told = error(root, None);
    assert!(told.ends_with("name one by --function: a/take, cancel, orders/take"), "{told}");
    assert!(error(root, Some("take")).ends_with("--function: a/take, orders/take"));
    assert!(error(root, Some("show")).contains("no binary show in"));
    component(root, Some("cancel"));
    let link = root.join("a link");
    std::os::unix::fs::symlink(root.join("more/a"), &link).unwrap();
    component(&link, None);
    component(root, Some("a/take"));
    let told = error(&root.join("orders"), None);
    assert!(told.ends_with("--function: cancel, take"), "{told}");
    // In the folder of a member, whose component is put there and which shares what is compiled.
    let take = component(&root.join("orders"), Some("take"));
    assert!(take.ends_with("orders/.lambent/build/take.wasm"), "{}", take.display());
    assert!(!root.join("orders/.lambent/rust").exists());
    assert_eq!(component(&root.join("more/a"), None).file_name().unwrap(), "take.wasm");
    let told = error(&root.join("more/b"), None);
    assert!(told.contains("has no binary: a function is a program whose main"), "{told}");
}

#[test]
fn what_cannot_be_built_is_told_before_cargo_tries() {
    let folder = project(&[("Cargo.toml", "[workspace]\nmembers = [\"*\"]\n")]);
    fs::create_dir(folder.path().join("a")).unwrap();
    fs::write(folder.path().join("a/Cargo.toml"), package("a", "")).unwrap();
    fs::create_dir(folder.path().join("a/src")).unwrap();
    fs::write(folder.path().join("a/src/main.rs"), MAIN).unwrap();
    let told = error(folder.path(), None);
    assert!(told.ends_with("exclude = [\".lambent\"]"), "{told}");
    assert!(!folder.path().join(".lambent").exists());
    let folder = project(&[("Cargo.toml", "[package"), ("src/main.rs", MAIN)]);
    assert!(error(folder.path(), None).starts_with("cargo metadata"));
}

#[test]
fn a_build_that_was_interrupted_is_done_again() {
    let folder = project(&[("Cargo.toml", &package("one", "")), ("src/main.rs", MAIN)]);
    component(folder.path(), None);
    // What an end in the middle can leave: parts of files, and links to nothing.
    let own = folder.path().join(".lambent/rust");
    for file in ["rustc", "config.toml", "workspace/Cargo.toml"] {
        fs::write(own.join(file), "half").unwrap();
    }
    fs::remove_file(own.join("workspace/src")).unwrap();
    std::os::unix::fs::symlink("/nowhere", own.join("workspace/src")).unwrap();
    component(folder.path(), None);
}

#[test]
fn cargo_alone_builds_the_same_by_the_settings_that_are_left() {
    let folder = project(&[("Cargo.toml", &package("one", "")), ("src/main.rs", MAIN)]);
    let root = folder.path();
    let cargo = |arguments: &[&str]| {
        let mut cargo = Command::new("cargo");
        cargo.args(arguments).current_dir(root).env_remove("CARGO_TARGET_DIR");
        let output = cargo.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{said}");
        said
    };
    cargo(&["generate-lockfile"]);
    let built = fs::read(component(root, None)).unwrap();
    let config = ".lambent/rust/config.toml";
    let said = cargo(&["build", "--release", "--config", config]);
    assert!(!said.contains("Compiling"), "{said}");
    // As RUST.md has it.
    fs::create_dir(root.join(".cargo")).unwrap();
    let include = "include = [{ path = \"../.lambent/rust/config.toml\", optional = true }]\n";
    fs::write(root.join(".cargo/config.toml"), include).unwrap();
    let said = cargo(&["build", "--release"]);
    assert!(!said.contains("Compiling"), "{said}");
    assert_eq!(fs::read(component(root, None)).unwrap(), built);
    assert!(!root.join("target").exists());
    // Without them it is a project like any other.
    fs::remove_dir_all(root.join(".lambent")).unwrap();
    assert!(cargo(&["build", "--release"]).contains("Compiling"));
    assert!(root.join("target/release/one").exists());
}

#[test]
fn two_builds_at_once_do_not_disturb_each_other() {
    let folder = project(&[
        ("Cargo.toml", &package("two", "")),
        ("src/bin/a.rs", MAIN),
        ("src/bin/b.rs", MAIN),
    ]);
    std::thread::scope(|scope| {
        let path = folder.path();
        let builds =
            ["a", "b", "a", "b"].map(|name| scope.spawn(move || component(path, Some(name))));
        for build in builds {
            build.join().unwrap();
        }
    });
    let built = fs::read_dir(folder.path().join(".lambent/build")).unwrap().count();
    assert_eq!(built, 2, "and nothing else is left");
}
