//! The volumes of a tree, and where they are in it.

use std::sync::Arc;

use crate::error::ErrorCode;
use crate::volume::Volume;

/// Steps that a call of a volume counts as: a look into its database.
pub(crate) const CALL_STEPS: u64 = 60;
/// Steps that a change of a volume's names counts as.
pub(crate) const CHANGE_STEPS: u64 = 300;

/// Opens the volume that is to be at a place of the image, by the order in which
/// [`Image::with_volume`](crate::Image::with_volume) was told of it. It may block.
pub type OpenVolume = Box<dyn Fn(usize) -> Result<Arc<dyn Volume>, ErrorCode> + Send + Sync>;

/// The volumes that were opened.
pub(crate) struct Mounts {
    open: Option<OpenVolume>,
    /// By number, each with its place. Those that were deleted stay, since descriptors may name
    /// them.
    opened: Vec<(usize, Arc<dyn Volume>)>,
}

impl Mounts {
    pub(crate) const fn new(open: Option<OpenVolume>) -> Self {
        Self { open, opened: Vec::new() }
    }

    /// The volume that is open at a place, unless it was deleted.
    pub(crate) fn at(&self, place: usize) -> Option<usize> {
        let found = self.opened.iter().rposition(|(at, _)| *at == place)?;
        (!self.opened[found].1.is_gone()).then_some(found)
    }

    /// Opens the volume of a place. It may block.
    pub(crate) fn open(&mut self, place: usize) -> Result<usize, ErrorCode> {
        let volume = self.open.as_ref().ok_or(ErrorCode::Gone)?(place)?;
        self.opened.push((place, volume));
        Ok(self.opened.len() - 1)
    }

    /// An open volume with its place.
    pub(crate) fn get(&self, volume: usize) -> Option<&(usize, Arc<dyn Volume>)> {
        self.opened.get(volume)
    }
}
