use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;

use crate::error::PackageError;

/// Bytes that can be read at any offset.
pub trait Blob {
    /// Reads some bytes from `offset`; none only at the end.
    ///
    /// # Errors
    /// The bytes cannot be read.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
}

impl Blob for [u8] {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(self.len());
        let count = buffer.len().min(self.len() - start);
        buffer[..count].copy_from_slice(&self[start..start + count]);
        Ok(count)
    }
}

impl<B: Blob + ?Sized> Blob for &B {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        (**self).read_at(buffer, offset)
    }
}

impl Blob for Vec<u8> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.as_slice().read_at(buffer, offset)
    }
}

impl Blob for File {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(self, buffer, offset)
    }
}

/// Reads a part of a blob from its beginning to its end.
///
/// Failures of the blob itself are [`PackageError::Io`] inside the error, so that they are
/// told apart from what readers of formats say of the bytes.
pub(crate) struct Part<'a> {
    blob: &'a dyn Blob,
    offset: u64,
    left: u64,
}

impl<'a> Part<'a> {
    pub(crate) const fn new(blob: &'a dyn Blob, offset: u64, bytes: u64) -> Self {
        Self { blob, offset, left: bytes }
    }

    pub(crate) const fn left(&self) -> u64 {
        self.left
    }
}

impl Read for Part<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let read = loop {
            match self.blob.read_at(&mut buffer[..most], self.offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(PackageError::Io(error).into()),
                Ok(read) => break read,
            }
        };
        self.offset += read as u64;
        self.left -= read as u64;
        Ok(read)
    }
}

/// Fills the buffer from `offset`.
pub(crate) fn read_exact(blob: &dyn Blob, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    Part::new(blob, offset, buffer.len() as u64).read_exact(buffer)
}

/// A file that what is unpacked is copied to, until it is written to a package.
pub(crate) struct Scratch<'a> {
    file: &'a File,
    offset: u64,
}

impl<'a> Scratch<'a> {
    /// Copies will be from this offset on, over what is there.
    pub(crate) const fn new(file: &'a File, offset: u64) -> Self {
        Self { file, offset }
    }

    /// The offset behind all copies.
    pub(crate) const fn end(&self) -> u64 {
        self.offset
    }

    /// Where the next copy will be in which file.
    pub(crate) const fn place(&self) -> (&'a File, u64) {
        (self.file, self.offset)
    }

    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), PackageError> {
        self.file.write_all_at(bytes, self.offset).map_err(PackageError::Io)?;
        self.offset += bytes.len() as u64;
        Ok(())
    }
}
