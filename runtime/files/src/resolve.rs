use crate::error::ErrorCode;
use crate::image::{Image, ImageKind};
use crate::node::Id;
use crate::path::Path;
use crate::scratch::Scratch;
use crate::vfs::Vfs;

impl Vfs {
    /// What a path names.
    pub(crate) fn resolve(&mut self, from: Id, text: &str) -> Result<Id, ErrorCode> {
        let path = Path::new(text)?;
        let found = self.walk(from, path.parts())?;
        if path.directory && !self.is_directory(found)? {
            return Err(ErrorCode::NotDirectory);
        }
        Ok(found)
    }

    /// Goes from a directory by names. There are no links, so what `..` leads to is what
    /// contains the directory, and it never leads out of the first.
    pub(crate) fn walk<'a>(
        &mut self,
        from: Id,
        parts: impl Iterator<Item = &'a str>,
    ) -> Result<Id, ErrorCode> {
        let (mut at, mut depth) = (from, 0_usize);
        if !self.is_directory(at)? {
            return Err(ErrorCode::NotDirectory);
        }
        for part in parts {
            self.work += 1;
            if !self.is_directory(at)? {
                return Err(ErrorCode::NotDirectory);
            }
            match part {
                "." => {}
                ".." => {
                    depth = depth.checked_sub(1).ok_or(ErrorCode::NotPermitted)?;
                    at = self.parent(at)?;
                }
                name => {
                    depth += 1;
                    at = self.child(at, name)?.ok_or(ErrorCode::NoEntry)?;
                }
            }
        }
        Ok(at)
    }

    pub(crate) fn child(&self, directory: Id, name: &str) -> Result<Option<Id>, ErrorCode> {
        match directory {
            Id::Image(index) => Ok(self.image.child(index, name).map(|child| self.mounted(child))),
            Id::Scratch(number) => Ok(self.scratch.child(number, name)?.map(Id::Scratch)),
        }
    }

    /// The scratch directory, where it is in the place of one of the image.
    pub(crate) fn mounted(&self, index: usize) -> Id {
        if self.image.scratch() == Some(index) {
            Id::Scratch(Scratch::ROOT)
        } else {
            Id::Image(index)
        }
    }

    fn parent(&self, id: Id) -> Result<Id, ErrorCode> {
        match id {
            Id::Image(index) => Ok(Id::Image(self.image.parent(index))),
            Id::Scratch(Scratch::ROOT) => {
                let place = self.image.scratch().unwrap_or(Image::ROOT);
                Ok(Id::Image(self.image.parent(place)))
            }
            Id::Scratch(number) => {
                let parent = self.scratch.node(number)?.parent;
                Ok(Id::Scratch(parent.ok_or(ErrorCode::NoEntry)?))
            }
        }
    }

    pub(crate) fn is_directory(&self, id: Id) -> Result<bool, ErrorCode> {
        match id {
            Id::Image(index) => Ok(matches!(self.image.kind(index), ImageKind::Directory(_))),
            Id::Scratch(number) => {
                Ok(self.scratch.node(number)?.body.kind() == crate::metadata::Kind::Directory)
            }
        }
    }
}
