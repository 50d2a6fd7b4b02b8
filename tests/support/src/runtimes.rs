//! Builds runtimes of languages, each by its own `build`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lambent_types::Digest;

use crate::root;

/// Returns the runtime in `runtime/runtimes/<name>`, which is built if it is not there for the
/// `parts` of it as they are; none, which is said on standard output, where there is no Python
/// with pip.
///
/// # Panics
/// Panics if it does not build.
pub(crate) fn build(name: &str, parts: &[&str]) -> Option<PathBuf> {
    let sources = root().join("runtime/runtimes").join(name);
    let directory = root().join("target/runtimes").join(name);
    let path = directory.join(format!("{}.wasm", digest_of(&sources, parts)));
    if !path.exists() {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "--version"]).stdout(Stdio::null());
        if !pip.status().is_ok_and(|status| status.success()) {
            println!("skipped: python3 with pip, which builds the runtime {name}, is not here");
            return None;
        }
        let built = Command::new("python3").arg(sources.join("build")).arg(&path).status();
        assert!(built.is_ok_and(|status| status.success()), "see what the build said");
    }
    Some(path)
}

/// A digest of what a runtime is built from.
fn digest_of(sources: &Path, parts: &[&str]) -> String {
    let parts = parts.iter().map(|part| sources.join(part));
    let wit = ["wit/deps", "wit/function", "wit/runtime"].map(|part| root().join(part));
    let mut all = Vec::new();
    for path in parts.chain(wit).flat_map(|path| files(&path)) {
        all.extend(path.to_string_lossy().as_bytes());
        all.extend(std::fs::read(&path).unwrap());
    }
    Digest::of(&all).to_string()
}

/// Returns every file below a path, in order.
fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let entries = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    let mut entries: Vec<_> = entries.filter(|path| !path.ends_with("__pycache__")).collect();
    entries.sort();
    entries.iter().flat_map(|path| files(path)).collect()
}
