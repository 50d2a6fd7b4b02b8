//! What of the sources is replaced while Go builds, without a change to any file: by `-overlay`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::BuildError;
use crate::output;

/// What is read in place of which file; nothing in place of one that is left out.
#[derive(Debug, Default, Serialize)]
pub(super) struct Overlay {
    #[serde(rename = "Replace")]
    replace: BTreeMap<PathBuf, PathBuf>,
    /// Where what is written for it goes.
    #[serde(skip)]
    folder: PathBuf,
}

impl Overlay {
    /// An overlay whose own files go into a folder.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { replace: BTreeMap::new(), folder }
    }

    /// Has `content` read in place of the file `at`, whether there is one or not; `name` is that
    /// of what is written for it.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn put(&mut self, at: PathBuf, name: &str, content: &str) -> Result<(), BuildError> {
        let written = self.folder.join(name);
        write_if_other(&written, content.as_bytes())?;
        self.replace.insert(at, written);
        Ok(())
    }

    /// Has the file `instead` read in place of the file `at`.
    pub(super) fn map(&mut self, at: PathBuf, instead: PathBuf) {
        self.replace.insert(at, instead);
    }

    /// Leaves out a file.
    pub(super) fn leave_out(&mut self, at: PathBuf) {
        self.replace.insert(at, PathBuf::new());
    }

    /// Where what is written for it goes.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes what Go reads of it, and returns where that is.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn write(&self) -> Result<PathBuf, BuildError> {
        let path = self.folder.join("overlay.json");
        let text = serde_json::to_vec_pretty(self).map_err(|error| {
            BuildError::Project(format!("a path of the project is no UTF-8: {error}"))
        })?;
        write_if_other(&path, &text)?;
        Ok(path)
    }
}

/// Writes a file if it does not have this content.
fn write_if_other(path: &Path, content: &[u8]) -> Result<(), BuildError> {
    if fs::read(path).is_ok_and(|old| old == content) {
        return Ok(());
    }
    output::write(path, content)
}
