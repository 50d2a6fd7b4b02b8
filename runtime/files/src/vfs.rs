use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use std::time::SystemTime;

use crate::IO_BYTES_MAX;
use crate::content::Content;
use crate::error::ErrorCode;
use crate::image::{Image, ImageKind};
use crate::metadata::{Kind, Stat};
use crate::mounts::{CALL_STEPS, CHANGE_STEPS, Mounts, OpenVolume};
use crate::node::{Held, Id, Node, OpenFlags};
use crate::path::Path;
use crate::scratch::{Body, Scratch};
use crate::space::{ScratchOptions, Space};
use crate::volume::VolumeNode;

/// How often a file is looked up again that others have made or removed meanwhile.
const OPEN_TRIES: usize = 100;

/// The tree of one instance.
pub struct Vfs {
    pub(crate) image: Arc<Image>,
    pub(crate) scratch: Scratch,
    pub(crate) mounts: Mounts,
    /// Steps that were taken and not yet charged.
    pub(crate) work: u64,
    pub(crate) may_wait: bool,
}

impl Vfs {
    /// A tree whose scratch directory is empty. No file is opened for it until a byte is
    /// written.
    #[must_use]
    pub fn new(image: Arc<Image>, scratch: ScratchOptions) -> Self {
        let scratch = Scratch::new(Space::new(scratch));
        Self { image, scratch, mounts: Mounts::new(None), work: 0, may_wait: false }
    }

    /// The same with what opens its volumes.
    #[must_use]
    pub fn with_volumes(self, open: OpenVolume) -> Self {
        Self { mounts: Mounts::new(Some(open)), ..self }
    }

    /// Says whether calls from here on may wait for a volume. Those that must not and would are
    /// [`ErrorCode::WouldBlock`], and have changed nothing.
    pub const fn set_may_wait(&mut self, may_wait: bool) {
        self.may_wait = may_wait;
    }

    /// Bytes that the files of the scratch directory have, in blocks.
    #[must_use]
    pub const fn used(&self) -> u64 {
        self.scratch.space.used()
    }

    /// Bytes of memory that describe the scratch directory.
    #[must_use]
    pub const fn metadata(&self) -> u64 {
        self.scratch.space.metadata()
    }

    /// Steps, of lookups and the like, since this was last called.
    pub const fn take_work(&mut self) -> u64 {
        std::mem::replace(&mut self.work, 0)
    }

    /// The directory that all paths begin at.
    #[must_use]
    pub const fn root() -> Node {
        Node { id: Id::Image(Image::ROOT), kind: Kind::Directory, held: Held::Nothing }
    }

    fn hold(&mut self, id: Id) -> Result<Node, ErrorCode> {
        let kind = self.kind(id)?;
        let held = match id {
            Id::Image(_) => Held::Nothing,
            Id::Scratch(number) => Held::Scratch { _held: self.scratch.node(number)?.held.clone() },
            Id::Volume { volume, number, .. } => {
                Held::Volume(self.volume(volume, CALL_STEPS)?.hold(number)?)
            }
        };
        Ok(Node { id, kind, held })
    }

    /// Opens a file or directory.
    ///
    /// # Errors
    /// See [`ErrorCode`].
    pub fn open(&mut self, at: &Node, text: &str, flags: OpenFlags) -> Result<Node, ErrorCode> {
        if flags.directory && (flags.create || flags.exclusive || flags.truncate) {
            return Err(ErrorCode::Invalid);
        }
        let node = self.find_or_create(at.id, text, flags)?;
        let directory = node.kind == Kind::Directory;
        if flags.directory && !directory {
            return Err(ErrorCode::NotDirectory);
        }
        if directory && (flags.write || flags.truncate || flags.create) {
            return Err(ErrorCode::IsDirectory);
        }
        if flags.write || flags.truncate {
            self.check_writable(node.id)?;
            if flags.truncate {
                self.set_size(&node, 0)?;
            }
        }
        Ok(node)
    }

