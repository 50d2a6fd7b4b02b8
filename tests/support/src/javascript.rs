//! Builds the JavaScript runtime.

use std::path::PathBuf;
use std::sync::OnceLock;

use crate::runtimes::build;

/// Returns the JavaScript runtime, which is built if it is not there for the sources as they
/// are; none, which is said on standard output, where there is no Python to build it.
///
/// # Panics
/// Panics if it does not build.
#[must_use]
pub fn javascript_runtime() -> Option<PathBuf> {
    static BUILT: OnceLock<Option<PathBuf>> = OnceLock::new();
    BUILT.get_or_init(|| build("js")).clone()
}
