//! Whether the compiler can compile functions.

use std::path::{Path, PathBuf};

use super::TARGET;
use crate::error::BuildError;
use crate::tool::Tool;

const RUSTC: Tool = Tool {
    name: "rustc",
    purpose: "compiles functions in Rust",
    install: "curl --proto =https -sSf https://sh.rustup.rs | sh",
};

/// Checks that the compiler has the target, as it is chosen in the folder of the project.
///
/// # Errors
/// It does not have it, or there is no compiler.
pub(super) fn check(folder: &Path) -> Result<(), BuildError> {
    let mut print = RUSTC.command();
    print.current_dir(folder).args(["--print", "target-libdir", "--target", TARGET]);
    let libraries = RUSTC.read(&mut print)?;
    let libraries = PathBuf::from(String::from_utf8_lossy(&libraries).trim());
    if libraries.is_dir() {
        return Ok(());
    }
    Err(BuildError::MissingTool {
        tool: "the target wasm32-wasip2 of Rust",
        purpose: "functions are compiled for",
        install: "rustup target add wasm32-wasip2",
    })
}
