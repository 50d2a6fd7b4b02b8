use std::fmt;
use std::path::Path;

use crate::error::BuildError;

/// A language whose functions are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// A package of Cargo's.
    Rust,
    /// A module of Go's.
    Go,
    /// A project of Maven's, in Java or Kotlin.
    Java,
}

/// The file that says what a folder holds.
const MANIFESTS: [(&str, Language); 3] =
    [("Cargo.toml", Language::Rust), ("go.mod", Language::Go), ("pom.xml", Language::Java)];

impl Language {
    /// What the function in a folder is written in.
    ///
    /// # Errors
    /// The folder has none of the files that would say, or several of them.
    pub fn of(folder: &Path) -> Result<Self, BuildError> {
        let mut found = MANIFESTS.iter().filter(|(file, _)| folder.join(file).is_file());
        match (found.next(), found.next()) {
            (Some((_, language)), None) => Ok(*language),
            (Some((first, _)), Some((second, _))) => {
                Err(BuildError::TwoLanguages { folder: folder.to_owned(), first, second })
            }
            (None, _) => Err(BuildError::NoFunction { folder: folder.to_owned() }),
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rust => "Rust",
            Self::Go => "Go",
            Self::Java => "Java",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_known_by_the_one_manifest_in_it() {
        for (file, language) in MANIFESTS {
            let folder = tempfile::tempdir().unwrap();
            let none = Language::of(folder.path()).unwrap_err().to_string();
            assert!(none.contains("no Cargo.toml, go.mod or pom.xml"), "{none}");
            std::fs::write(folder.path().join(file), "").unwrap();
            assert_eq!(Language::of(folder.path()).unwrap(), language);
            for (other, _) in MANIFESTS {
                std::fs::write(folder.path().join(other), "").unwrap();
            }
            let several = Language::of(folder.path()).unwrap_err().to_string();
            assert!(several.contains("Cargo.toml and a go.mod"), "{several}");
        }
    }
}
