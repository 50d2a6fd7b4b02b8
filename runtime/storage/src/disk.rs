use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{StatVfs, fstatvfs, statvfs};

/// How large a disk is, and how much of it there is to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// Its size in bytes.
    pub size: u64,
    /// Bytes that this process may still use.
    pub free: u64,
}

impl Disk {
    /// The disk that a path is on.
    ///
    /// # Errors
    /// The system does not say.
    pub fn of_path(path: &Path) -> io::Result<Self> {
        Ok(Self::read(&statvfs(path)?))
    }

    /// The disk that an open file or directory is on.
    ///
    /// # Errors
    /// The system does not say.
    pub fn of_open(file: impl AsFd) -> io::Result<Self> {
        Ok(Self::read(&fstatvfs(file)?))
    }

    fn read(found: &StatVfs) -> Self {
        let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
        Self { size: bytes(found.f_blocks), free: bytes(found.f_bavail) }
    }
}
