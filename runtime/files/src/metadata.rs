use std::time::SystemTime;

/// What something in the tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A directory.
    Directory,
    /// A file.
    File,
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
