use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Write;

use lambent_types::{DigestWriter, Package};

use crate::blob::Blob;
use crate::canonical::{self, Head};
use crate::content::{Claimed, Content, Encoding, Reader};
use crate::error::{ArchiveFault, EntryFault, PackageError};
use crate::index::{Entry, Index};
use crate::limits::Limits;
use crate::path::{self, EntryPath};
use crate::tree::Tree;

/// Collects files, and writes them as one package.
///
/// Nothing is decompressed before [`write`](Self::write), and nothing is held in memory but
/// names and what was added as bytes. After an error the builder is of no use any more.
pub struct Builder<'a> {
    limits: Limits,
    tree: Tree,
    files: BTreeMap<Box<str>, Claimed<'a>>,
    unpacked: u64,
    skipped: usize,
}

/// A package that was written.
#[derive(Debug)]
pub struct Written {
    /// Its digest and size.
    pub package: Package,
    /// Its files.
    pub index: Index,
    /// The first eight bytes of each file, in the order of the index, with zeros behind the end of
    /// a shorter one. They tell what a file is, such as a WebAssembly component.
    pub heads: Vec<[u8; 8]>,
}

/// What becomes of an entry of an archive.
pub(crate) enum Admitted<'n> {
    /// It is a file of the package.
    File(&'n str),
    /// It is a directory, or litter.
    Nothing,
}

