//! What is made once for a machine and not for each project.

use std::env;
use std::path::PathBuf;

use crate::error::BuildError;

/// The folder for what is made once: `LAMBENT_CACHE`, or else `lambent` in the user's cache.
///
/// # Errors
/// Neither `LAMBENT_CACHE`, nor `XDG_CACHE_HOME`, nor `HOME` says where.
pub fn folder() -> Result<PathBuf, BuildError> {
    let of = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    of("LAMBENT_CACHE")
        .or_else(|| of("XDG_CACHE_HOME").map(|cache| cache.join("lambent")))
        .or_else(|| of("HOME").map(|home| home.join(".cache").join("lambent")))
        .ok_or_else(|| BuildError::Project("HOME is not set; set LAMBENT_CACHE to a folder for what is made once for all projects".to_owned()))
}
