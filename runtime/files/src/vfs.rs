use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use std::time::SystemTime;

use crate::IO_BYTES_MAX;
use crate::content::Content;
use crate::error::ErrorCode;
use crate::image::{Image, ImageKind};
use crate::metadata::{Kind, Stat};
use crate::node::{Id, Node, OpenFlags};
use crate::path::Path;
use crate::scratch::{Body, Scratch};
use crate::space::{ScratchOptions, Space};

/// The tree of one instance.
pub struct Vfs {
    pub(crate) image: Arc<Image>,
    pub(crate) scratch: Scratch,
    /// Steps that were taken and not yet charged.
    pub(crate) work: u64,
}

impl Vfs {
    /// A tree whose scratch directory is empty. No file is opened for it until a byte is
    /// written.
    #[must_use]
    pub fn new(image: Arc<Image>, scratch: ScratchOptions) -> Self {
        Self { image, scratch: Scratch::new(Space::new(scratch)), work: 0 }
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
    pub const fn root(&self) -> Node {
        Node { id: Id::Image(Image::ROOT), _held: None }
    }

    fn hold(&self, id: Id) -> Result<Node, ErrorCode> {
        let held = match id {
            Id::Image(_) => None,
            Id::Scratch(number) => Some(self.scratch.node(number)?.held.clone()),
        };
        Ok(Node { id, _held: held })
    }

    /// Opens a file or directory.
    ///
    /// # Errors
    /// See [`ErrorCode`].
    pub fn open(&mut self, at: &Node, text: &str, flags: OpenFlags) -> Result<Node, ErrorCode> {
        if flags.directory && (flags.create || flags.exclusive || flags.truncate) {
            return Err(ErrorCode::Invalid);
        }
        let found = match self.resolve(at.id, text) {
            Ok(_) if flags.create && flags.exclusive => return Err(ErrorCode::Exist),
            Err(ErrorCode::NoEntry) if flags.create => self.create(at.id, text)?,
            found => found?,
        };
        let directory = self.is_directory(found)?;
        if flags.directory && !directory {
            return Err(ErrorCode::NotDirectory);
        }
        if directory && (flags.write || flags.truncate || flags.create) {
            return Err(ErrorCode::IsDirectory);
        }
        if flags.write || flags.truncate {
            let number = writable(found)?;
            if flags.truncate {
                self.set_size(&Node { id: Id::Scratch(number), _held: None }, 0)?;
            }
        }
        self.hold(found)
    }

    fn create(&mut self, at: Id, text: &str) -> Result<Id, ErrorCode> {
        if Path::new(text)?.directory {
            return Err(ErrorCode::IsDirectory);
        }
        let (parent, name) = self.place(at, text)?;
        let body = Body::File(Content::default());
        Ok(Id::Scratch(self.scratch.create(writable(parent)?, name, body)?))
    }

    /// The directory that a path's last name is in, and that name.
    fn place<'a>(&mut self, at: Id, text: &'a str) -> Result<(Id, &'a str), ErrorCode> {
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
        if self.resolve(at.id, text).is_ok() {
            return Err(ErrorCode::Exist);
        }
        let (parent, name) = self.place(at.id, text)?;
        let body = Body::Directory(BTreeMap::new());
        self.scratch.create(writable(parent)?, name, body).map(drop)
    }

    /// Removes the name of a file, or an empty directory.
    ///
    /// # Errors
    /// See [`ErrorCode`].
    pub fn remove(&mut self, at: &Node, text: &str, kind: Kind) -> Result<(), ErrorCode> {
        let found = self.resolve(at.id, text)?;
        match (kind, self.is_directory(found)?) {
            (Kind::File, true) => return Err(ErrorCode::IsDirectory),
            (Kind::Directory, false) => return Err(ErrorCode::NotDirectory),
            _ => {}
        }
        if found == Id::Scratch(Scratch::ROOT) {
            return Err(ErrorCode::Busy);
        }
        let number = writable(found)?;
        self.work += self.cost_of(number);
        if kind == Kind::Directory && !self.scratch.children(number)?.is_empty() {
            return Err(ErrorCode::NotEmpty);
        }
        let (parent, name) = self.place(at.id, text)?;
        self.scratch.remove(writable(parent)?, name)
    }

