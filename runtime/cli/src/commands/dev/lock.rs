//! One `lambent dev` in a folder.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::CliError;

/// Who runs, for whoever comes second.
#[derive(Serialize, Deserialize)]
struct Holder {
    pid: u32,
    url: String,
}

/// The right to run in a folder, for as long as this is kept, also if the process is killed.
pub(super) struct Lock {
    _file: File,
    note: PathBuf,
}

impl Lock {
    /// Takes it in this folder.
    ///
    /// # Errors
    /// Usage: somebody runs here. Failed: the folder cannot be written.
    pub(super) fn take(folder: &Path) -> Result<Self, CliError> {
        let (path, note) = (folder.join("dev.lock"), folder.join("dev.json"));
        let unwritten =
            |error: io::Error| CliError::failed(format!("cannot lock {}: {error}", path.display()));
        let file = File::create(&path).map_err(unwritten)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file, note }),
            Err(TryLockError::Error(error)) => Err(unwritten(error)),
            Err(TryLockError::WouldBlock) => {
                let holder =
                    fs::read(&note).ok().and_then(|text| serde_json::from_slice(&text).ok());
                let who = holder.map_or_else(String::new, |Holder { pid, url }| {
                    format!(" (process {pid}, at {url})")
                });
                Err(CliError::usage(format!("lambent dev runs in this folder already{who}"))
                    .hint("end it first, or use it"))
            }
        }
    }

    /// Notes who has it and where that is to be reached.
    ///
    /// # Errors
    /// Failed: it cannot be written.
    pub(super) fn note(&self, url: &str) -> Result<(), CliError> {
        let holder = Holder { pid: std::process::id(), url: url.to_owned() };
        let text = serde_json::to_vec(&holder).map_err(io::Error::from);
        text.and_then(|text| fs::write(&self.note, text)).map_err(|error| {
            CliError::failed(format!("cannot write {}: {error}", self.note.display()))
        })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.note);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_runs() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lock::take(folder.path()).unwrap();
        first.note("http://127.0.0.1:1").unwrap();
        let error = Lock::take(folder.path()).err().unwrap().to_string();
        let pid = std::process::id();
        assert!(error.contains(&format!("(process {pid}, at http://127.0.0.1:1)")), "{error}");
        drop(first);
        Lock::take(folder.path()).unwrap();
    }
}
