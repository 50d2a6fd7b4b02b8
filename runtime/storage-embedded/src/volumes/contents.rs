use std::fs::File;
use std::io::{self, ErrorKind};
use std::sync::Arc;

use cap_std::fs::Dir;
use rustix::fs::OFlags;

use crate::data_dir::{ensure_dir, private, sync_dir};
use crate::layout::VOLUME_FILES_DIR;
use crate::volumes::descriptors::Descriptors;

/// The bytes of a volume's files: one regular file for each that has any, named by its number.
pub(crate) struct Contents {
    dir: Dir,
    descriptors: Arc<Descriptors>,
    serial: u64,
}

impl Contents {
    /// Those in the directory of a volume.
    pub(crate) fn open(volume: &Dir, descriptors: Arc<Descriptors>) -> io::Result<Self> {
        let serial = descriptors.serial();
        Ok(Self { dir: ensure_dir(volume, VOLUME_FILES_DIR)?, descriptors, serial })
    }

    /// The file of a number, if it is open already.
    pub(crate) fn opened(&self, number: u64) -> Option<Arc<File>> {
        self.descriptors.get((self.serial, number))
    }

    /// The file of a number; none if nothing was written to it yet.
    pub(crate) fn file(&self, number: u64) -> io::Result<Option<Arc<File>>> {
        match self.open_with(number, false) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            opened => opened.map(Some),
        }
    }

    /// The file of a number, which is made if there is none.
    pub(crate) fn file_or_new(&self, number: u64) -> io::Result<Arc<File>> {
        self.open_with(number, true)
    }

    fn open_with(&self, number: u64, create: bool) -> io::Result<Arc<File>> {
        if let Some(file) = self.opened(number) {
            return Ok(file);
        }
        let mut options = private();
        options.read(true).write(true).create(create);
        // That it was read is nobody's business, and would be written.
        cap_std::fs::OpenOptionsExt::custom_flags(
            &mut options,
            OFlags::NOATIME.bits().cast_signed(),
        );
        let file = Arc::new(self.dir.open_with(number.to_string(), &options)?.into_std());
        self.descriptors.insert((self.serial, number), Arc::clone(&file));
        Ok(file)
    }

    /// Removes the file of a number, if there is one. Returns its size.
    pub(crate) fn remove(&self, number: u64) -> io::Result<u64> {
        self.descriptors.remove((self.serial, number));
        let size = match self.dir.metadata(number.to_string()) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
            found => found?.len(),
        };
        self.dir.remove_file(number.to_string())?;
        Ok(size)
    }

    /// Makes durable which files there are.
    pub(crate) fn sync(&self) -> io::Result<()> {
        sync_dir(&self.dir)
    }

    /// The number and size of each, in no order.
    pub(crate) fn all(&self) -> io::Result<Vec<(u64, u64)>> {
        let mut found = Vec::new();
        for entry in self.dir.entries()? {
            let entry = entry?;
            let number = entry.file_name().to_str().and_then(|name| name.parse().ok());
            if let Some(number) = number {
                found.push((number, entry.metadata()?.len()));
            }
        }
        Ok(found)
    }

    /// Closes all.
    pub(crate) fn close(&self) {
        self.descriptors.remove_all(self.serial);
    }
}

impl Drop for Contents {
    fn drop(&mut self) {
        self.close();
    }
}
