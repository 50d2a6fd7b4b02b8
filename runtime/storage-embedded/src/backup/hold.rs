use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process;

use super::{BackupError, io_error};
use crate::layout;

/// The directories whose files are named by what is in them, or by numbers.
const DIRECTORIES: [&str; 3] = [layout::CODE_DIR, layout::OBJECTS_DIR, layout::VOLUMES_DIR];
/// In it the process that makes the backup, which keeps it locked: a lock ends with its process,
/// and a number may be given to another one.
const OWNER: &str = "owner";

/// Second names of files in the data directory, so that they are there until this is dropped.
pub(super) struct Hold {
    data: PathBuf,
    root: PathBuf,
    _owner: File,
}

impl Hold {
    /// Begins to hold files. What a process that is gone held is let go.
    pub(super) fn take(data: &Path) -> Result<Self, BackupError> {
        let root = data.join(layout::BACKUP_DIR);
        if let Some(pid) = owner(&root) {
            return Err(BackupError::Busy { pid });
        }
        clear(&root).map_err(io_error("remove", &root))?;
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&root).map_err(io_error("create", &root))?;
        let path = root.join(OWNER);
        let mut owner = File::create_new(&path).map_err(io_error("create", &path))?;
        owner.try_lock().map_err(|error| io_error("lock", &path)(error.into()))?;
        owner.write_all(process::id().to_string().as_bytes()).map_err(io_error("write", &path))?;
        Ok(Self { data: data.to_owned(), root, _owner: owner })
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
            } else if kind.is_file() && !is_database(&name) {
                link(&entry.path(), &self.root.join(&name))?;
            }
        }
        Ok(())
    }

    /// The names of all files that are held, relative to the data directory.
    pub(super) fn files(&self) -> Result<BTreeSet<String>, BackupError> {
        let mut files = BTreeSet::new();
        for directory in DIRECTORIES {
            collect(&self.root, Path::new(directory), &mut |name, _| {
                files.insert(name);
            })?;
        }
        Ok(files)
    }

    /// The bytes of all files that are held.
    pub(super) fn bytes(&self) -> Result<u64, BackupError> {
        let mut bytes = 0;
        for directory in DIRECTORIES {
            collect(&self.root, Path::new(directory), &mut |_, size| {
                bytes += size + super::ENTRY_BYTES;
            })?;
        }
        Ok(bytes)
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

impl Drop for Hold {
    fn drop(&mut self) {
        if let Err(error) = clear(&self.root) {
            tracing::warn!(%error, path = %self.root.display(), "cannot let go what a backup held");
        }
    }
}

/// Names of volumes and their like, which are copied by SQLite.
fn is_database(name: &Path) -> bool {
    let name = name.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.ends_with(".db") || name.ends_with(".db-wal") || name.ends_with(".db-shm")
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

/// The process that holds something there, if it is still there.
fn owner(root: &Path) -> Option<u32> {
    let mut file = File::open(root.join(OWNER)).ok()?;
    let Err(TryLockError::WouldBlock) = file.try_lock() else { return None };
    let mut pid = String::new();
    file.read_to_string(&mut pid).ok()?;
    // Whoever has only just locked it has not written yet.
    Some(pid.trim().parse().unwrap_or_default())
}

/// Lets go what a process held that is gone.
pub(crate) fn forget(data: &Path) {
    let root = data.join(layout::BACKUP_DIR);
    if owner(&root).is_none()
        && let Err(error) = clear(&root)
    {
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
