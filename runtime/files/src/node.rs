use std::fmt;
use std::sync::Arc;

use crate::metadata::Kind;
use crate::volume::VolumeNode;

/// The number of a volume's root.
pub const VOLUME_ROOT: u64 = 1;
/// Bits of a number within what it is in; the others say what that is.
const NUMBER_BITS: u32 = 48;

/// A file or directory that somebody works with. While one is held, what it refers to stays
/// as it is, also when its name was removed.
#[derive(Clone)]
pub struct Node {
    pub(crate) id: Id,
    pub(crate) kind: Kind,
    pub(crate) held: Held,
}

/// What keeps a node.
#[derive(Clone)]
pub(crate) enum Held {
    /// Nothing needs to.
    Nothing,
    /// Shows the scratch directory that somebody holds the node.
    Scratch { _held: Arc<()> },
    /// It is open in its volume.
    Volume(Arc<dyn VolumeNode>),
}

/// Where a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Id {
    /// In the image, by index.
    Image(usize),
    /// In the scratch directory, by number.
    Scratch(u64),
    /// In an open volume, by number.
    Volume { volume: usize, number: u64, kind: Kind },
}

impl Id {
    /// Whether it is the root of a volume.
    pub(crate) const fn is_volume_root(self) -> bool {
        matches!(self, Self::Volume { number: VOLUME_ROOT, .. })
    }
}

impl Node {
    /// A number that no other file of the instance has, ever.
    #[must_use]
    pub const fn inode(&self) -> u64 {
        match self.id {
            Id::Image(index) => (index as u64) << 1,
            Id::Scratch(number) => number << 1 | 1,
            Id::Volume { volume, number, .. } => (volume as u64 + 1) << NUMBER_BITS | number << 1,
        }
    }

    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Itself in its volume, if it is in one: it can be worked with without the tree.
    #[must_use]
    pub const fn in_volume(&self) -> Option<&Arc<dyn VolumeNode>> {
        match &self.held {
            Held::Volume(node) => Some(node),
            Held::Nothing | Held::Scratch { .. } => None,
        }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("id", &self.id).finish_non_exhaustive()
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
