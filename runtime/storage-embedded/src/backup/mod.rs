//! Backups of a data directory: one file, made while a node runs on the directory.
//!
//! A backup is a tar archive and a trailer with the SHA-256 of all of it. In it are a
//! manifest, and the files of the data directory that [`crate::layout`] says are lost for good if
//! they are deleted, keys included. What was acknowledged before a backup began is in it:
//!
//! - Each database is copied by SQLite in one read transaction.
//! - The files of code, objects and volumes are given a second name in the directory
//!   `backup` before the databases are copied, and again after, so that none is gone
//!   when it is copied, and what the copies name is there. That is checked, and if it is not
//!   so, the backup is begun again.
//! - Files of volumes are written in place, so each is copied as it is when it is read.

mod archive;
mod check;
mod hold;
mod names;
mod restore;
mod snapshot;
mod target;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use cap_std::fs::Dir;
use lambent_storage::Disk;
use serde::{Deserialize, Serialize};

pub use restore::{inspect, restore};

use crate::data_dir::private;
use crate::layout;
use archive::Archive;
use hold::Hold;
pub(crate) use hold::forget;
use snapshot::Copy;
use target::Target;

/// The version of the form of backups.
pub const BACKUP_FORMAT: u64 = 1;
/// The name of the manifest in the archive.
const MANIFEST: &str = "lambent-backup.json";
/// How often a backup is begun before it is given up.
const TRIES: usize = 5;
/// Bytes of an entry beside its contents, about.
const ENTRY_BYTES: u64 = 1024;

/// What a backup says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of its form, [`BACKUP_FORMAT`].
    pub backup_format: u64,
    /// The version of the layout of the data directory.
    pub data_format: u64,
    /// The release that made it.
    pub release: String,
    /// When it was begun, by RFC 3339.
    pub begun: String,
    /// How many files it has, the databases included.
    pub files: u64,
    /// How many bytes they have together.
    pub bytes: u64,
}

/// Why there is no backup, or nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file cannot be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A database cannot be copied.
    #[error("cannot copy database {}: {detail}", path.display())]
    Database {
        /// The database.
        path: PathBuf,
        /// Why.
        detail: String,
    },
    /// The directory is none of a node.
    #[error("{} is no data directory: it has no file \"format\"", .0.display())]
    NoData(PathBuf),
    /// The file is there already.
    #[error("{} exists already; name another file, or delete it first", .0.display())]
    Exists(PathBuf),
    /// The directory to restore into has something in it.
    #[error("{} is not empty; restore into a new directory", .0.display())]
    NotEmpty(PathBuf),
    /// Another backup of the directory is being made.
    #[error(
        "another backup of this directory is being made, by process {pid}; wait for it, or end it"
    )]
    Busy {
        /// The process.
        pid: u32,
    },
    /// There is not enough room.
    #[error("{} has {free} bytes free, and {needed} are needed", path.display())]
    Space {
        /// Where.
        path: PathBuf,
        /// Bytes that are free.
        free: u64,
        /// Bytes that are needed.
        needed: u64,
    },
    /// The file is no backup, or not all of one.
    #[error("{} is no backup, or only the beginning of one: its end is missing", .0.display())]
    CutOff(PathBuf),
    /// The file is not what was written.
    #[error("{} is damaged: its SHA-256 is not the one that it ends with", .0.display())]
    Damaged(PathBuf),
    /// The file has the right digest and is wrong.
    #[error("{} is no backup of this release: {detail}", path.display())]
    Odd {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// A newer release made it.
    #[error(
        "{} has format {found}, and this release reads up to {known}; use the release that made \
         it, or a newer one",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// The newest that is known.
        known: u64,
    },
    /// The databases name files that are not there.
    #[error(
        "the data directory is not whole: {missing} files that its databases name are not there, \
         such as {first}"
    )]
    NotWhole {
        /// How many.
        missing: usize,
        /// The name of one.
        first: String,
    },
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    move |source| BackupError::Io { action, path, source }
}

/// What is being done, for whoever shows it.
pub type Progress<'a> = &'a mut dyn FnMut(&str, u64);

