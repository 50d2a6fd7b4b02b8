use std::fs::TryLockError;
use std::io::{ErrorKind, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, DirBuilder, OpenOptions};
#[cfg(unix)]
use cap_std::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use lambent_storage::Disk;

use crate::error::OpenError;
use crate::layout;

/// The directory that holds everything one node keeps; see [`layout`].
///
/// Locked for this process until the last clone is dropped.
#[derive(Debug, Clone)]
pub struct DataDir(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    dir: Dir,
    _lock: std::fs::File,
}

impl DataDir {
    /// Opens the directory at `path`, creating it with mode 0700 if need be.
    ///
    /// # Errors
    /// `Exposed` if every user may write to it, `Locked` if another process uses
    /// it, `Restoring` if a backup is being restored there, `NewerFormat` if a newer release
    /// wrote it, `Corrupt`, `Io`.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        create_all(path).map_err(|source| io("create data directory", path, source))?;
        let path = path.canonicalize().map_err(|source| io("find", path, source))?;
        check_mode(&path)?;
        let dir = Dir::open_ambient_dir(&path, ambient_authority())
            .map_err(|source| io("open data directory", &path, source))?;
        let restoring = dir.try_exists(layout::RESTORING_FILE);
        if restoring.map_err(|source| io("look into", &path, source))? {
            return Err(OpenError::Restoring { path });
        }
        let lock = lock(&dir, &path)?;
        check_format(&dir, &path)?;
        Ok(Self(Arc::new(Inner { path, dir, _lock: lock })))
    }

    /// Where it is, absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// The disk it is on.
    ///
    /// # Errors
    /// The system does not say.
    pub fn disk(&self) -> std::io::Result<Disk> {
        Disk::of_open(self.dir())
    }

    /// A handle for its files.
    #[must_use]
    pub fn dir(&self) -> &Dir {
        &self.0.dir
    }

    /// A handle for the directory `name` in it, created with mode 0700 if need be.
    ///
    /// # Errors
    /// `Io`.
    pub fn subdir(&self, name: &str) -> Result<Dir, OpenError> {
        ensure_dir(self.dir(), name)
            .map_err(|source| io("open directory", &self.path().join(name), source))
    }

    /// Whether a process makes a backup of it now. It looks by a shared lock, for a moment, which
    /// whoever begins a backup just then waits for.
    pub(crate) fn is_being_backed_up(&self) -> bool {
        let Ok(file) = self.dir().open(layout::BACKUP_LOCK_FILE) else { return false };
        matches!(file.into_std().try_lock_shared(), Err(TryLockError::WouldBlock))
    }
}

fn io(action: &'static str, path: &Path, source: std::io::Error) -> OpenError {
    OpenError::Io { action, path: path.to_owned(), source }
}

/// Creates a directory with those it is in, all with mode 0700.
pub(crate) fn create_all(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path)
}

/// Whoever may write to the directory can put another key for compiled code in
/// the place of the one there, and with it code of their own.
#[cfg(unix)]
fn check_mode(path: &Path) -> Result<(), OpenError> {
    use std::os::unix::fs::MetadataExt as _;
    const OTHERS_WRITE: u32 = 0o002;
    let metadata = std::fs::metadata(path).map_err(|source| io("look at", path, source))?;
    if metadata.mode() & OTHERS_WRITE != 0 {
        return Err(OpenError::Exposed { path: path.to_owned() });
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_mode(_: &Path) -> Result<(), OpenError> {
    Ok(())
}

fn lock(dir: &Dir, path: &Path) -> Result<std::fs::File, OpenError> {
    lock_file(dir, layout::LOCK_FILE).map_err(|error| match error {
        NotLocked::Held { pid } => OpenError::Locked { path: path.to_owned(), pid },
        NotLocked::Io(source) => io("lock", &path.join(layout::LOCK_FILE), source),
    })
}

/// Why a file could not be locked.
#[derive(Debug)]
pub(crate) enum NotLocked {
    /// A process has it locked: this one, where that could be read.
    Held { pid: Option<u32> },
    /// It cannot be opened or written.
    Io(std::io::Error),
}

impl From<std::io::Error> for NotLocked {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

/// Locks the file `name`, creating it if need be, until what this returns is dropped, and writes
/// the id of this process into it. The file is never deleted: whoever had opened it before would
/// lock what no other finds.
pub(crate) fn lock_file(dir: &Dir, name: &str) -> Result<std::fs::File, NotLocked> {
    let mut options = private();
    options.read(true).write(true).create(true).truncate(false);
    let mut file = dir.open_with(name, &options)?.into_std();
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            let pid = file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok());
            return Err(NotLocked::Held { pid });
        }
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())?;
    Ok(file)
}

fn check_format(dir: &Dir, path: &Path) -> Result<(), OpenError> {
    let path = path.join(layout::FORMAT_FILE);
    let text = match dir.read_to_string(layout::FORMAT_FILE) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let text = format!("{}\n", layout::FORMAT);
            return write_file(dir, layout::FORMAT_FILE, text.as_bytes())
                .map_err(|source| io("write", &path, source));
        }
        Err(source) => return Err(io("read", &path, source)),
    };
    match text.trim().parse::<u64>() {
        Ok(found) if found > layout::FORMAT => {
            Err(OpenError::NewerFormat { path, found, supported: layout::FORMAT })
        }
        Ok(layout::FORMAT) => Ok(()),
        _ => Err(OpenError::Corrupt { path, detail: "it holds no known format number".into() }),
    }
}

/// Writes a whole file with mode 0600, atomically and durably: after a crash
/// there is the old file or the new one.
///
/// # Errors
/// The file cannot be written; the old one is unchanged.
pub fn write_file(dir: &Dir, name: &str, contents: &[u8]) -> std::io::Result<()> {
    let temporary = format!("{name}.new");
    let mut file = dir.open_with(&temporary, private().write(true).create(true).truncate(true))?;
    file.write_all(contents)?;
    file.sync_all()?;
    dir.rename(&temporary, dir, name)?;
    sync_dir(dir)
}

/// Options that create files only their owner can read.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    options.mode(0o600);
    options
}

/// Opens the directory `name`, creating it durably and with mode 0700 if need be.
pub(crate) fn ensure_dir(parent: &Dir, name: &str) -> std::io::Result<Dir> {
    if create_dir(parent, name)? {
        sync_dir(parent)?;
    }
    parent.open_dir(name)
}

/// Creates a directory with mode 0700 if need be; whether it was not there.
pub(crate) fn create_dir(parent: &Dir, name: impl AsRef<Path>) -> std::io::Result<bool> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    builder.mode(0o700);
    match parent.create_dir_with(name, &builder) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Makes the names in a directory durable.
pub(crate) fn sync_dir(dir: &Dir) -> std::io::Result<()> {
    // A handle of its own: a `Dir` may be open for look-ups only.
    dir.open(".")?.sync_all()
}
