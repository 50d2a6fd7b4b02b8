//! How a tree goes on in its volumes.

use std::sync::Arc;

use crate::error::ErrorCode;
use crate::image::Image;
use crate::metadata::Kind;
use crate::node::{Id, VOLUME_ROOT};
use crate::vfs::Vfs;
use crate::volume::Volume;

impl Vfs {
    /// The root of the volume at a place, which is opened when somebody first goes there, and
    /// again when there is another of its name.
    pub(crate) fn enter(&mut self, place: usize) -> Result<Id, ErrorCode> {
        let volume = match self.mounts.at(place) {
            Some(volume) => volume,
            None => {
                self.check_may_wait()?;
                self.mounts.open(place)?
            }
        };
        Ok(Id::Volume { volume, number: VOLUME_ROOT, kind: Kind::Directory })
    }

    const fn check_may_wait(&self) -> Result<(), ErrorCode> {
        if self.may_wait { Ok(()) } else { Err(ErrorCode::WouldBlock) }
    }

    /// An open volume, for a call that may wait and takes so many steps.
    pub(crate) fn volume(
        &mut self,
        volume: usize,
        steps: u64,
    ) -> Result<Arc<dyn Volume>, ErrorCode> {
        self.check_may_wait()?;
        self.work += steps;
        self.mounts.get(volume).map(|(_, found)| found.clone()).ok_or(ErrorCode::Gone)
    }

    /// The directory of the image that a volume is in the place of.
    pub(crate) fn place_of(&self, volume: usize) -> usize {
        let place = self.mounts.get(volume).map(|(place, _)| *place);
        place.and_then(|place| self.image.place(place)).unwrap_or(Image::ROOT)
    }
}