/// Makes a backup of the data directory `data` in the new file `to`, whether a node runs on
/// it or not. `progress` is told of each file, and how many bytes were written.
///
/// # Errors
/// See [`BackupError`]; there is no file then.
pub fn backup(data: &Path, to: &Path, progress: Progress<'_>) -> Result<Manifest, BackupError> {
    if !data.join(layout::FORMAT_FILE).is_file() {
        return Err(BackupError::NoData(data.to_owned()));
    }
    if to.exists() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let target = Target::new(to)?;
    let begun = jiff::Timestamp::now().to_string();
    let mut tries = 1;
    loop {
        match make(data, &target, &begun, progress) {
            // A file was deleted between the copy of the database that names it and its
            // second name.
            Err(BackupError::NotWhole { .. }) if tries < TRIES => tries += 1,
            done => return done,
        }
    }
}

/// A new file that only its owner can read: it holds keys.
fn private_file(dir: &Dir, name: &Path, shown: &Path) -> Result<File, BackupError> {
    let file = dir.open_with(name, private().write(true).create_new(true));
    Ok(file.map_err(io_error("create", &shown.join(name)))?.into_std())
}

fn make(
    data: &Path,
    target: &Target<'_>,
    begun: &str,
    progress: Progress<'_>,
) -> Result<Manifest, BackupError> {
    // Kept until the backup has its name: another one of this process would use the same names.
    let hold = Hold::take(data)?;
    let (partial, mut file) = target.beside("partial")?;
    let databases = snapshot::databases(data)?;
    hold.link_all()?;
    let held: u64 = hold.files()?.values().map(|bytes| bytes + ENTRY_BYTES).sum();
    let needed = snapshot::bytes(&databases) + held;
    target.check_space(needed.saturating_mul(11) / 10)?;
    let copies = snapshot::copy(data, &databases, target)?;
    hold.link_all()?;
    check::references(&copies, &hold)?;
    let files = contents(data, &copies, &hold)?;
    let manifest = Manifest {
        backup_format: BACKUP_FORMAT,
        data_format: layout::FORMAT,
        release: env!("CARGO_PKG_VERSION").into(),
        begun: begun.into(),
        files: files.len() as u64,
        bytes: files.iter().map(|file| file.bytes).sum(),
    };
    let mut archive = Archive::new(&mut file, partial.path(), progress);
    archive.text(MANIFEST, &serde_json::to_string_pretty(&manifest).unwrap_or_default())?;
    for Content { name, path, bytes } in &files {
        archive.file(name, path, *bytes)?;
    }
    archive.finish()?;
    file.sync_all().map_err(io_error("sync", partial.path()))?;
    target.take(partial)?;
    Ok(manifest)
}

/// A file that is in a backup.
struct Content {
    /// Its name, relative to the data directory.
    name: String,
    /// Where it is read.
    path: PathBuf,
    /// How much of it is in the backup.
    bytes: u64,
}

/// What is in a backup, in its order.
fn contents(data: &Path, copies: &[Copy], hold: &Hold) -> Result<Vec<Content>, BackupError> {
    let singles = snapshot::singles(data).into_iter().map(|name| (data.join(&name), name));
    let copies = copies.iter().map(|copy| (copy.file.path().to_owned(), copy.name.clone()));
    let mut files = Vec::new();
    for (path, name) in singles.chain(copies) {
        let bytes = path.metadata().map_err(io_error("look at", &path))?.len();
        files.push(Content { name, path, bytes });
    }
    let held = hold.files()?.into_iter();
    files.extend(held.map(|(name, bytes)| Content { path: hold.path(&name), name, bytes }));
    Ok(files)
}

/// Fails unless the disk of a directory has so much room.
fn check_space(at: &Path, needed: u64) -> Result<(), BackupError> {
    let needed = needed + ENTRY_BYTES;
    let free = Disk::of_path(at).map_err(io_error("look at the disk of", at))?.free;
    if free < needed {
        return Err(BackupError::Space { path: at.to_owned(), free, needed });
    }
    Ok(())
}
