use std::sync::Arc;

/// A file or directory that somebody works with. While one is held, what it refers to stays
/// as it is, also when its name was removed.
#[derive(Debug, Clone)]
pub struct Node {
    pub(crate) id: Id,
    /// Shows the scratch directory that somebody holds the node.
    pub(crate) _held: Option<Arc<()>>,
}

/// Where a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Id {
    /// In the image, by index.
    Image(usize),
    /// In the scratch directory, by number.
    Scratch(u64),
}

impl Node {
    /// A number that no other file of the instance has, ever.
    #[must_use]
    pub const fn inode(&self) -> u64 {
        match self.id {
            Id::Image(index) => (index as u64) << 1,
            Id::Scratch(number) => number << 1 | 1,
        }
    }
}

/// How something is opened: the open flags of `wasi:filesystem`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are flags, and named")]
pub struct OpenFlags {
    /// Make a file if there is none.
    pub create: bool,
    /// Fail unless it is a directory.
    pub directory: bool,
    /// Fail if it is there.
    pub exclusive: bool,
    /// Make it empty.
    pub truncate: bool,
    /// It is to be written.
    pub write: bool,
}
