//! Builds the Python runtime.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use lambent_types::Digest;

use crate::root;

/// Returns the Python runtime, which is built if it is not there for the sources as they are;
/// none, which is said on standard output, where there is no Python to build it.
///
/// # Panics
/// Panics if it does not build.
#[must_use]
pub fn python_runtime() -> Option<PathBuf> {
    static BUILT: OnceLock<Option<PathBuf>> = OnceLock::new();
    BUILT.get_or_init(build).clone()
}

fn build() -> Option<PathBuf> {
    let sources = root().join("runtime/runtimes/python");
    let directory = root().join("target/runtimes/python");
    let path = directory.join(format!("{}.wasm", digest_of(&sources)));
    if !path.exists() {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "--version"]).stdout(Stdio::null());
        if !pip.status().is_ok_and(|status| status.success()) {
            println!("skipped: python3 with pip, which builds the Python runtime, is not here");
            return None;
        }
        let built = Command::new("python3").arg(sources.join("build")).arg(&path).status();
        assert!(built.is_ok_and(|status| status.success()), "see what the build said");
    }
    Some(path)
}

/// A digest of what the component is built from.
fn digest_of(sources: &Path) -> String {
    let parts = ["build", "tools.txt", "embedded.txt", "src"].map(|part| sources.join(part));
    let wit = ["wit/deps", "wit/function", "wit/runtime"].map(|part| root().join(part));
    let mut all = Vec::new();
    for path in parts.iter().chain(&wit).flat_map(|path| files(path)) {
        all.extend(path.to_string_lossy().as_bytes());
        all.extend(std::fs::read(&path).unwrap());
    }
    Digest::of(&all).to_string()
}

/// Returns every file below a path, in order.
///
/// # Panics
/// Panics if they cannot be read.
#[must_use]
pub fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let entries = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    let mut entries: Vec<_> = entries.filter(|path| !path.ends_with("__pycache__")).collect();
    entries.sort();
    entries.iter().flat_map(|path| files(path)).collect()
}
