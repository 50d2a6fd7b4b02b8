//! Builds the guests that tests and benches run.
//!
//! If something is missing, it panics and says what to do, since it only serves tests.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "only tests use it")]

pub mod callers;
pub mod canned;
pub mod data;
pub mod javascript;
pub mod lambda_rust;
pub mod python;
pub mod ruby;
mod runtimes;
pub mod toolchains;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The guests' target triple.
const TARGET: &str = "wasm32-wasip2";

/// Returns the component of the package `name` in `guest-examples/` or `tests/guests/`.
/// The first call builds all of them, and adds the target to the toolchain if it is
/// missing.
///
/// # Panics
/// Panics if there is no such package, or it does not build.
#[must_use]
pub fn guest(name: &str) -> PathBuf {
    static BUILT: OnceLock<HashMap<String, PathBuf>> = OnceLock::new();
    let built = BUILT.get_or_init(build);
    built.get(name).unwrap_or_else(|| panic!("there is no guest {name:?}")).clone()
}

/// Returns the bytes of [`guest`].
///
/// # Panics
/// Panics as [`guest`] does.
#[must_use]
pub fn guest_bytes(name: &str) -> Vec<u8> {
    std::fs::read(guest(name)).expect("a guest that was just built")
}

/// Returns the root of the repository.
///
/// # Panics
/// Panics if this crate was moved.
#[must_use]
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("tests/support is two levels down").to_owned()
}

fn build() -> HashMap<String, PathBuf> {
    add_target();
    let root = root();
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(&root)
        .args(["build", "--locked", "--target", TARGET, "--profile", "guest"])
        .args(["--message-format", "json-render-diagnostics"])
        .arg("--target-dir")
        .arg(root.join("target/guests"))
        // The variables that cargo sets for tests are not meant for the guests.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .stderr(Stdio::inherit());
    for package in packages(&root) {
        cargo.args(["-p", &package]);
    }
    let output = cargo.output().expect("cargo can be run");
    assert!(output.status.success(), "the guests do not build: {}", output.status);
    artifacts(&String::from_utf8_lossy(&output.stdout))
}

fn add_target() {
    let installed = Command::new("rustup").args(["target", "list", "--installed"]).output();
    // Without rustup, the toolchain has the target already, or cargo says that it is missing.
    let Ok(installed) = installed else { return };
    if !String::from_utf8_lossy(&installed.stdout).lines().any(|line| line == TARGET) {
        let added = Command::new("rustup").args(["target", "add", TARGET]).status();
        assert!(added.is_ok_and(|status| status.success()), "run: rustup target add {TARGET}");
    }
}

fn packages(root: &Path) -> Vec<String> {
    let folders = ["guest-examples", "tests/guests"];
    let manifests = folders.iter().flat_map(|folder| {
        let entries = std::fs::read_dir(root.join(folder)).expect("a folder of guests");
        entries.map(|entry| entry.unwrap().path().join("Cargo.toml"))
    });
    let name = |manifest: PathBuf| {
        let text = std::fs::read_to_string(manifest).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("name = "))?;
        Some(line.trim().trim_matches('"').to_owned())
    };
    manifests.filter_map(name).collect()
}

fn artifacts(messages: &str) -> HashMap<String, PathBuf> {
    let mut found = HashMap::new();
    for message in messages.lines().filter_map(|line| serde_json::from_str(line).ok()) {
        let message: serde_json::Value = message;
        let files = message["filenames"].as_array().into_iter().flatten();
        let wasm = files.filter_map(|file| file.as_str()).find(|file| file.ends_with(".wasm"));
        let package = message["package_id"].as_str().and_then(package_name);
        if let (Some(wasm), Some(package)) = (wasm, package) {
            found.insert(package, PathBuf::from(wasm));
        }
    }
    found
}

/// `path+file:///…/hello-http#0.1.0` or `path+file:///…/probe#guest-probe@0.1.0`.
fn package_name(id: &str) -> Option<String> {
    let (path, fragment) = id.rsplit_once('#')?;
    match fragment.split_once('@') {
        Some((name, _)) => Some(name.to_owned()),
        None => path.rsplit('/').next().map(str::to_owned),
    }
}
