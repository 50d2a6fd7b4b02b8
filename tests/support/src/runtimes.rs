//! Builds runtimes of languages, by `runtime/runtimes/build`, which builds none twice.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::root;

/// Returns the runtime in `runtime/runtimes/<folder>`, which is built if it is not there for its
/// sources as they are; none, which is said on standard output, where what builds it is missing.
///
/// # Panics
/// Panics if it does not build.
pub(crate) fn build(folder: &str) -> Option<PathBuf> {
    let mut python = Command::new("python3");
    python.arg(root().join("runtime/runtimes/build")).arg(folder).stderr(Stdio::inherit());
    let Ok(done) = python.output() else {
        println!("skipped: python3, which builds the runtime {folder}, is not here");
        return None;
    };
    assert!(done.status.success(), "see what the build said");
    let result: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    if let Some(reason) = result["skipped"].as_str() {
        println!("skipped: the runtime {folder} is not built here: {reason}");
        return None;
    }
    let component = result["component"].as_str();
    Some(component.unwrap_or_else(|| panic!("{folder}: {result}")).into())
}
