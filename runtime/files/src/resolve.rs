use crate::error::ErrorCode;
use crate::image::Image;
use crate::metadata::Kind;
use crate::mounts::CALL_STEPS;
use crate::node::{Id, VOLUME_ROOT};
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

    pub(crate) fn child(&mut self, directory: Id, name: &str) -> Result<Option<Id>, ErrorCode> {
        self.check_is_here(directory)?;
        match directory {
            Id::Image(index) => match self.image.child(index, name) {
                Some(child) => self.mounted(child).map(Some),
                None => Ok(None),
            },
            Id::Scratch(number) => Ok(self.scratch.child(number, name)?.map(Id::Scratch)),
            Id::Volume { volume, number, .. } => {
                let found = self.volume(volume, CALL_STEPS)?.child(number, name)?;
                Ok(found.map(|(number, kind)| Id::Volume { volume, number, kind }))
            }
        }
    }

    /// The scratch directory or a volume, where it is in the place of a directory of the image.
    /// In the place of one that is gone is that directory, so that what it is in can be listed;
    /// there is nothing in it but that error.
    fn mounted(&mut self, index: usize) -> Result<Id, ErrorCode> {
        if self.image.scratch() == Some(index) {
            return Ok(Id::Scratch(Scratch::ROOT));
        }
        match self.image.volume_at(index) {
            Some(place) => match self.enter(place) {
                Err(ErrorCode::Gone) => Ok(Id::Image(index)),
                entered => entered,
            },
            None => Ok(Id::Image(index)),
        }
    }

    /// Fails for the place of a volume that is gone.
    pub(crate) fn check_is_here(&self, id: Id) -> Result<(), ErrorCode> {
        match id {
            Id::Image(index) if self.image.volume_at(index).is_some() => Err(ErrorCode::Gone),
            _ => Ok(()),
        }
    }

    fn parent(&mut self, id: Id) -> Result<Id, ErrorCode> {
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
            Id::Volume { volume, number: VOLUME_ROOT, .. } => {
                Ok(Id::Image(self.image.parent(self.place_of(volume))))
            }
            Id::Volume { volume, number, .. } => {
                let number = self.volume(volume, CALL_STEPS)?.parent(number)?;
                Ok(Id::Volume { volume, number, kind: Kind::Directory })
            }
        }
    }

    pub(crate) fn is_directory(&self, id: Id) -> Result<bool, ErrorCode> {
        Ok(self.kind(id)? == Kind::Directory)
    }

    pub(crate) fn kind(&self, id: Id) -> Result<Kind, ErrorCode> {
        match id {
            Id::Image(index) => Ok(self.image.stat(index).kind),
            Id::Scratch(number) => Ok(self.scratch.node(number)?.body.kind()),
            Id::Volume { kind, .. } => Ok(kind),
        }
    }
}
