use std::time::SystemTime;

use crate::error::ErrorCode;

/// What something in the tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A directory.
    Directory,
    /// A file.
    File,
}

impl Kind {
    /// Checks that something of this kind gives way where it is removed as what `to` is, or where
    /// what `to` is takes its name: like to like, and a directory only if it is empty.
    ///
    /// # Errors
    /// `IsDirectory`, `NotDirectory`, `NotEmpty`.
    pub fn check_gives_way(
        self,
        to: Self,
        is_empty: impl FnOnce() -> Result<bool, ErrorCode>,
    ) -> Result<(), ErrorCode> {
        match (to, self) {
            (Self::File, Self::Directory) => Err(ErrorCode::IsDirectory),
            (Self::Directory, Self::File) => Err(ErrorCode::NotDirectory),
            (Self::Directory, Self::Directory) if !is_empty()? => Err(ErrorCode::NotEmpty),
            _ => Ok(()),
        }
    }
}

/// What is known of a file or directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// What it is.
    pub kind: Kind,
    /// Names it has: none once it was removed.
    pub links: u64,
    /// Bytes of a file; of a directory zero.
    pub size: u64,
    /// When it was read, as far as a guest has said so.
    pub accessed: SystemTime,
    /// When its contents changed.
    pub modified: SystemTime,
    /// When it changed in any way.
    pub changed: SystemTime,
}
