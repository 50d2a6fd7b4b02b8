//! How files are at a time, and which of them are watched.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use ignore::gitignore::Gitignore;
use ignore::overrides::Override;
use ignore::{DirEntry, WalkBuilder};

use crate::commands::apply::{Tree, Watched};
use crate::error::CliError;
use crate::left::LEFT;

/// What a file is known by: any way of writing it changes one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: (i64, i64),
    length: u64,
    inode: u64,
}

/// What a directory is known by, so that one which was deleted and made again is another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    inode: (u64, u64),
    /// Most systems give the number of one that was deleted to the next.
    made: Option<SystemTime>,
}

impl Identity {
    pub(super) fn of(directory: &Metadata) -> Self {
        let inode = (directory.dev(), directory.ino());
        Self { inode, made: directory.created().ok() }
    }
}

/// How the watched files are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Snapshot {
    files: BTreeMap<PathBuf, Stamp>,
    /// The directories in which a file may appear.
    pub(super) directories: BTreeMap<PathBuf, Identity>,
}

impl Snapshot {
    /// Looks at what is watched.
    ///
    /// # Errors
    /// Usage: a pattern is none.
    pub(super) fn of(watched: &Watched) -> Result<Self, CliError> {
        let mut snapshot = Self::default();
        for path in &watched.files {
            snapshot.add(path);
            snapshot.await_in(path.parent());
        }
        for Tree { root, patterns } in &watched.trees {
            if !patterns.is_empty() && is_below_never(&watched.project, root) {
                continue;
            }
            snapshot.await_in(Some(root));
            let wrong = |error| CliError::usage(format!("watch: {error}"));
            let meant = patterns.matcher(&watched.project).map_err(wrong)?;
            snapshot.walk(root, &meant, &watched.project);
        }
        for root in &watched.given_out {
            snapshot.await_in(Some(root));
            snapshot.take_in(&lambent_package::walk(root));
        }
        for path in &watched.but {
            snapshot.files.retain(|file, _| !file.starts_with(path));
        }
        Ok(snapshot)
    }

    /// Takes in what is meant of a file or a folder of a project.
    fn walk(&mut self, root: &Path, meant: &Override, project: &Path) {
        let ignored = ignored_by(project, root);
        let named = meant.clone();
        let is_out = move |entry: &DirEntry| {
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            is_never(entry)
                || ignored.matched(entry.path(), is_folder).is_ignore()
                    && !named.matched(entry.path(), is_folder).is_whitelist()
        };
        let mut walk = WalkBuilder::new(root);
        walk.parents(false).require_git(false).git_global(false).git_exclude(false).ignore(false);
        walk.overrides(meant.clone())
            .filter_entry(move |entry| entry.depth() == 0 || !is_out(entry));
        self.take_in(&walk);
    }

    /// Takes in all that a walk finds. What is gone meanwhile is seen at the next look.
    fn take_in(&mut self, walk: &WalkBuilder) {
        for entry in walk.build().filter_map(Result::ok) {
            if entry.file_type().is_some_and(|kind| kind.is_dir()) {
                self.enter(entry.path());
            } else {
                self.add(entry.path());
            }
        }
    }

    /// Something may appear in a directory, or else that in the next one above it that is there.
    fn await_in(&mut self, directory: Option<&Path>) {
        let Some(directory) = directory else { return };
        directory.ancestors().any(|directory| self.enter(directory));
    }

    /// Notes a directory; whether it is there.
    fn enter(&mut self, directory: &Path) -> bool {
        let metadata = directory.metadata().ok().filter(Metadata::is_dir);
        let known = metadata.map(|metadata| Identity::of(&metadata));
        known.map(|known| self.directories.insert(directory.to_path_buf(), known)).is_some()
    }

    fn add(&mut self, path: &Path) {
        let Ok(metadata) = path.metadata() else { return };
        let stamp = Stamp {
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            length: metadata.len(),
            inode: metadata.ino(),
        };
        self.files.insert(path.to_path_buf(), stamp);
    }

