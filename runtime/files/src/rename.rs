use crate::error::ErrorCode;
use crate::mounts::CHANGE_STEPS;
use crate::node::{Id, Node};
use crate::path::Path;
use crate::vfs::{Vfs, is_mounted, writable};

impl Vfs {
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
        let old = self.place(from.id, old)?;
        let is_directory = Path::new(new)?.directory;
        let new = self.place(to.id, new)?;
        let existing = self.child(new.0, new.1)?;
        if is_mounted(moved) || existing.is_some_and(is_mounted) {
            return Err(ErrorCode::Busy);
        }
        if is_directory && !self.is_directory(moved)? {
            return Err(ErrorCode::NotDirectory);
        }
        match (old.0, new.0) {
            (Id::Volume { volume, number, .. }, Id::Volume { volume: other, number: to, .. })
                if volume == other =>
            {
                self.volume(volume, CHANGE_STEPS)?.rename((number, old.1), (to, new.1))
            }
            (Id::Image(_), _) | (_, Id::Image(_)) => Err(ErrorCode::ReadOnly),
            (Id::Scratch(from), Id::Scratch(to)) => {
                self.rename_in_scratch((moved, existing), (from, old.1), (to, new.1))
            }
            _ => Err(ErrorCode::CrossDevice),
        }
    }

    fn rename_in_scratch(
        &mut self,
        (moved, existing): (Id, Option<Id>),
        (old_parent, old_name): (u64, &str),
        (new_parent, new_name): (u64, &str),
    ) -> Result<(), ErrorCode> {
        let number = writable(moved)?;
        let directory = self.is_directory(moved)?;
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
            let (kind, replaced) = (self.kind(existing)?, writable(existing)?);
            kind.check_gives_way(self.kind(moved)?, || self.scratch.is_empty(replaced))?;
            self.work += self.cost_of(replaced);
            self.scratch.remove(new_parent, new_name)?;
        }
        self.scratch.rename((old_parent, old_name), (new_parent, new_name))
    }
}
