//! The files whose changes make a function another.

use std::fs;
use std::path::{Path, PathBuf};

use lambent_types::FunctionName;

use super::MANIFEST;
use super::code::Code;
use super::surroundings;
use super::wanted::File;
use crate::error::CliError;

/// What is watched.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watched {
    /// Files, whatever may be ignored.
    pub(crate) files: Vec<PathBuf>,
    /// Folders with what is in them.
    pub(crate) trees: Vec<Tree>,
    /// What is left out of them.
    pub(crate) but: Vec<PathBuf>,
}

/// A folder of which some is watched.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    pub(crate) folder: PathBuf,
    /// Patterns as `.gitignore` has them; all if there are none.
    pub(crate) patterns: Vec<String>,
}

impl Tree {
    fn whole(folder: PathBuf) -> Self {
        Self { folder, patterns: Vec::new() }
    }
}

impl File {
    /// The file itself, and the variables beside it.
    pub(crate) fn watched_itself(&self) -> Watched {
        let files = [MANIFEST, surroundings::FILE].map(|name| self.base().join(name));
        Watched { files: files.into(), ..Watched::default() }
    }

    /// What is watched for a function.
    ///
    /// # Errors
    /// Usage: it has none of this name.
    pub(crate) fn watched(&self, name: &FunctionName) -> Result<Watched, CliError> {
        let function = self.function(name)?;
        let base = self.base();
        let code = base.join(function.code.path());
        // What one function's build writes is no change of another.
        let outputs = self.functions().filter(|(_, other)| other.build.is_some());
        let but = outputs.map(|(_, other)| base.join(other.code.path())).collect();
        if let Some(given) = &function.watch {
            return Ok(Watched { but, ..Watched::of(&base, given) });
        }
        let tree = |folder| Watched { trees: vec![Tree::whole(folder)], ..Watched::default() };
        Ok(match (&function.code, &function.build) {
            (_, Some(_)) => Watched { but, ..tree(base) },
            (Code::Source(_), None) => tree(code),
            (Code::File(_), None) if code.is_dir() => tree(code),
            (Code::File(_), None) => Watched { files: vec![code], ..Watched::default() },
        })
    }

    /// Its directory, by the path that the system knows it by.
    fn base(&self) -> PathBuf {
        fs::canonicalize(self.directory()).unwrap_or_else(|_| self.directory().to_path_buf())
    }
}

impl Watched {
    /// What a function says is to be watched.
    fn of(base: &Path, given: &[String]) -> Self {
        let (outside, inside): (Vec<_>, Vec<_>) =
            given.iter().partition(|path| path.starts_with("../") || path.starts_with('/'));
        let mut watched = Self::default();
        if !inside.is_empty() {
            let patterns = inside.into_iter().cloned().collect();
            watched.trees.push(Tree { folder: base.to_path_buf(), patterns });
        }
        for path in outside {
            let path = base.join(path);
            if path.is_dir() {
                watched.trees.push(Tree::whole(path));
            } else {
                watched.files.push(path);
            }
        }
        watched
    }
}

#[cfg(test)]
mod tests {
    use super::super::wanted::tests::file;
    use super::*;

    const TEXT: &str = r#"
        [functions.built]
        build = "make"
        component = "out/a.wasm"
        [functions.written]
        source = "w"
        runtime = "js"
        [functions.there]
        component = "target/b.wasm"
        [functions.said]
        build = "make"
        component = "c.wasm"
        watch = ["src", "*.html", "../shared", "/etc/hosts"]
    "#;

    #[test]
    fn what_is_watched_follows_from_how_a_function_is_made() {
        let project = tempfile::tempdir().unwrap();
        let base = project.path().join("p").join("q");
        fs::create_dir_all(&base).unwrap();
        fs::create_dir(project.path().join("p/shared")).unwrap();
        let base = base.canonicalize().unwrap();
        let file = file(TEXT, &base).unwrap();
        let of = |name: &str| file.watched(&name.parse().unwrap()).unwrap();
        let (built, written, there, said) = (of("built"), of("written"), of("there"), of("said"));
        let outputs = vec![base.join("out/a.wasm"), base.join("c.wasm")];
        assert_eq!((&built.trees[0].folder, &built.but), (&base, &outputs));
        assert_eq!((&written.trees[0].folder, written.files.len()), (&base.join("w"), 0));
        assert_eq!((there.trees.len(), &there.files), (0, &vec![base.join("target/b.wasm")]));
        assert_eq!(said.trees[0].patterns, ["src", "*.html"]);
        assert_eq!(said.trees[1].folder, base.join("../shared"));
        assert_eq!(said.files, [PathBuf::from("/etc/hosts")]);
        assert_eq!(file.watched_itself().files[1], base.join("lambent.env"));
    }
}
