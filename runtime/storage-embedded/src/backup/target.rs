use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use rustix::fs::{RenameFlags, renameat_with};
use rustix::io::Errno;

use super::{BackupError, check_space, io_error, private_file};
use crate::data_dir::sync_dir;

/// Where a backup is made, and the directory that it is in.
pub(super) struct Target<'a> {
    to: &'a Path,
    parent: &'a Path,
    dir: Dir,
}

/// A file beside the backup that is gone when this is dropped: it holds keys.
pub(super) struct Temporary(PathBuf);

impl Temporary {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Not there any more if it was renamed. Else whoever looks at the backup finds it.
        let _ = fs::remove_file(&self.0);
    }
}

impl<'a> Target<'a> {
    pub(super) fn new(to: &'a Path) -> Result<Self, BackupError> {
        let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        let dir = Dir::open_ambient_dir(parent, ambient_authority());
        Ok(Self { to, parent, dir: dir.map_err(io_error("open", parent))? })
    }

    /// Creates a file beside it.
    pub(super) fn beside(&self, suffix: &str) -> Result<(Temporary, File), BackupError> {
        let mut name = self.to.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.{suffix}", std::process::id()));
        let path = self.parent.join(&name);
        let file = private_file(&self.dir, Path::new(&name), self.parent)?;
        Ok((Temporary(path), file))
    }

    /// Fails unless its disk has so much room.
    pub(super) fn check_space(&self, needed: u64) -> Result<(), BackupError> {
        check_space(self.parent, needed)
    }

    /// Gives it a file that is whole, unless something is there by now.
    pub(super) fn take(&self, whole: Temporary) -> Result<(), BackupError> {
        let named = |path: &Path| path.file_name().unwrap_or_default().to_owned();
        let (from, to) = (named(whole.path()), named(self.to));
        let renamed = renameat_with(&self.dir, &from, &self.dir, &to, RenameFlags::NOREPLACE);
        let taken = match renamed {
            // A file system that cannot rename like this, as NFS, can give a second name.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                self.dir.hard_link(&from, &self.dir, &to)
            }
            renamed => renamed.map_err(io::Error::from),
        };
        taken.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => BackupError::Exists(self.to.to_owned()),
            _ => io_error("create", self.to)(error),
        })?;
        drop(whole);
        sync_dir(&self.dir).map_err(|error| {
            // It may not be there after a power cut, and whoever made it is told that it is not.
            drop(Temporary(self.to.to_owned()));
            io_error("sync", self.parent)(error)
        })
    }
}
