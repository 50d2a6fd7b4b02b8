//! Builds the sources of functions into components.
//!
//! A folder is built by the tools of its language, which are found by what is in it
//! ([`Language::of`]); the project itself is not changed. What comes out is one component, which
//! is deployed with the runtime `provided.al2023`: it takes Lambda's events, by Lambda's Runtime
//! API or by the handler that it exports.

mod cache;
mod error;
mod go;
mod java;
mod language;
pub mod output;
mod rust;
mod tool;

use std::path::{Path, PathBuf};

pub use self::cache::folder as cache;
pub use self::error::BuildError;
pub use self::language::Language;

/// What to build of a folder, and how.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Which of several functions: a binary of Cargo's, a package of Go's such as `./cmd/orders`,
    /// or a handler of Java's such as `example.Orders::handleRequest`.
    pub function: Option<String>,
    /// Where the component is written; by default `.lambent/build/NAME.wasm` in the folder.
    pub output: Option<PathBuf>,
}

/// Is told what is being done, a line at a time.
pub type Report<'r> = &'r mut dyn FnMut(&str);

/// A component that was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// Where it is.
    pub component: PathBuf,
    /// What it was written in.
    pub language: Language,
    /// The runtime that it is deployed with; none if it serves HTTP by itself.
    pub runtime: Option<&'static str>,
}

/// The runtime of what takes Lambda's events, and brings all else itself.
const PROVIDED: &str = "provided.al2023";

/// Builds the function in a folder.
///
/// # Errors
/// There is no function, or there are several; a tool is missing, or it failed; a file cannot be
/// written.
pub fn build(folder: &Path, options: &Options, report: Report<'_>) -> Result<Built, BuildError> {
    let language = Language::of(folder)?;
    let (component, runtime) = match language {
        Language::Rust => (rust::build(folder, options, report)?, Some(PROVIDED)),
        Language::Go => go::build(folder, options, report)?,
        Language::Java => (java::build(folder, options, report)?, Some(PROVIDED)),
    };
    Ok(Built { component, language, runtime })
}
