use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use rustix::fs::{Gid, Uid};

use super::names::belongs;
use super::{BackupError, io_error};
use crate::data_dir::{DataDir, NotLocked, create_dir, lock_file};
use crate::layout;

/// The directories whose files are named by what is in them, or by numbers.
const DIRECTORIES: [&str; 3] = [layout::CODE_DIR, layout::OBJECTS_DIR, layout::VOLUMES_DIR];

/// How often it is tried to lock out other backups, and how long it is waited in between.
const LOOKS: u32 = 10;
const LOOK: Duration = Duration::from_millis(3);

/// Second names of files in the data directory, so that they are there until this is dropped.
pub(super) struct Hold {
    data: PathBuf,
    root: PathBuf,
    /// Locked until what is held was let go.
    _lock: File,
}

impl Hold {
    /// Begins to hold files. What a process that is gone held is let go.
    pub(super) fn take(data: &Path) -> Result<Self, BackupError> {
        let dir = Dir::open_ambient_dir(data, ambient_authority());
        let dir = dir.map_err(io_error("open", data))?;
        let lock = lock(&dir).map_err(|error| match error {
            // Whoever has only just locked it for the first time has not written yet.
            NotLocked::Held { pid } => BackupError::Busy { pid: pid.unwrap_or_default() },
            NotLocked::Io(source) => io_error("lock", &data.join(layout::BACKUP_LOCK_FILE))(source),
        })?;
        give(&lock, data);
        let root = data.join(layout::BACKUP_DIR);
        clear(&root).map_err(io_error("remove", &root))?;
        create_dir(&dir, layout::BACKUP_DIR).map_err(io_error("create", &root))?;
        Ok(Self { data: data.to_owned(), root, _lock: lock })
    }

    /// Holds all files that are there now.
    pub(super) fn link_all(&self) -> Result<(), BackupError> {
        for directory in DIRECTORIES {
            self.link_below(Path::new(directory))?;
        }
        Ok(())
    }

    fn link_below(&self, directory: &Path) -> Result<(), BackupError> {
        let (from, to) = (self.data.join(directory), self.root.join(directory));
        let entries = match fs::read_dir(&from) {
            Ok(entries) => entries,
            // Volumes and directories may go meanwhile.
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(io_error("read", &from)(error)),
        };
        fs::create_dir_all(&to).map_err(io_error("create", &to))?;
        for entry in entries {
            let entry = entry.map_err(io_error("read", &from))?;
            let kind = entry.file_type().map_err(io_error("look at", &entry.path()))?;
            let name = directory.join(entry.file_name());
            if kind.is_dir() && entry.file_name() != layout::INCOMING_DIR {
                self.link_below(&name)?;
            } else if kind.is_file() && is_held(&name) {
                link(&entry.path(), &self.root.join(&name))?;
            }
        }
        Ok(())
    }

    /// The names of all files that are held, relative to the data directory, and their bytes.
    pub(super) fn files(&self) -> Result<BTreeMap<String, u64>, BackupError> {
        let mut files = BTreeMap::new();
        for directory in DIRECTORIES {
            collect(&self.root, Path::new(directory), &mut |name, size| {
                files.insert(name, size);
            })?;
        }
        Ok(files)
    }

    /// Whether a file is held.
    pub(super) fn has(&self, name: &str) -> bool {
        self.path(name).is_file()
    }

    /// Where a file is held.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }
}

/// Locks out other backups. A node that looks whether there is one has the lock for a moment, too.
fn lock(dir: &Dir) -> Result<File, NotLocked> {
    for _ in 0..LOOKS {
        match lock_file(dir, layout::BACKUP_LOCK_FILE) {
            Err(NotLocked::Held { .. }) => thread::sleep(LOOK),
            locked => return locked,
        }
    }
    lock_file(dir, layout::BACKUP_LOCK_FILE)
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Err(error) = clear(&self.root) {
            tracing::warn!(%error, path = %self.root.display(), "cannot let go what a backup held");
        }
    }
}

/// Whether a file is given a second name: databases are copied by SQLite.
fn is_held(name: &Path) -> bool {
    belongs(name) && !name.ends_with(layout::VOLUME_NAMES_DB)
}

fn link(from: &Path, to: &Path) -> Result<(), BackupError> {
    match fs::hard_link(from, to) {
        Ok(()) => Ok(()),
        // It is held already, or went before it could be.
        Err(error) if matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::NotFound) => {
            Ok(())
        }
        Err(error) => Err(io_error("give a second name to", from)(error)),
    }
}

fn collect(
    root: &Path,
    directory: &Path,
    each: &mut dyn FnMut(String, u64),
) -> Result<(), BackupError> {
    let path = root.join(directory);
    let entries = match fs::read_dir(&path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io_error("read", &path)(error)),
    };
    for entry in entries {
        let entry = entry.map_err(io_error("read", &path))?;
        let metadata = entry.metadata().map_err(io_error("look at", &entry.path()))?;
        let name = directory.join(entry.file_name());
        if metadata.is_dir() {
            collect(root, &name, each)?;
        } else {
            each(name.to_string_lossy().into_owned(), metadata.len());
        }
    }
    Ok(())
}

/// Gives a lock that root has made to the owner of the data directory, whose backups have to lock
/// it too.
fn give(lock: &File, data: &Path) {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let given = rustix::fs::fstat(lock).and_then(|found| {
        // The owner of the directory may have given a file of another user this name.
        if found.st_nlink != 1 {
            return Ok(());
        }
        let found = rustix::fs::stat(data)?;
        let (user, group) = (Uid::from_raw(found.st_uid), Gid::from_raw(found.st_gid));
        rustix::fs::fchown(lock, Some(user), Some(group))
    });
    if let Err(error) = given {
        let path = data.join(layout::BACKUP_LOCK_FILE);
        tracing::warn!(%error, path = %path.display(), "cannot give it to the owner of the data");
    }
}

/// Lets go what a process held that is gone.
pub(crate) fn forget(data: &DataDir) {
    let root = data.path().join(layout::BACKUP_DIR);
    if !root.exists() {
        return;
    }
    let forgotten = match lock_file(data.dir(), layout::BACKUP_LOCK_FILE) {
        Ok(_lock) => clear(&root),
        Err(NotLocked::Held { .. }) => Ok(()),
        Err(NotLocked::Io(error)) => Err(error),
    };
    if let Err(error) = forgotten {
        tracing::warn!(%error, path = %root.display(), "cannot let go what a backup held");
    }
}

/// Lets go what is held there.
fn clear(root: &Path) -> io::Result<()> {
    match fs::remove_dir_all(root) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