impl<'a> Builder<'a> {
    /// A builder of packages within these limits.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let files = BTreeMap::new();
        Self { limits, tree: Tree::new(), files, unpacked: 0, skipped: 0 }
    }

    /// The paths of the files so far, in order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(|path| &**path)
    }

    /// Adds a file.
    ///
    /// # Errors
    /// The path cannot be in a package or is there already, or a limit is exceeded.
    pub fn add_bytes(
        &mut self,
        path: &str,
        bytes: impl Into<Cow<'a, [u8]>>,
    ) -> Result<(), PackageError> {
        self.add(path, Claimed::of_bytes(bytes.into()))
    }

    /// Adds a file, or takes its place if there is one of this path.
    ///
    /// # Errors
    /// As [`add_bytes`](Self::add_bytes).
    pub fn replace_bytes(
        &mut self,
        path: &str,
        bytes: impl Into<Cow<'a, [u8]>>,
    ) -> Result<(), PackageError> {
        let file = Claimed::of_bytes(bytes.into());
        match self.files.get_mut(path) {
            Some(old) => {
                self.unpacked -= old.bytes;
                *old = file;
                let bytes = old.bytes;
                self.count(bytes)
            }
            None => self.add(path, file),
        }
    }

    /// Adds all files of a package that was opened, without reading them yet.
    ///
    /// # Errors
    /// A file of such a path is there already, or a limit is exceeded.
    pub fn add_package(&mut self, blob: &'a dyn Blob, index: &Index) -> Result<(), PackageError> {
        for entry in index.entries() {
            let Entry { path, offset, size, crc32 } = entry;
            let content = Content::Blob { blob, offset: *offset, encoding: Encoding::Stored };
            self.add(path, Claimed { content, bytes: *size, crc: *crc32 })?;
        }
        Ok(())
    }

    /// Writes the package; what was written is of no use if this fails.
    ///
    /// # Errors
    /// There are no files, their bytes are not what was said of them, or reading or writing failed.
    pub fn write(self, out: &mut dyn Write) -> Result<Written, PackageError> {
        if self.files.is_empty() {
            return Err(ArchiveFault::Empty.into());
        }
        let mut sink = DigestWriter::new(out);
        let failed = PackageError::Io;
        let mut entries = Vec::with_capacity(self.files.len());
        let mut heads = Vec::with_capacity(self.files.len());
        let mut central = Vec::new();
        let mut local = Vec::new();
        let mut reader = Reader::new();
        for (path, file) in &self.files {
            let size = self.short(file.bytes)?;
            let head = Head { path, bytes: size, crc: file.crc };
            head.central(self.short(sink.bytes())?, &mut central);
            local.clear();
            head.local(&mut local);
            sink.write_all(&local).map_err(failed)?;
            let offset = sink.bytes();
            let mut first = FirstBytes::default();
            reader.read(file, path, |chunk| {
                first.take(chunk);
                sink.write_all(chunk).map_err(failed)
            })?;
            heads.push(first.bytes);
            let path = path.to_string();
            entries.push(Entry { path, offset, size: file.bytes, crc32: file.crc });
        }
        let (offset, bytes) = (self.short(sink.bytes())?, self.short(central.len() as u64)?);
        canonical::end(entries.len() as u64, bytes, offset, &mut central);
        sink.write_all(&central).and_then(|()| sink.flush()).map_err(failed)?;
        let bytes = sink.bytes();
        let (_, digest) = sink.finish();
        Ok(Written { package: Package { digest, bytes }, index: Index::new(entries), heads })
    }

    /// A size or offset, which the canonical form has 32 bits for.
    fn short(&self, bytes: u64) -> Result<u32, PackageError> {
        let too_large = || ArchiveFault::UnpackedTooLarge { max: self.limits.unpacked_bytes };
        Ok(u32::try_from(bytes).ok().filter(|bytes| *bytes < u32::MAX).ok_or_else(too_large)?)
    }

    pub(crate) fn add(&mut self, path: &str, file: Claimed<'a>) -> Result<(), PackageError> {
        let wrong = |fault| PackageError::entry(path, fault);
        let read = path::read(path.as_bytes(), &self.limits).map_err(wrong)?;
        if read.directory {
            return Err(wrong(EntryFault::DirectoryWithBytes));
        }
        self.tree.add(read.path, false, &self.limits)?;
        self.insert(read.path, file)
    }

    pub(crate) const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Takes note of an entry of an archive, by the name and kind that it has there.
    pub(crate) fn admit<'n>(
        &mut self,
        name: &'n [u8],
        directory: bool,
        bytes: u64,
    ) -> Result<Admitted<'n>, PackageError> {
        let wrong = |fault| PackageError::entry(name, fault);
        let EntryPath { path, directory: by_name } =
            path::read(name, &self.limits).map_err(wrong)?;
        let directory = directory || by_name;
        if directory && bytes > 0 {
            return Err(wrong(EntryFault::DirectoryWithBytes));
        }
        if path.is_empty() || path::is_litter(path) {
            self.skipped += 1;
            if self.skipped > self.limits.entries {
                return Err(ArchiveFault::TooManyEntries { max: self.limits.entries }.into());
            }
            return Ok(Admitted::Nothing);
        }
        self.tree.add(path, directory, &self.limits)?;
        Ok(if directory { Admitted::Nothing } else { Admitted::File(path) })
    }

    /// Counts bytes that were, or will be, unpacked.
    fn count(&mut self, bytes: u64) -> Result<(), PackageError> {
        self.unpacked = self.unpacked.saturating_add(bytes);
        self.fits(0)
    }

    /// Whether so many more bytes are within the limit.
    pub(crate) fn fits(&self, bytes: u64) -> Result<(), PackageError> {
        let max = self.limits.unpacked_bytes;
        if self.unpacked.saturating_add(bytes) > max {
            return Err(ArchiveFault::UnpackedTooLarge { max }.into());
        }
        Ok(())
    }

    /// Adds a file whose path was admitted.
    pub(crate) fn insert(&mut self, path: &str, file: Claimed<'a>) -> Result<(), PackageError> {
        self.count(file.bytes)?;
        self.files.insert(path.into(), file);
        Ok(())
    }
}

#[derive(Default)]
struct FirstBytes {
    bytes: [u8; 8],
    count: usize,
}

impl FirstBytes {
    fn take(&mut self, chunk: &[u8]) {
        let rest = &mut self.bytes[self.count..];
        let count = rest.len().min(chunk.len());
        rest[..count].copy_from_slice(&chunk[..count]);
        self.count += count;
    }
}
