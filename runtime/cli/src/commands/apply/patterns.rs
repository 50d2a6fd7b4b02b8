//! The paths and patterns of what is watched for a function.

use std::path::{Component, Path, PathBuf};

use ignore::overrides::{Override, OverrideBuilder};
use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// Patterns as `.gitignore` has them, each of which is one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Patterns(Vec<String>);

impl<'de> Deserialize<'de> for Patterns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let patterns = Self(Vec::deserialize(deserializer)?);
        let checked = patterns.matcher(Path::new("/"));
        checked.map_err(|error| D::Error::custom(format!("a pattern is wrong: {error}")))?;
        Ok(patterns)
    }
}

impl Patterns {
    /// Those of them that are below the folder that they are relative to, and the paths that
    /// are not.
    pub(super) fn split(&self) -> (Self, Vec<&str>) {
        let is_outside = |path: &str| path.starts_with("../") || path.starts_with('/');
        let inside = self.0.iter().filter(|path| !is_outside(path)).cloned().collect();
        let outside = self.0.iter().map(String::as_str).filter(|path| is_outside(path));
        (Self(inside), outside.collect())
    }

    /// Whether there are none, which means all.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What decides of the paths below a folder whether they are meant.
    ///
    /// # Errors
    /// One of them is none; not after they were read from a file.
    pub(crate) fn matcher(&self, folder: &Path) -> Result<Override, ignore::Error> {
        let mut matcher = OverrideBuilder::new(folder);
        for pattern in &self.0 {
            let pattern = normal(pattern);
            // A folder with all that is in it.
            matcher.add(pattern)?.add(&format!("{pattern}/**"))?;
        }
        matcher.build()
    }

    /// The files and folders below a folder in which all is that is meant.
    pub(super) fn roots(&self, folder: &Path) -> Vec<PathBuf> {
        let wanted = self.0.iter().filter(|pattern| !pattern.starts_with('!'));
        let mut roots: Vec<_> = wanted.map(|pattern| plain(folder, normal(pattern))).collect();
        if roots.is_empty() {
            roots.push(folder.to_path_buf());
        }
        roots.sort();
        // Those below another come after it.
        roots.dedup_by(|root, before| root.starts_with(before));
        roots
    }
}

fn normal(pattern: &str) -> &str {
    pattern.trim_start_matches("./").trim_end_matches('/')
}

/// The folder in which all is that a pattern means, or the path that it is.
fn plain(folder: &Path, pattern: &str) -> PathBuf {
    let is_special =
        |part: &Component| part.as_os_str().to_string_lossy().contains(['*', '?', '[', '{', '\\']);
    let parts = Path::new(pattern).components().take_while(|part| !is_special(part));
    folder.components().chain(parts).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folders_of_patterns_are_those_that_they_begin_with() {
        let roots = |patterns: &[&str]| {
            let patterns = Patterns(patterns.iter().map(|text| (*text).to_owned()).collect());
            let roots = patterns.roots(Path::new("/p")).into_iter();
            roots.map(|path| path.display().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(roots(&["src/", "./Cargo.toml"]), ["/p/Cargo.toml", "/p/src"]);
        assert_eq!(roots(&["src", "src/a", "srcs/*.b", "!src/c"]), ["/p/src", "/p/srcs"]);
        assert_eq!(roots(&["*.html", "src"]), ["/p"]);
        assert_eq!(roots(&["a/b/**/c"]), ["/p/a/b"]);
        assert_eq!(roots(&["!target"]), ["/p"]);
    }
}