    /// Steps that it takes to give a file back.
    fn cost_of(&self, number: u64) -> u64 {
        match self.scratch.node(number).map(|node| &node.body) {
            Ok(Body::File(content)) => content.runs(),
            _ => 0,
        }
    }

    /// Gives a file or directory another name, in the place of what may have it.
    ///
    /// # Errors
    /// See [`ErrorCode`].
    pub fn rename(
        &mut self,
        from: &Node,
        old: &str,
        to: &Node,
        new: &str,
    ) -> Result<(), ErrorCode> {
        let moved = self.resolve(from.id, old)?;
        let (old_parent, old_name) = self.place(from.id, old)?;
        let (new_parent, new_name) = self.place(to.id, new)?;
        let existing = self.child(new_parent, new_name)?;
        let scratch = Some(Id::Scratch(Scratch::ROOT));
        if Some(moved) == scratch || existing == scratch {
            return Err(ErrorCode::Busy);
        }
        let (number, old_parent, new_parent) =
            (writable(moved)?, writable(old_parent)?, writable(new_parent)?);
        let directory = self.is_directory(moved)?;
        if Path::new(new)?.directory && !directory {
            return Err(ErrorCode::NotDirectory);
        }
        if existing == Some(moved) {
            return Ok(());
        }
        let mut work = 0;
        let within = directory && self.scratch.is_within(new_parent, number, &mut work);
        self.work += work;
        if within {
            return Err(ErrorCode::Invalid);
        }
        if self.scratch.node(new_parent)?.parent.is_none() {
            return Err(ErrorCode::NoEntry);
        }
        if let Some(existing) = existing {
            self.replaceable(existing, directory)?;
            self.work += self.cost_of(writable(existing)?);
            self.scratch.remove(new_parent, new_name)?;
        }
        self.scratch.rename((old_parent, old_name), (new_parent, new_name))
    }

    fn replaceable(&self, existing: Id, by_directory: bool) -> Result<(), ErrorCode> {
        match (by_directory, self.is_directory(existing)?) {
            (true, false) => Err(ErrorCode::NotDirectory),
            (false, true) => Err(ErrorCode::IsDirectory),
            (true, true) if !self.scratch.children(writable(existing)?)?.is_empty() => {
                Err(ErrorCode::NotEmpty)
            }
            _ => Ok(()),
        }
    }

    /// What is known of an open file or directory.
    ///
    /// # Errors
    /// It is not of this tree.
    pub fn stat(&self, node: &Node) -> Result<Stat, ErrorCode> {
        match node.id {
            Id::Image(index) => Ok(self.image.stat(index)),
            Id::Scratch(number) => self.scratch.stat(number),
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
        let stat = self.stat(node)?;
        if stat.kind == Kind::Directory {
            return Err(ErrorCode::IsDirectory);
        }
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
        let number = writable(node.id)?;
        let bytes = &bytes[..bytes.len().min(IO_BYTES_MAX)];
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
        let number = writable(node.id)?;
        self.work += self.cost_of(number);
        let (content, space) = self.scratch.content(number)?;
        content.set_size(space, size)?;
        self.scratch.touch(number)
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
        self.work += 1;
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let range = (from, Bound::Unbounded);
        let next = match node.id {
            Id::Image(index) => match self.image.kind(index) {
                ImageKind::Directory(children) => children
                    .range::<str, _>(range)
                    .next()
                    .map(|(name, child)| (name.to_string(), self.mounted(*child))),
                ImageKind::File { .. } => return Err(ErrorCode::NotDirectory),
            },
            Id::Scratch(number) => self
                .scratch
                .children(number)?
                .range::<str, _>(range)
                .next()
                .map(|(name, child)| (name.to_string(), Id::Scratch(*child))),
        };
        let Some((name, id)) = next else { return Ok(None) };
        let kind = if self.is_directory(id)? { Kind::Directory } else { Kind::File };
        Ok(Some((name, kind)))
    }
}

/// The number of what can be changed.
const fn writable(id: Id) -> Result<u64, ErrorCode> {
    match id {
        Id::Scratch(number) => Ok(number),
        Id::Image(_) => Err(ErrorCode::ReadOnly),
    }
}
