//! Small programs for the shell.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::error::BuildError;
use crate::output;

/// A word as the shell reads it as itself.
pub(super) fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Writes a program, unless it is there as it is to be.
///
/// # Errors
/// It cannot be written.
pub(super) fn write(path: &Path, program: &str) -> Result<(), BuildError> {
    if fs::read(path).is_ok_and(|there| there == program.as_bytes()) {
        return Ok(());
    }
    output::write(path, program.as_bytes())?;
    fs::set_permissions(path, Permissions::from_mode(0o755)).map_err(BuildError::io("change", path))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn words_of_all_kinds_come_through() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("it's a \"$(program)\"");
        let word = "it's `a` \"$(word)\" \\ ;";
        write(&program, &format!("#!/bin/sh\nprintf %s {} \"$@\"\n", quoted(word))).unwrap();
        let output = Command::new(&program).arg("*").output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{word}*"));
    }
}
