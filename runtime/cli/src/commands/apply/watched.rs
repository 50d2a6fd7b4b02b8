//! The files whose changes make a function another.

use std::fs;
use std::path::PathBuf;

use lambent_types::FunctionName;

use super::MANIFEST;
use super::code::Code;
use super::file::File;
use super::patterns::Patterns;
use super::surroundings;
use crate::error::CliError;

/// What is watched.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watched {
    /// Files, whatever may be ignored.
    pub(crate) files: Vec<PathBuf>,
    /// Folders with what is in them.
    pub(crate) trees: Vec<Tree>,
    /// Folders that sites give out: what is packed of a folder counts, whatever Git ignores.
    pub(crate) given_out: Vec<PathBuf>,
    /// What is left out of them.
    pub(crate) but: Vec<PathBuf>,
    /// The folder whose `.gitignore` counts in all below it.
    pub(crate) project: PathBuf,
}

/// A file or a folder of which some is watched.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    pub(crate) root: PathBuf,
    pub(crate) patterns: Patterns,
}

impl Tree {
    fn whole(root: PathBuf) -> Self {
        Self { root, patterns: Patterns::default() }
    }
}

impl File {
    /// The file itself, the variables beside it, and the files of its sites.
    pub(crate) fn watched_itself(&self) -> Watched {
        let files = [MANIFEST, surroundings::FILE].map(|name| self.base().join(name));
        let given_out = self.site_folders().map(|folder| self.base().join(folder)).collect();
        Watched { files: files.into(), given_out, ..Watched::default() }
    }

    /// What is watched for a function.
    ///
    /// # Errors
    /// Usage: it has none of this name.
    pub(crate) fn watched(&self, name: &FunctionName) -> Result<Watched, CliError> {
        let function = self.function(name)?;
        let project = self.base();
        let code = project.join(function.code.path());
        let mut watched = Watched { project, ..Watched::default() };
        match (&function.watch, &function.code, &function.build) {
            (Some(given), _, _) => watched.add(given),
            (None, _, Some(_)) => watched.trees.push(Tree::whole(watched.project.clone())),
            (None, Code::File(_), None) if !code.is_dir() => watched.files.push(code),
            (None, _, None) => watched.trees.push(Tree::whole(code)),
        }
        // What of the file itself is a change of a function is found by reading it.
        watched.but = self.watched_itself().files;
        if function.watch.is_some() || function.build.is_some() {
            // What one function's build writes is no change of another.
            let outputs = self.functions().filter(|(_, other)| other.build.is_some());
            let outputs = outputs.map(|(_, other)| watched.project.join(other.code.path()));
            watched.but.extend(outputs);
        }
        Ok(watched)
    }

    /// Its directory, by the path that the system knows it by.
    fn base(&self) -> PathBuf {
        fs::canonicalize(self.directory()).unwrap_or_else(|_| self.directory().to_path_buf())
    }
}

impl Watched {
    /// With what a function says is to be watched.
    fn add(&mut self, given: &Patterns) {
        let (inside, outside) = given.split();
        if !inside.is_empty() {
            let roots = inside.roots(&self.project).into_iter();
            self.trees.extend(roots.map(|root| Tree { root, patterns: inside.clone() }));
        }
        for path in outside {
            let path = self.project.join(path);
            if path.is_dir() {
                self.trees.push(Tree::whole(path));
            } else {
                self.files.push(path);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::file::tests::file;
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
        let outputs = ["lambent.toml", "lambent.env", "out/a.wasm", "c.wasm"];
        let outputs = outputs.map(|path| base.join(path)).to_vec();
        assert_eq!((&built.trees[0].root, &built.but), (&base, &outputs));
        assert_eq!((&written.trees[0].root, written.files.len()), (&base.join("w"), 0));
        assert_eq!((there.trees.len(), &there.files), (0, &vec![base.join("target/b.wasm")]));
        let roots: Vec<_> = said.trees.iter().map(|tree| tree.root.clone()).collect();
        assert_eq!(roots, [base.clone(), base.join("../shared")]);
        assert!(!said.trees[0].patterns.is_empty() && said.trees[1].patterns.is_empty());
        assert_eq!(said.files, [PathBuf::from("/etc/hosts")]);
        assert_eq!(file.watched_itself().files[1], base.join("lambent.env"));
    }
}