    /// The files that are other than in an earlier one, there or not.
    pub(super) fn since(&self, earlier: &Self) -> BTreeSet<PathBuf> {
        let differs = |(path, stamp): &(&PathBuf, &Stamp)| earlier.files.get(*path) != Some(*stamp);
        let changed = self.files.iter().filter(differs).map(|(path, _)| path);
        let gone = earlier.files.keys().filter(|path| !self.files.contains_key(*path));
        changed.chain(gone).cloned().collect()
    }
}

/// What the `.gitignore` of a project ignores in a folder below it. If it ignores the folder, that
/// was named all the same and counts.
fn ignored_by(project: &Path, root: &Path) -> Gitignore {
    let below = root.strip_prefix(project).unwrap_or(Path::new(""));
    let is_inside = below.components().all(|part| matches!(part, Component::Normal(_)));
    // The walk of the project's own folder reads it.
    if below.as_os_str().is_empty() || !is_inside {
        return Gitignore::empty();
    }
    // Lines of it that are no patterns are no one's but git's.
    let (ignored, _) = Gitignore::new(project.join(".gitignore"));
    let is_named = ignored.matched_path_or_any_parents(root, true).is_ignore();
    if is_named { Gitignore::empty() } else { ignored }
}

/// Whether a path in a project is in a folder that is never watched.
fn is_below_never(project: &Path, path: &Path) -> bool {
    let below = path.strip_prefix(project).unwrap_or(Path::new(""));
    below.components().any(|part| LEFT.iter().any(|never| part.as_os_str() == *never))
}

