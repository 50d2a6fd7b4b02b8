//! The system's word that files may have changed. What has is found by looking: a word may come
//! twice, late, or for what nobody asked for, and one of many may be lost.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::mpsc::Sender;

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::event::Event;
use super::snapshot::Identity;

/// Watches directories, and nothing in those below them: the system has only so many watches, and
/// what builds write is no one's business.
pub(super) struct Watcher {
    system: Option<RecommendedWatcher>,
    directories: BTreeMap<PathBuf, Identity>,
}

impl Watcher {
    /// One that watches nothing yet and sends [`Event::Changed`].
    pub(super) fn start(events: Sender<Event>) -> Self {
        let told = move |event: notify::Result<notify::Event>| {
            // An error says that some were lost.
            let reads = event.is_ok_and(|event| is_reading(event.kind));
            if !reads {
                // Nobody listens any more at the end.
                let _ = events.send(Event::Changed);
            }
        };
        Self { system: notify::recommended_watcher(told).ok(), directories: BTreeMap::new() }
    }

    /// Watches these and no others; returns whether some of them were not watched before, in which
    /// something may have changed unseen.
    pub(super) fn watch(&mut self, wanted: &BTreeMap<PathBuf, Identity>) -> bool {
        let Some(system) = &mut self.system else { return false };
        let gone: Vec<_> =
            self.directories.keys().filter(|path| !wanted.contains_key(*path)).cloned().collect();
        for path in gone {
            // It may not be there any more.
            let _ = system.unwatch(&path);
            self.directories.remove(&path);
        }
        let mut any = false;
        for (path, identity) in wanted {
            // One that was deleted and made again has lost its watch.
            if self.directories.get(path) == Some(identity) {
                continue;
            }
            match system.watch(path, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.directories.insert(path.clone(), *identity);
                    any = true;
                }
                Err(error) if is_missing(&error) => {}
                // There are no more watches: it is looked at every now and then instead.
                Err(_) => {
                    self.system = None;
                    return false;
                }
            }
        }
        any
    }

    /// Whether the system tells of changes; if not, somebody has to look.
    pub(super) const fn is_told(&self) -> bool {
        self.system.is_some()
    }
}

/// Whether somebody has only read.
fn is_reading(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => false,
        EventKind::Access(_) => true,
        _ => false,
    }
}

/// Whether a directory is gone since it was seen.
fn is_missing(error: &notify::Error) -> bool {
    match &error.kind {
        notify::ErrorKind::PathNotFound => true,
        notify::ErrorKind::Io(error) => error.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::mpsc::{Receiver, channel};
    use std::time::Duration;

    use super::*;

    fn identity(path: &PathBuf) -> Identity {
        Identity::of(&fs::metadata(path).unwrap())
    }

    /// Whether it is told of a change, after all that was told before.
    fn is_told_of(events: &Receiver<Event>, change: impl FnOnce()) -> bool {
        while events.recv_timeout(Duration::from_millis(100)).is_ok() {}
        change();
        events.recv_timeout(Duration::from_secs(10)).is_ok()
    }

    #[test]
    fn a_directory_that_is_missing_is_none_that_is_watched() {
        let project = tempfile::tempdir().unwrap();
        let (folder, missing) = (project.path().to_path_buf(), project.path().join("missing"));
        let known = identity(&folder);
        let mut watcher = Watcher::start(channel().0);
        assert!(!watcher.watch(&[(missing.clone(), known)].into()));
        assert!(watcher.is_told());
        let both = [(folder, known), (missing, known)].into();
        assert!(watcher.watch(&both));
        assert!(!watcher.watch(&both));
    }

    #[test]
    fn a_directory_that_is_made_again_is_watched_again() {
        let project = tempfile::tempdir().unwrap();
        let folder = project.path().join("folder");
        let (sender, events) = channel();
        let mut watcher = Watcher::start(sender);
        for _ in 0..3 {
            fs::create_dir(&folder).unwrap();
            assert!(watcher.watch(&[(folder.clone(), identity(&folder))].into()));
            assert!(is_told_of(&events, || fs::write(folder.join("file"), "1").unwrap()));
            fs::remove_dir_all(&folder).unwrap();
        }
    }
}
