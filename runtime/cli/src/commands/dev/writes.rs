//! What the build of a function writes among what is watched, as its builds show it.

use std::collections::BTreeSet;
use std::path::PathBuf;

/// The builds in a row that the same files cause and change again, and nothing else does, after
/// which it is the build that writes them. Somebody may save a file again while it is built.
const BUILDS: usize = 3;

/// What is known of the builds of one function.
#[derive(Debug, Default)]
pub(super) struct Writes {
    /// What has changed since the last build.
    causes: BTreeSet<PathBuf>,
    /// What caused the last builds and changed in each of them, and how many those were.
    suspects: BTreeSet<PathBuf>,
    builds: usize,
    left_out: BTreeSet<PathBuf>,
}

impl Writes {
    /// Whether a file is not to be taken for a cause.
    pub(super) fn is_left_out(&self, path: &PathBuf) -> bool {
        self.left_out.contains(path)
    }

    /// These have changed, and are a cause of the next build.
    pub(super) fn cause(&mut self, changed: BTreeSet<PathBuf>) {
        self.causes.extend(changed);
    }

    /// A build is over, in which these have changed; returns what is left out from now on.
    pub(super) fn built(&mut self, during: BTreeSet<PathBuf>) -> Option<BTreeSet<PathBuf>> {
        let causes = std::mem::take(&mut self.causes);
        if during.is_empty() || during != causes {
            (self.suspects, self.builds) = (BTreeSet::new(), 0);
            return None;
        }
        if self.suspects != during {
            (self.suspects, self.builds) = (during, 0);
        }
        self.builds += 1;
        if self.builds < BUILDS {
            return None;
        }
        let written = std::mem::take(&mut self.suspects);
        self.left_out.extend(written.iter().cloned());
        Some(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(names: &[&str]) -> BTreeSet<PathBuf> {
        names.iter().map(PathBuf::from).collect()
    }

    /// A build that these files cause and in which those change.
    fn build(writes: &mut Writes, causes: &[&str], during: &[&str]) -> Option<BTreeSet<PathBuf>> {
        writes.cause(paths(causes));
        writes.built(paths(during))
    }

    #[test]
    fn a_file_that_is_saved_again_in_a_build_is_still_watched() {
        let mut writes = Writes::default();
        for _ in 0..10 {
            assert_eq!(build(&mut writes, &["a"], &["a"]), None);
            assert_eq!(build(&mut writes, &["a"], &["a"]), None);
            assert_eq!(build(&mut writes, &["a"], &[]), None);
            assert_eq!(build(&mut writes, &["a"], &["a"]), None);
            assert_eq!(build(&mut writes, &["a", "b"], &["a"]), None);
            assert_eq!(build(&mut writes, &["a"], &["a"]), None);
            assert_eq!(build(&mut writes, &["b"], &["b"]), None);
        }
        assert!(!writes.is_left_out(&PathBuf::from("a")));
        // What caused a build is no cause of the next one.
        assert_eq!(build(&mut writes, &[], &["b"]), None);
        assert_eq!(build(&mut writes, &[], &["b"]), None);
    }

    #[test]
    fn what_every_build_in_a_row_changes_is_left_out() {
        let mut writes = Writes::default();
        assert_eq!(build(&mut writes, &["a", "b", "mine"], &["a", "b"]), None);
        for _ in 1..BUILDS {
            assert_eq!(build(&mut writes, &["a", "b"], &["a", "b"]), None);
        }
        assert_eq!(build(&mut writes, &["a", "b"], &["a", "b"]), Some(paths(&["a", "b"])));
        assert!(writes.is_left_out(&PathBuf::from("b")));
        assert!(!writes.is_left_out(&PathBuf::from("mine")));
    }
}
