use std::collections::HashMap;

use crate::error::{ArchiveFault, EntryFault, PackageError};
use crate::limits::Limits;

/// The names of a package, which are kept apart as the strictest file system would.
pub(crate) struct Tree {
    /// By the directory they are in and their name in lower case.
    nodes: HashMap<(usize, Box<str>), Node>,
    paths_bytes: usize,
}

struct Node {
    id: usize,
    name: Box<str>,
    directory: bool,
}

const ROOT: usize = 0;

impl Tree {
    pub(crate) fn new() -> Self {
        Self { nodes: HashMap::new(), paths_bytes: 0 }
    }

    /// Adds a path that was checked, and the directories that it implies; a directory may come
    /// more than once.
    pub(crate) fn add(
        &mut self,
        path: &str,
        directory: bool,
        limits: &Limits,
    ) -> Result<(), PackageError> {
        let mut parent = ROOT;
        let mut end = 0;
        for name in path.split('/') {
            let start = if end == 0 { 0 } else { end + 1 };
            end = start + name.len();
            let last = end == path.len();
            let fresh = self.nodes.len() + 1;
            let key = (parent, folded(name));
            let Some(node) = self.nodes.get(&key) else {
                if fresh > limits.entries {
                    return Err(ArchiveFault::TooManyEntries { max: limits.entries }.into());
                }
                let node = Node { id: fresh, name: name.into(), directory: directory || !last };
                self.nodes.insert(key, node);
                parent = fresh;
                continue;
            };
            let fault = node.conflict(name, last, directory, &path[..start]);
            if let Some(fault) = fault {
                return Err(PackageError::entry(path, fault));
            }
            parent = node.id;
        }
        self.paths_bytes = self.paths_bytes.saturating_add(path.len());
        if self.paths_bytes > limits.paths_bytes {
            return Err(ArchiveFault::PathsTooLong { max: limits.paths_bytes }.into());
        }
        Ok(())
    }
}

impl Node {
    /// Why `name` cannot be where this node is.
    fn conflict(
        &self,
        name: &str,
        last: bool,
        directory: bool,
        parents: &str,
    ) -> Option<EntryFault> {
        if *self.name != *name {
            let other = format!("{parents}{}", self.name);
            return Some(EntryFault::CaseClash { other: other.as_str().into() });
        }
        match (self.directory, directory || !last) {
            (true, true) => None,
            (false, false) => Some(EntryFault::Duplicate),
            _ if last => Some(EntryFault::FileAndDirectory),
            _ => {
                let file = format!("{parents}{name}");
                Some(EntryFault::FileAsDirectory { file: file.as_str().into() })
            }
        }
    }
}

/// The name in lower case, each character for itself.
fn folded(name: &str) -> Box<str> {
    if name.is_ascii() {
        return name.to_ascii_lowercase().into();
    }
    name.chars().flat_map(char::to_lowercase).collect::<String>().into()
}