/// Whether a builder, a package manager or an editor writes this for itself.
fn is_never(entry: &DirEntry) -> bool {
    let Some(name) = entry.file_name().to_str() else { return false };
    let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
    if is_folder { LEFT.contains(&name) } else { name.ends_with('~') || name == "4913" }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::commands::apply::File;

    fn project(files: &[&str]) -> tempfile::TempDir {
        let project = tempfile::tempdir().unwrap();
        for path in files {
            let path = project.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "1").unwrap();
        }
        project
    }

    fn watched(base: &Path, patterns: &[&str]) -> Watched {
        let file = base.join("lambent.toml");
        let mut text = "[functions.f]\nbuild = \"b\"\ncomponent = \"c.wasm\"\n".to_owned();
        if !patterns.is_empty() {
            text += &format!("watch = {patterns:?}");
        }
        fs::write(&file, text).unwrap();
        File::read(&file).unwrap().watched(&"f".parse().unwrap()).unwrap()
    }

    fn names(base: &Path, snapshot: &Snapshot) -> Vec<String> {
        let below = |path: &PathBuf| path.strip_prefix(base).unwrap().display().to_string();
        snapshot.files.keys().map(below).collect()
    }

    #[test]
    fn of_a_site_that_is_seen_which_is_given_out() {
        let given = ["a.html", ".well-known/b.txt", "node_modules/c.js"];
        let not = [".git/d", ".lambent/dev/e", "lambent.env"];
        let project = project(&[&given[..], &not[..]].concat());
        let given_out = vec![project.path().to_path_buf()];
        let snapshot = Snapshot::of(&Watched { given_out, ..Watched::default() }).unwrap();
        let mut expected = given;
        expected.sort_unstable();
        assert_eq!(names(project.path(), &snapshot), expected);
    }

    const FILES: [&str; 10] = [
        "src/a.rs",
        "src/b/c.rs",
        "index.html",
        "pages/p.html",
        "target/x",
        "node_modules/y",
        ".lambent/z",
        "ignored.txt",
        "a.rs~",
        ".git/config",
    ];

    #[test]
    fn what_is_watched_is_what_people_write() {
        let project = project(&FILES);
        let base = project.path();
        fs::write(base.join(".gitignore"), "ignored.txt\n").unwrap();
        let of = |patterns: &[&str]| names(base, &Snapshot::of(&watched(base, patterns)).unwrap());
        assert_eq!(of(&[]), ["index.html", "pages/p.html", "src/a.rs", "src/b/c.rs"]);
        assert_eq!(of(&["src"]), ["src/a.rs", "src/b/c.rs"]);
        assert_eq!(of(&["./src/b/"]), ["src/b/c.rs"]);
        assert_eq!(of(&["*.html"]), ["index.html", "pages/p.html"]);
        // What is named is watched, also if it is ignored; what builds write never is.
        assert_eq!(of(&["ignored.txt", "target"]), ["ignored.txt"]);
    }

    #[test]
    fn what_the_project_ignores_is_not_watched_in_folders_below_it() {
        let project = project(&["src/a.rs", "src/b.log", "src/gen/x", "gen/y", "other/z"]);
        let base = project.path();
        fs::write(base.join(".gitignore"), "*.log\ngen/\n").unwrap();
        let of = |patterns: &[&str]| Snapshot::of(&watched(base, patterns)).unwrap();
        // What a pattern names counts all the same.
        assert_eq!(names(base, &of(&["src"])), ["src/a.rs", "src/b.log", "src/gen/x"]);
        assert_eq!(names(base, &of(&["src/*.rs", "gen/*"])), ["gen/y", "src/a.rs"]);
        let directories = of(&["src/*.rs"]).directories.into_keys().collect::<Vec<_>>();
        assert_eq!(directories, [base.join("src")], "it looks nowhere else");
        let file = base.join("lambent.toml");
        let source = |folder: &str| {
            fs::write(&file, format!("[functions.f]\nsource = {folder:?}")).unwrap();
            let watched = File::read(&file).unwrap().watched(&"f".parse().unwrap()).unwrap();
            names(&base.canonicalize().unwrap(), &Snapshot::of(&watched).unwrap())
        };
        assert_eq!(source("src"), ["src/a.rs"]);
        assert_eq!(source("."), ["other/z", "src/a.rs"], "an edit of the file builds nothing");
        assert_eq!(source("gen"), ["gen/y"]);
    }

    #[test]
    fn every_way_of_writing_is_seen() {
        let project = project(&["a", "b", "c", "d"]);
        let base = project.path();
        let watched = watched(base, &[]);
        let before = Snapshot::of(&watched).unwrap();
        // By a file that takes its place, with as many bytes; by deleting and making it.
        fs::write(base.join("new~"), "2").unwrap();
        fs::rename(base.join("new~"), base.join("a")).unwrap();
        fs::remove_file(base.join("b")).unwrap();
        fs::remove_file(base.join("c")).unwrap();
        fs::write(base.join("c"), "22").unwrap();
        fs::create_dir(base.join("new")).unwrap();
        fs::write(base.join("new/e"), "1").unwrap();
        let after = Snapshot::of(&watched).unwrap();
        let changed = after.since(&before);
        let expected = ["a", "b", "c", "new/e"].map(|name| base.join(name));
        assert_eq!(changed, expected.into());
        assert!(after.directories.contains_key(&base.join("new")));
        assert!(after.since(&after).is_empty());
    }

    #[test]
    fn what_is_not_there_yet_is_awaited_where_its_folder_will_be() {
        let project = project(&["a"]);
        let base = project.path();
        let missing = base.join("missing/deep/file");
        let watched = watched(base, &["none/src", missing.to_str().unwrap()]);
        let directories = || Snapshot::of(&watched).unwrap().directories.into_keys();
        assert_eq!(directories().collect::<Vec<_>>(), [base]);
        fs::create_dir_all(base.join("none/src/b")).unwrap();
        fs::create_dir(base.join("missing")).unwrap();
        let expected = ["missing", "none/src", "none/src/b"].map(|name| base.join(name));
        assert_eq!(directories().collect::<Vec<_>>(), expected);
    }
}