    /// What a path names, held. In a volume others may make it after it was looked for, and
    /// remove it after it was found.
    fn find_or_create(&mut self, at: Id, text: &str, flags: OpenFlags) -> Result<Node, ErrorCode> {
        for _ in 0..OPEN_TRIES {
            let found = match self.resolve(at, text) {
                Ok(_) if flags.create && flags.exclusive => return Err(ErrorCode::Exist),
                Err(ErrorCode::NoEntry) if flags.create => match self.create(at, text) {
                    Err(ErrorCode::Exist) if !flags.exclusive => continue,
                    created => created?,
                },
                found => found?,
            };
            match self.hold(found) {
                Err(ErrorCode::NoEntry) if flags.create && !flags.exclusive => {}
                held => return held,
            }
        }
        Err(ErrorCode::Busy)
    }

    fn check_writable(&mut self, id: Id) -> Result<(), ErrorCode> {
        match id {
            Id::Volume { volume, .. } if self.volume(volume, 0)?.is_read_only() => {
                Err(ErrorCode::ReadOnly)
            }
            Id::Volume { .. } => Ok(()),
            id => writable(id).map(drop),
        }
    }

    fn create(&mut self, at: Id, text: &str) -> Result<Id, ErrorCode> {
        if Path::new(text)?.directory {
            return Err(ErrorCode::IsDirectory);
        }
        let (parent, name) = self.place(at, text)?;
        self.create_in(parent, name, Kind::File)
    }

    fn create_in(&mut self, parent: Id, name: &str, kind: Kind) -> Result<Id, ErrorCode> {
        if let Id::Volume { volume, number, .. } = parent {
            let number = self.volume(volume, CHANGE_STEPS)?.create(number, name, kind)?;
            return Ok(Id::Volume { volume, number, kind });
        }
        self.check_is_here(parent)?;
        let body = match kind {
            Kind::Directory => Body::Directory(BTreeMap::new()),
            Kind::File => Body::File(Content::default()),
        };
        Ok(Id::Scratch(self.scratch.create(writable(parent)?, name, body)?))
    }

