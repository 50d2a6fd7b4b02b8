use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::metadata::{Kind, Stat};
use crate::path::{NAME_BYTES_MAX, Path};

/// Entries of all packages of an image together, directories included.
const NODES_MAX: usize = 200_000;
/// Memory of a node with its place among its parent's children, and a name of common length.
const NODE_BYTES: usize = size_of::<ImageNode>() + 2 * size_of::<(Box<str>, usize)>() + 24;
/// What everything of a package was modified at: 1980, the first time a zip can say.
const MODIFIED: Duration = Duration::from_secs(315_532_800);

/// Bytes that packages are read from by offset.
pub trait Blob: Send + Sync + 'static {
    /// Fills the buffer from `offset`, whose bytes are there.
    ///
    /// # Errors
    /// The disk failed, or, unless it may wait, the bytes are not in memory
    /// ([`io::ErrorKind::WouldBlock`]).
    fn read_at(&self, buffer: &mut [u8], offset: u64, may_wait: bool) -> io::Result<usize>;
}

impl Blob for Vec<u8> {
    fn read_at(&self, buffer: &mut [u8], offset: u64, _may_wait: bool) -> io::Result<usize> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(self.len());
        let count = buffer.len().min(self.len() - start);
        buffer[..count].copy_from_slice(&self[start..start + count]);
        Ok(count)
    }
}

impl Blob for std::fs::File {
    fn read_at(&self, buffer: &mut [u8], offset: u64, may_wait: bool) -> io::Result<usize> {
        crate::space::read_at(self, buffer, offset, may_wait)
    }
}

/// A file of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its path in the package, with `/` between names.
    pub path: String,
    /// Where its bytes begin in the blob.
    pub offset: u64,
    /// How many they are.
    pub size: u64,
}

/// Files that are mounted together: what they are called, and the blob they are in.
#[derive(Clone)]
pub struct Package {
    /// The files.
    pub entries: Vec<Entry>,
    /// Their bytes.
    pub blob: Arc<dyn Blob>,
}

/// Why packages do not make an image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// A path that is absolute, has `.` or `..` in it, a NUL, or is too long.
    #[error("{0:?} is not a path that a package may have; give names with / between them")]
    Path(String),
    /// Two entries have one path, or one is where the other needs a directory.
    #[error("{0:?} is twice in the package, or both a file and a directory")]
    Twice(String),
    /// A size and offset that no blob can have.
    #[error("{0:?} lies beyond any blob")]
    Range(String),
    /// Too many entries.
    #[error("more than {NODES_MAX} files and directories")]
    TooMany,
}

/// The read-only part of a tree, which instances share.
#[derive(Default)]
pub struct Image {
    nodes: Vec<ImageNode>,
    blobs: Vec<Arc<dyn Blob>>,
    /// The directory in whose place is the scratch directory.
    scratch: Option<usize>,
    /// The directories in whose places volumes are.
    places: Vec<usize>,
}

/// What becomes of a file in whose way there is another.
#[derive(Clone, Copy, PartialEq)]
enum Collision {
    Refused,
    Replaces,
    GivesWay,
}

/// Where a package is put.
struct Place {
    root: usize,
    blob: usize,
    /// Nodes before this one are of packages that it is laid over.
    floor: usize,
}

struct ImageNode {
    parent: usize,
    kind: ImageKind,
}

pub(crate) enum ImageKind {
    Directory(BTreeMap<Box<str>, usize>),
    File { blob: usize, offset: u64, size: u64 },
}

impl Image {
    /// The root of an image.
    pub(crate) const ROOT: usize = 0;

    /// A tree that has nothing but an empty scratch directory at `/tmp`.
    #[must_use]
    pub fn new() -> Self {
        let root = ImageNode { parent: Self::ROOT, kind: ImageKind::Directory(BTreeMap::new()) };
        let mut image =
            Self { nodes: vec![root], blobs: Vec::new(), scratch: None, places: Vec::new() };
        image.scratch = image.directory(Self::ROOT, "tmp", 0);
        image
    }

    /// Has a volume at `at`, such as `mnt/data`; directories on the way are made. What packages
    /// have there is not seen.
    ///
    /// # Errors
    /// [`ImageError::Twice`]: there is a file on the way.
    pub fn with_volume(mut self, at: &str) -> Result<Self, ImageError> {
        let place = self.directories(at)?;
        self.places.push(place);
        Ok(self)
    }

    /// The directory of a path, which is made if need be.
    fn directories(&mut self, at: &str) -> Result<usize, ImageError> {
        let mut directory = Self::ROOT;
        for name in at.split('/').filter(|name| !name.is_empty()) {
            let found = self.directory(directory, name, 0);
            directory = found.ok_or_else(|| ImageError::Twice(at.to_owned()))?;
        }
        Ok(directory)
    }

    /// Adds a package at `at`, such as `var/task`; directories on the way are made.
    ///
    /// # Errors
    /// See [`ImageError`].
    pub fn mount(self, at: &str, package: &Package) -> Result<Self, ImageError> {
        self.put(at, package, Collision::Refused)
    }

    /// Lays a package over what is at `at`: what is in the way of its files is not seen any
    /// more, a directory with all that is in it.
    ///
    /// # Errors
    /// See [`ImageError`].
    pub fn overlay(self, at: &str, package: &Package) -> Result<Self, ImageError> {
        self.put(at, package, Collision::Replaces)
    }

