use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::CliError;

/// The photograph that the demonstration sends.
const PHOTO: &str = "guest-examples/thumbnail/photos/rocket.jpg";

/// A clone of the repository.
pub(super) struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The clone at `given`, else the one around the current directory.
    ///
    /// # Errors
    /// Usage: there is none.
    pub(super) fn find(given: Option<&Path>) -> Result<Self, CliError> {
        let here = env::current_dir()
            .map_err(|error| CliError::failed(format!("no current directory: {error}")))?;
        let start = given.map_or_else(|| here.clone(), |given| here.join(given));
        // A directory that was given has to be the clone itself; otherwise it may be further up.
        let depth = if given.is_some() { 1 } else { usize::MAX };
        let root = start.ancestors().take(depth).find(|directory| is_clone(directory));
        root.map(|root| Self { root: root.to_path_buf() }).ok_or_else(|| {
            let place = start.display();
            CliError::usage(format!("no clone of the Lambent repository at {place}")).hint(
                "quickstart builds the examples from source: run it in a clone,\n\
                 or say where one is: lambent quickstart --source DIR",
            )
        })
    }

    /// Returns the directory of the clone.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Returns a directory for outputs, which are not committed.
    pub(super) fn target(&self, name: &str) -> PathBuf {
        self.root.join("target").join(name)
    }

    /// Returns the path of the thumbnail example's `lambent.toml`.
    pub(super) fn manifest(&self) -> PathBuf {
        self.root.join("guest-examples/thumbnail/lambent.toml")
    }

    /// All photographs of the thumbnail example, by name.
    ///
    /// # Errors
    /// Failed: they cannot be listed.
    pub(super) fn photos(&self) -> Result<Vec<PathBuf>, CliError> {
        let directory = self.photo().parent().map(Path::to_path_buf).unwrap_or_default();
        let unreadable =
            |error| CliError::failed(format!("cannot list {}: {error}", directory.display()));
        let mut photos = Vec::new();
        for entry in fs::read_dir(&directory).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.extension().is_some_and(|ending| ending == "jpg") {
                photos.push(path);
            }
        }
        photos.sort();
        Ok(photos)
    }

    /// The photograph that is sent over HTTP.
    pub(super) fn photo(&self) -> PathBuf {
        self.root.join(PHOTO)
    }
}

fn is_clone(directory: &Path) -> bool {
    directory.join("Cargo.toml").is_file() && directory.join(PHOTO).is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_is_found_by_its_examples() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        assert!(Workspace::find(Some(root)).is_err());
        std::fs::create_dir_all(root.join(PHOTO).parent().unwrap()).unwrap();
        std::fs::write(root.join("Cargo.toml"), "").unwrap();
        std::fs::write(root.join(PHOTO), "").unwrap();
        assert_eq!(Workspace::find(Some(root)).unwrap().root(), root);
        assert!(Workspace::find(Some(&root.join("guest-examples"))).is_err());
        std::fs::write(root.join(PHOTO).with_file_name("README.md"), "").unwrap();
        assert_eq!(Workspace::find(Some(root)).unwrap().photos().unwrap(), [root.join(PHOTO)]);
    }
}
