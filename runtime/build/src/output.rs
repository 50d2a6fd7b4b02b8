//! Where what is built is put.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::BuildError;

/// The folder of a project in which everything is that is made here, which version control
/// is told to leave out.
const FOLDER: &str = ".lambent";

/// Makes `.lambent/NAME` in the folder of a project.
///
/// # Errors
/// It cannot be made.
pub fn folder(project: &Path, name: &str) -> Result<PathBuf, BuildError> {
    let made = project.join(FOLDER).join(name);
    fs::create_dir_all(&made).map_err(BuildError::io("make", &made))?;
    let ignored = project.join(FOLDER).join(".gitignore");
    if !ignored.exists() {
        fs::write(&ignored, "*\n").map_err(BuildError::io("write", &ignored))?;
    }
    Ok(made)
}

/// Writes a file as a whole: what was there before stays until the new one is complete.
///
/// # Errors
/// It cannot be written.
pub fn write(path: &Path, content: &[u8]) -> Result<(), BuildError> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(BuildError::io("make", parent))?;
    }
    // Another name for each, so that two builds at once do not take each other's.
    static WRITTEN: AtomicU64 = AtomicU64::new(0);
    let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
    let mut new = path.as_os_str().to_owned();
    new.push(format!(".{}.{number}", std::process::id()));
    fs::write(&new, content).map_err(BuildError::io("write", path))?;
    fs::rename(&new, path).map_err(BuildError::io("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_is_left_out_of_version_control() {
        let project = tempfile::tempdir().unwrap();
        let made = folder(project.path(), "build").unwrap();
        assert_eq!(made, project.path().join(".lambent/build"));
        let ignored = fs::read_to_string(project.path().join(".lambent/.gitignore")).unwrap();
        assert_eq!(ignored, "*\n");
        write(&made.join("a/b.wasm"), b"1").unwrap();
        write(&made.join("a/b.wasm"), b"2").unwrap();
        assert_eq!(fs::read(made.join("a/b.wasm")).unwrap(), b"2");
        assert_eq!(fs::read_dir(made.join("a")).unwrap().count(), 1, "nothing else is left");
    }
}