    /// Lays a package under what is there: of its files those are seen that nothing is in the
    /// way of. Their paths are those in the whole tree.
    ///
    /// # Errors
    /// See [`ImageError`].
    pub fn underlay(self, package: &Package) -> Result<Self, ImageError> {
        self.put("", package, Collision::GivesWay)
    }

    fn put(
        mut self,
        at: &str,
        package: &Package,
        collision: Collision,
    ) -> Result<Self, ImageError> {
        let root = self.directories(at)?;
        let floor = if collision == Collision::Replaces { self.nodes.len() } else { 0 };
        let place = Place { root, blob: self.blobs.len(), floor };
        self.blobs.push(package.blob.clone());
        for entry in &package.entries {
            match self.insert(&place, entry) {
                Err(ImageError::Twice(_)) if collision == Collision::GivesWay => {}
                inserted => inserted?,
            }
        }
        Ok(self)
    }

    fn insert(&mut self, place: &Place, entry: &Entry) -> Result<(), ImageError> {
        let Entry { path: text, offset, size } = entry;
        let wrong = || ImageError::Path(text.clone());
        let twice = || ImageError::Twice(text.clone());
        let path = Path::new(text).ok().filter(|path| !path.directory).ok_or_else(wrong)?;
        // Also an empty name between two slashes.
        if text
            .split('/')
            .any(|part| matches!(part, "" | "." | "..") || part.len() > NAME_BYTES_MAX)
        {
            return Err(wrong());
        }
        offset.checked_add(*size).ok_or_else(|| ImageError::Range(text.clone()))?;
        let (parents, last) = path.split();
        let mut parent = place.root;
        for name in parents {
            parent = self.directory(parent, name, place.floor).ok_or_else(twice)?;
        }
        if self.nodes.len() >= NODES_MAX {
            return Err(ImageError::TooMany);
        }
        let file = ImageKind::File { blob: place.blob, offset: *offset, size: *size };
        self.add(parent, last.ok_or_else(wrong)?, file, place.floor).ok_or_else(twice)?;
        Ok(())
    }

    /// The directory of a name, which is made if need be; `None` if a file is there that is
    /// none of those below the floor.
    fn directory(&mut self, parent: usize, name: &str, floor: usize) -> Option<usize> {
        let found = self.child(parent, name);
        let found = found.filter(|found| matches!(self.kind(*found), ImageKind::Directory(_)));
        found.or_else(|| self.add(parent, name, ImageKind::Directory(BTreeMap::new()), floor))
    }

    /// Adds a node, in the place of one below the floor; `None` if another is there.
    fn add(&mut self, parent: usize, name: &str, kind: ImageKind, floor: usize) -> Option<usize> {
        let index = self.nodes.len();
        let ImageKind::Directory(children) = &mut self.nodes[parent].kind else { return None };
        if children.get(name).is_some_and(|there| *there >= floor) {
            return None;
        }
        children.insert(name.into(), index);
        self.nodes.push(ImageNode { parent, kind });
        Some(index)
    }

    /// About how many bytes of memory it takes, without its blobs.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        (self.nodes.len() * NODE_BYTES) as u64
    }

    pub(crate) fn child(&self, directory: usize, name: &str) -> Option<usize> {
        match self.kind(directory) {
            ImageKind::Directory(children) => children.get(name).copied(),
            ImageKind::File { .. } => None,
        }
    }

    pub(crate) fn parent(&self, index: usize) -> usize {
        self.nodes[index].parent
    }

    pub(crate) fn kind(&self, index: usize) -> &ImageKind {
        &self.nodes[index].kind
    }

    pub(crate) const fn scratch(&self) -> Option<usize> {
        self.scratch
    }

    /// The directory in whose place a volume is, by its order.
    pub(crate) fn place(&self, order: usize) -> Option<usize> {
        self.places.get(order).copied()
    }

    /// The order of the volume that is in a directory's place, if one is.
    pub(crate) fn volume_at(&self, index: usize) -> Option<usize> {
        self.places.iter().position(|place| *place == index)
    }

    pub(crate) fn stat(&self, index: usize) -> Stat {
        let (kind, size) = match self.kind(index) {
            ImageKind::Directory(_) => (Kind::Directory, 0),
            ImageKind::File { size, .. } => (Kind::File, *size),
        };
        let modified = SystemTime::UNIX_EPOCH + MODIFIED;
        Stat { kind, links: 1, size, accessed: modified, modified, changed: modified }
    }

    /// Reads a file; fewer bytes than asked for only at its end.
    pub(crate) fn read(
        &self,
        index: usize,
        buffer: &mut [u8],
        from: u64,
        may_wait: bool,
    ) -> io::Result<usize> {
        let ImageKind::File { blob, offset, size } = *self.kind(index) else { return Ok(0) };
        let left = usize::try_from(size.saturating_sub(from)).unwrap_or(usize::MAX);
        let count = buffer.len().min(left);
        let mut done = 0;
        while done < count {
            let at = offset + from + done as u64;
            match self.blobs[blob].read_at(&mut buffer[done..count], at, may_wait)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                more => done += more,
            }
        }
        Ok(done)
    }
}
