//! The system's word that files may have changed. What has is found by looking: a word may come
//! twice, late, or for what nobody asked for, and one of many may be lost.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::mpsc::Sender;

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::event::Event;

/// Watches directories, and nothing in those below them: the system has only so many watches, and
/// what builds write is no one's business.
pub(super) struct Watcher {
    system: Option<RecommendedWatcher>,
    directories: BTreeSet<PathBuf>,
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
        Self { system: notify::recommended_watcher(told).ok(), directories: BTreeSet::new() }
    }

    /// Watches these and no others; returns whether some of them are new, in which something may
    /// have changed before they were watched.
    pub(super) fn watch(&mut self, wanted: &BTreeSet<PathBuf>) -> bool {
        let Some(system) = &mut self.system else { return false };
        let gone: Vec<_> = self.directories.difference(wanted).cloned().collect();
        for path in gone {
            // It may not be there any more.
            let _ = system.unwatch(&path);
            self.directories.remove(&path);
        }
        let new: Vec<_> = wanted.difference(&self.directories).cloned().collect();
        let any = !new.is_empty();
        for path in new {
            match system.watch(&path, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.directories.insert(path);
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
