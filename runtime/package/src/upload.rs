//! What is uploaded, of whatever format, added to a package.

use std::fs::File;

use crate::blob::{Blob, Scratch};
use crate::builder::Builder;
use crate::content::Claimed;
use crate::error::{ArchiveFault, PackageError};
use crate::format::{self, Format};
use crate::{tar, zip};

impl<'a> Builder<'a> {
    /// Adds what is uploaded: all files of an archive, which is recognised by its first bytes, or
    /// else one file of the name that is given.
    ///
    /// The files of a tar are copied to `scratch`, from offset `scratch_offset` on; they are read
    /// from there when the package is written. The offset behind them is returned. Of a
    /// zip nothing is copied.
    ///
    /// # Errors
    /// See [`EntryFault`](crate::EntryFault) and [`ArchiveFault`].
    pub fn add_upload(
        &mut self,
        upload: &'a dyn Blob,
        bytes: u64,
        name: Option<&str>,
        scratch: &'a File,
        scratch_offset: u64,
    ) -> Result<u64, PackageError> {
        if bytes > self.limits().uploaded_bytes {
            return Err(ArchiveFault::UploadTooLarge { max: self.limits().uploaded_bytes }.into());
        }
        let start = format::start(upload, bytes)?;
        let mut scratch = Scratch::new(scratch, scratch_offset);
        match (Format::of(&start), name) {
            (Some(Format::Zip), _) => zip::add(self, upload, bytes)?,
            (Some(format), _) => tar::add(self, format, upload, bytes, &mut scratch)?,
            (None, Some(name)) => self.add(name, Claimed::of_blob(upload, bytes)?)?,
            (None, None) => {
                return Err(ArchiveFault::UnknownFormat(format::looks_like(&start)).into());
            }
        }
        Ok(scratch.end())
    }
}