    /// The directory that a path's last name is in, and that name.
    pub(crate) fn place<'a>(&mut self, at: Id, text: &'a str) -> Result<(Id, &'a str), ErrorCode> {
        let path = Path::new(text)?;
        let (parents, last) = path.split();
        let parent = self.walk(at, parents)?;
        if !self.is_directory(parent)? {
            return Err(ErrorCode::NotDirectory);
        }
        Ok((parent, last.ok_or(ErrorCode::Busy)?))
    }

    /// Makes a directory.
    ///
    /// # Errors
    /// See [`ErrorCode`].
    pub fn create_directory(&mut self, at: &Node, text: &str) -> Result<(), ErrorCode> {
        match self.resolve(at.id, text) {
            Ok(_) => return Err(ErrorCode::Exist),
            Err(ErrorCode::WouldBlock) => return Err(ErrorCode::WouldBlock),
            Err(_) => {}
        }
        let (parent, name) = self.place(at.id, text)?;
        self.create_in(parent, name, Kind::Directory).map(drop)
    }

    /// Removes the name of a file, or an empty directory.
    ///
    /// # Errors
    /// See [`ErrorCode`].
    pub fn remove(&mut self, at: &Node, text: &str, kind: Kind) -> Result<(), ErrorCode> {
        let found = self.resolve(at.id, text)?;
        let found_kind = self.kind(found)?;
        // Whether it is empty is asked where it is.
        found_kind.check_gives_way(kind, || Ok(true))?;
        if is_mounted(found) {
            return Err(ErrorCode::Busy);
        }
        let (parent, name) = self.place(at.id, text)?;
        if let Id::Volume { volume, number, .. } = parent {
            return self.volume(volume, CHANGE_STEPS)?.remove(number, name, kind);
        }
        let number = writable(found)?;
        self.work += self.cost_of(number);
        found_kind.check_gives_way(kind, || self.scratch.is_empty(number))?;
        self.scratch.remove(writable(parent)?, name)
    }

    /// Steps that it takes to give a file back.
    pub(crate) fn cost_of(&self, number: u64) -> u64 {
        match self.scratch.node(number).map(|node| &node.body) {
            Ok(Body::File(content)) => content.runs(),
            _ => 0,
        }
    }

    /// Itself in its volume, if it is in one and the call may wait.
    fn in_volume<'n>(&self, node: &'n Node) -> Result<Option<&'n Arc<dyn VolumeNode>>, ErrorCode> {
        match node.in_volume() {
            Some(_) if !self.may_wait => Err(ErrorCode::WouldBlock),
            found => Ok(found),
        }
    }

    /// What is known of an open file or directory.
    ///
    /// # Errors
    /// It is not of this tree.
    pub fn stat(&self, node: &Node) -> Result<Stat, ErrorCode> {
        if let Some(node) = node.in_volume() {
            return node.stat(self.may_wait);
        }
        match node.id {
            Id::Image(index) => Ok(self.image.stat(index)),
            Id::Scratch(number) => self.scratch.stat(number),
            Id::Volume { .. } => Err(ErrorCode::BadDescriptor),
        }
    }

    /// What a path names, to be looked at only.
    ///
    /// # Errors
    /// See [`ErrorCode`].
    pub fn lookup(&mut self, at: &Node, text: &str) -> Result<Node, ErrorCode> {
        let found = self.resolve(at.id, text)?;
        self.hold(found)
    }

    /// Changes when it was read and written, as a guest says.
    ///
    /// # Errors
    /// It is of a package.
    pub fn set_times(
        &mut self,
        node: &Node,
        accessed: Option<SystemTime>,
        modified: Option<SystemTime>,
    ) -> Result<(), ErrorCode> {
        if let Some(node) = self.in_volume(node)? {
            return node.set_times(accessed, modified);
        }
        let node = self.scratch.node_mut(writable(node.id)?)?;
        node.accessed = accessed.unwrap_or(node.accessed);
        node.modified = modified.unwrap_or(node.modified);
        node.changed = SystemTime::now();
        Ok(())
    }

    /// Reads up to `len` bytes, and no more than [`IO_BYTES_MAX`]; none at the end. Unless it
    /// may wait, it reads only what is in memory.
    ///
    /// # Errors
    /// [`ErrorCode::WouldBlock`] if it must not wait and would; others by what went wrong.
    pub fn read(
        &self,
        node: &Node,
        len: usize,
        offset: u64,
        may_wait: bool,
    ) -> Result<Vec<u8>, ErrorCode> {
        if node.kind == Kind::Directory {
            return Err(ErrorCode::IsDirectory);
        }
        if let Some(node) = node.in_volume() {
            return node.read_some(len, offset, may_wait);
        }
        let stat = self.stat(node)?;
        let left = usize::try_from(stat.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let mut buffer = vec![0; len.min(left).min(IO_BYTES_MAX)];
        let count = match node.id {
            Id::Image(index) => self.image.read(index, &mut buffer, offset, may_wait)?,
            Id::Scratch(number) => match &self.scratch.node(number)?.body {
                Body::File(content) => {
                    content.read(&self.scratch.space, &mut buffer, offset, may_wait)?
                }
                Body::Directory(_) => return Err(ErrorCode::IsDirectory),
            },
            Id::Volume { .. } => return Err(ErrorCode::BadDescriptor),
        };
        buffer.truncate(count);
        Ok(buffer)
    }

    /// Writes up to [`IO_BYTES_MAX`] bytes at an offset, or without one at the end; returns how
    /// many it wrote.
    ///
    /// # Errors
    /// Not one byte was written; see [`ErrorCode`].
    pub fn write(
        &mut self,
        node: &Node,
        bytes: &[u8],
        offset: Option<u64>,
    ) -> Result<usize, ErrorCode> {
        let bytes = &bytes[..bytes.len().min(IO_BYTES_MAX)];
        if let Some(node) = self.in_volume(node)? {
            return node.write(bytes, offset);
        }
        let number = writable(node.id)?;
        let mut count = 0;
        while count < bytes.len() {
            let written = self.scratch.with_room(|scratch| {
                let (content, space) = scratch.content(number)?;
                let at =
                    offset.map_or(content.size(), |offset| offset.saturating_add(count as u64));
                content.write(space, &bytes[count..], at)
            });
            match written {
                Ok(more) => count += more,
                Err(error) if count == 0 => return Err(error),
                Err(_) => break,
            }
        }
        self.scratch.touch(number)?;
        Ok(count)
    }

    /// Cuts a file, or lets it end in zeroes that take no space.
    ///
    /// # Errors
    /// See [`ErrorCode`].
    pub fn set_size(&mut self, node: &Node, size: u64) -> Result<(), ErrorCode> {
        if let Some(node) = self.in_volume(node)? {
            return node.set_size(size);
        }
        let number = writable(node.id)?;
        self.work += self.cost_of(number);
        let (content, space) = self.scratch.content(number)?;
        content.set_size(space, size)?;
        self.scratch.touch(number)
    }

    /// The first `limit` entries of a directory that follow the name `after`, or the first of
    /// all, by name.
    ///
    /// # Errors
    /// It is no directory.
    pub fn entries(
        &mut self,
        node: &Node,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Kind)>, ErrorCode> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let range = (from, Bound::Unbounded);
        self.check_is_here(node.id)?;
        let found: Vec<_> = match node.id {
            Id::Image(index) => match self.image.kind(index) {
                ImageKind::Directory(children) => {
                    let names = children.range::<str, _>(range).take(limit);
                    // What is in the place of a directory is one.
                    names.map(|(name, child)| (name, self.image.stat(*child).kind)).collect()
                }
                ImageKind::File { .. } => return Err(ErrorCode::NotDirectory),
            },
            Id::Scratch(number) => {
                let names = self.scratch.children(number)?.range::<str, _>(range).take(limit);
                let kind = |child| self.scratch.node(child).map(|node| node.body.kind());
                names
                    .map(|(name, child)| Ok((name, kind(*child)?)))
                    .collect::<Result<_, ErrorCode>>()?
            }
            Id::Volume { kind: Kind::File, .. } => return Err(ErrorCode::NotDirectory),
            Id::Volume { volume, number, .. } => {
                let found = self.volume(volume, CALL_STEPS)?.entries(number, after, limit)?;
                self.work += found.len() as u64;
                return Ok(found);
            }
        };
        let found: Vec<_> =
            found.into_iter().map(|(name, kind)| (name.to_string(), kind)).collect();
        self.work += 1 + found.len() as u64;
        Ok(found)
    }

    /// The entry of a directory that follows the name `after`, or the first.
    ///
    /// # Errors
    /// It is no directory.
    pub fn next_entry(
        &mut self,
        node: &Node,
        after: Option<&str>,
    ) -> Result<Option<(String, Kind)>, ErrorCode> {
        Ok(self.entries(node, after, 1)?.pop())
    }
}

/// Whether it is what is mounted in the image, which is not moved or removed.
pub(crate) fn is_mounted(id: Id) -> bool {
    id == Id::Scratch(Scratch::ROOT) || id.is_volume_root()
}

/// The number of what can be changed in the scratch directory.
pub(crate) const fn writable(id: Id) -> Result<u64, ErrorCode> {
    match id {
        Id::Scratch(number) => Ok(number),
        Id::Image(_) | Id::Volume { .. } => Err(ErrorCode::ReadOnly),
    }
}
