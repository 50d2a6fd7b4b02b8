/// Why an operation was not done, in the words of `wasi:filesystem`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ErrorCode {
    /// The descriptor was not opened for this.
    #[error("bad descriptor")]
    BadDescriptor,
    /// A directory that cannot be moved or removed, since others stand on it.
    #[error("busy")]
    Busy,
    /// It is there already.
    #[error("exists")]
    Exist,
    /// A size or offset beyond the largest file.
    #[error("file too large")]
    FileTooLarge,
    /// An argument, or several together, that mean nothing.
    #[error("invalid argument")]
    Invalid,
    /// From one volume to another, or between a volume and the scratch directory.
    #[error("cross-device move")]
    CrossDevice,
    /// The volume was deleted.
    #[error("the volume was deleted")]
    Gone,
    /// The disk of the node failed.
    #[error("input or output error")]
    Io,
    /// It is a directory.
    #[error("is a directory")]
    IsDirectory,
    /// A path, or a name in it, is too long.
    #[error("name too long")]
    NameTooLong,
    /// It is not there.
    #[error("no such file or directory")]
    NoEntry,
    /// The scratch space or the volume is full, in bytes or in what describes files.
    #[error("no space left")]
    InsufficientSpace,
    /// It is not a directory.
    #[error("not a directory")]
    NotDirectory,
    /// The directory has entries.
    #[error("directory not empty")]
    NotEmpty,
    /// The path leaves the directory that it was given for, or it is a link.
    #[error("not permitted")]
    NotPermitted,
    /// It is part of a package, or of a volume that is mounted read-only.
    #[error("read-only file system")]
    ReadOnly,
    /// The bytes are not in memory; the operation has to be tried where it may wait.
    #[error("would block")]
    WouldBlock,
}

impl From<std::io::Error> for ErrorCode {
    fn from(error: std::io::Error) -> Self {
        error.kind().into()
    }
}

impl From<std::io::ErrorKind> for ErrorCode {
    fn from(kind: std::io::ErrorKind) -> Self {
        match kind {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                Self::InsufficientSpace
            }
            std::io::ErrorKind::WouldBlock => Self::WouldBlock,
            _ => Self::Io,
        }
    }
}
