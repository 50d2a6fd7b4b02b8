//! The files of a project, and putting them where there is nothing yet.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::commands::apply::{File, MANIFEST};
use crate::error::CliError;

/// A project that is not written yet.
pub(super) struct Project {
    /// Its files, each by its path below the project's folder.
    pub(super) files: Vec<(PathBuf, Vec<u8>)>,
}

impl Project {
    /// Checks that it has a `lambent.toml` that can be read.
    ///
    /// # Errors
    /// Usage: it has none, or what is wrong with it.
    pub(super) fn check(&self) -> Result<(), CliError> {
        let manifest = self.files.iter().find(|(path, _)| path.as_os_str() == MANIFEST);
        let Some((_, text)) = manifest else {
            return Err(CliError::usage(format!("it has no {MANIFEST}"))
                .hint(format!("a template is a folder with a {MANIFEST}")));
        };
        File::check(MANIFEST, &String::from_utf8_lossy(text))
    }

    /// Writes it to a folder, which appears as a whole.
    ///
    /// # Errors
    /// Usage: there is something already. Failed: it cannot be written; then nothing is left.
    pub(super) fn write(&self, folder: &Path) -> Result<(), CliError> {
        free(folder)?;
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let new = folder.with_file_name(format!(".{name}.new-{}", std::process::id()));
        let new = Scratch::make(new)?;
        for (path, content) in &self.files {
            put(&new.0.join(path), content)?;
        }
        // In the place of nothing or of an empty folder, in one step.
        fs::rename(&new.0, folder).map_err(|error| match error.kind() {
            io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotADirectory => taken(folder),
            _ => unwritten(folder, &error),
        })
    }
}

/// Checks that a folder is not there, or is empty.
///
/// # Errors
/// Usage: there is something.
pub(super) fn free(folder: &Path) -> Result<(), CliError> {
    match fs::read_dir(folder).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => match folder.symlink_metadata() {
            // A link to nothing.
            Ok(_) => Err(taken(folder)),
            Err(_) => Ok(()),
        },
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Err(unwritten(folder, &error))
        }
        _ => Err(taken(folder)),
    }
}

fn taken(folder: &Path) -> CliError {
    CliError::usage(format!("{} is there already, and not empty", folder.display()))
        .hint("give another name; nothing was changed")
}

fn put(path: &Path, content: &[u8]) -> Result<(), CliError> {
    let write = || {
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        let mut file = fs::File::create_new(path)?;
        file.write_all(content)?;
        // A program that the system runs by its first line.
        if content.starts_with(b"#!") {
            file.set_permissions(fs::Permissions::from_mode(0o755))?;
        }
        Ok(())
    };
    write().map_err(|error| unwritten(path, &error))
}

fn unwritten(path: &Path, error: &io::Error) -> CliError {
    CliError::failed(format!("cannot write {}: {error}", path.display()))
}

/// A folder that is deleted with all that is in it, unless it was moved away.
struct Scratch(PathBuf);

impl Scratch {
    fn make(path: PathBuf) -> Result<Self, CliError> {
        fs::create_dir(&path).map_err(|error| unwritten(&path, &error))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(files: &[(&str, &str)]) -> Project {
        let files = files.iter().map(|(path, text)| (path.into(), text.as_bytes().to_vec()));
        Project { files: files.collect() }
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_project_appears_whole_or_not_at_all() {
        let place = tempfile::tempdir().unwrap();
        let made = project(&[("lambent.toml", "name = \"x\""), ("src/a b.rs", "")]);
        made.check().unwrap();
        made.write(&place.path().join("x")).unwrap();
        assert!(place.path().join("x/src/a b.rs").is_file());
        // In an empty folder, too.
        fs::create_dir(place.path().join("y")).unwrap();
        made.write(&place.path().join("y")).unwrap();
        // One that cannot be written leaves nothing.
        let broken = project(&[("a", ""), ("a/b", "")]);
        assert!(broken.write(&place.path().join("z")).is_err());
        let mut left = names(place.path());
        left.sort();
        assert_eq!(left, ["x", "y"]);
    }

    #[test]
    fn nothing_is_written_over() {
        let place = tempfile::tempdir().unwrap();
        let made = project(&[("lambent.toml", "")]);
        fs::create_dir(place.path().join("full")).unwrap();
        fs::write(place.path().join("full/.hidden"), "").unwrap();
        fs::write(place.path().join("file"), "").unwrap();
        std::os::unix::fs::symlink("nowhere", place.path().join("link")).unwrap();
        for name in ["full", "file", "link"] {
            let error = made.write(&place.path().join(name)).unwrap_err().to_string();
            assert!(error.contains("is there already"), "{name}: {error}");
        }
        assert_eq!(names(&place.path().join("full")), [".hidden"]);
        assert_eq!(names(place.path()).len(), 3);
        assert!(made.write(&place.path().join("no/where")).is_err());
    }

    #[test]
    fn a_project_has_a_manifest_that_can_be_read() {
        let none = project(&[("README.md", "")]).check().unwrap_err().to_string();
        assert!(none.contains("no lambent.toml"), "{none}");
        let wrong = project(&[("lambent.toml", "[function.x]")]).check().unwrap_err().to_string();
        assert!(wrong.contains("did you mean `functions`?"), "{wrong}");
    }
}
