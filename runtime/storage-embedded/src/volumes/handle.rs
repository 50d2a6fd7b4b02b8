use std::sync::Arc;

use lambent_files::{ErrorCode, Kind, Volume, VolumeNode};

use crate::volumes::node::OpenNode;
use crate::volumes::volume::EmbeddedVolume;

/// A volume that somebody has open.
pub(crate) struct Handle(pub(crate) Arc<EmbeddedVolume>);

impl Volume for Handle {
    fn is_gone(&self) -> bool {
        self.0.is_gone()
    }

    fn child(&self, directory: u64, name: &str) -> Result<Option<(u64, Kind)>, ErrorCode> {
        let mut locked = self.0.names()?;
        let names = locked.names()?;
        match names.child(directory, name)? {
            Some(found) => Ok(Some(found)),
            // What was removed has no entries; it is not the same.
            None => names.kind(directory).map(|_| None),
        }
    }

    fn parent(&self, directory: u64) -> Result<u64, ErrorCode> {
        self.0.names()?.names()?.parent(directory)
    }

    fn hold(&self, number: u64) -> Result<Arc<dyn VolumeNode>, ErrorCode> {
        // Nothing loses its name meanwhile.
        let mut locked = self.0.names()?;
        let kind = locked.names()?.kind(number)?;
        let held = self.0.hold(number, kind);
        Ok(Arc::new(OpenNode::new(Arc::clone(&self.0), held)))
    }

    fn create(&self, directory: u64, name: &str, kind: Kind) -> Result<u64, ErrorCode> {
        self.0.with_room(|| self.0.create(directory, name, kind))
    }

    fn remove(&self, directory: u64, name: &str, kind: Kind) -> Result<(), ErrorCode> {
        let mut locked = self.0.names()?;
        let names = locked.names()?;
        let (number, found) = names.child(directory, name)?.ok_or(ErrorCode::NoEntry)?;
        found.check_gives_way(kind, || names.is_empty(number))?;
        names.remove(directory, number)?;
        self.0.unnamed(number);
        Ok(())
    }

    fn rename(&self, from: (u64, &str), to: (u64, &str)) -> Result<(), ErrorCode> {
        let mut locked = self.0.names()?;
        let names = locked.names()?;
        let (number, kind) = names.child(from.0, from.1)?.ok_or(ErrorCode::NoEntry)?;
        if names.kind(to.0)? == Kind::File {
            return Err(ErrorCode::NotDirectory);
        }
        if kind == Kind::Directory && names.is_within(to.0, number)? {
            return Err(ErrorCode::Invalid);
        }
        let existing = names.child(to.0, to.1)?;
        match existing {
            Some((existing, _)) if existing == number => return Ok(()),
            Some((existing, found)) => {
                found.check_gives_way(kind, || names.is_empty(existing))?;
            }
            None => {}
        }
        let existing = existing.map(|(existing, _)| existing);
        names.rename(number, from.0, to, existing)?;
        if let Some(existing) = existing {
            self.0.unnamed(existing);
        }
        Ok(())
    }

    fn entries(
        &self,
        directory: u64,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Kind)>, ErrorCode> {
        let mut locked = self.0.names()?;
        let names = locked.names()?;
        names.kind(directory)?;
        names.entries(directory, after, limit)
    }
}
