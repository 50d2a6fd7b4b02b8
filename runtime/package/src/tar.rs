//! Reads tars. The library reads headers; names, sizes and types are judged here, since it would
//! take extensions of any length into memory, and leaves links and the like to its caller.

use std::io::{self, Read};

use flate2::Crc;
use tar::{Archive, Entry, EntryType};

use crate::blob::{Blob, Part, Scratch};
use crate::builder::{Admitted, Builder};
use crate::content::{self, Claimed, Content, Encoding};
use crate::error::{ArchiveFault, EntryFault, PackageError};
use crate::format::{self, Format, START_BYTES};
use crate::gzip::Gzip;
use crate::limits::Limits;

/// Bytes of a header, and what everything is rounded up to.
const BLOCK_BYTES: u64 = 512;
/// Bytes of one extended header: long names and attributes of a file.
const EXTENSION_BYTES_MAX: u64 = 1_048_576;

/// Adds the files of a tar, compressed or not.
pub(crate) fn add<'a>(
    builder: &mut Builder<'a>,
    format: Format,
    upload: &dyn Blob,
    bytes: u64,
    scratch: &mut Scratch<'a>,
) -> Result<(), PackageError> {
    let part = Part::new(upload, 0, bytes);
    let limits = builder.limits().clone();
    if format == Format::Gzip {
        let mut gzip = Gzip::new(part);
        let mut start = Vec::new();
        (&mut gzip).take(START_BYTES as u64).read_to_end(&mut start).map_err(damaged)?;
        if !format::is_tar(&start) {
            return Err(ArchiveFault::UnknownFormat(Some("a gzip without a tar in it")).into());
        }
        return unpack(builder, Counted::new(start.as_slice().chain(gzip), &limits), scratch);
    }
    unpack(builder, Counted::new(part, &limits), scratch)
}

/// What a tar of a package within the limits can have at most, so that nothing else is decompressed
/// for long: contents, a few blocks for each entry, and its end.
fn stream_bytes_max(limits: &Limits) -> u64 {
    let blocks = (limits.entries as u64).saturating_mul(4 * BLOCK_BYTES);
    limits.unpacked_bytes.saturating_add(blocks).saturating_add(2 * EXTENSION_BYTES_MAX)
}

fn unpack<'a, R: Read>(
    builder: &mut Builder<'a>,
    from: Counted<R>,
    scratch: &mut Scratch<'a>,
) -> Result<(), PackageError> {
    let mut archive = Archive::new(from);
    let mut extensions = Extensions::default();
    let mut end = 0;
    let mut buffer = content::buffer();
    for entry in archive.entries().map_err(damaged)?.raw(true) {
        let mut entry = entry.map_err(damaged)?;
        let padded = entry.size().checked_next_multiple_of(BLOCK_BYTES);
        end =
            padded.and_then(|size| size.checked_add(entry.raw_file_position())).unwrap_or(u64::MAX);
        if !extensions.take(&mut entry)? {
            let extensions = std::mem::take(&mut extensions);
            add_entry(builder, &extensions, entry, scratch, &mut buffer)?;
        }
    }
    if !extensions.is_empty() {
        return Err(ArchiveFault::TarCutOff.into());
    }
    let mut rest = archive.into_inner();
    // At least one block of zeros was read, if the tar has an end.
    if rest.read <= end {
        return Err(ArchiveFault::TarCutOff.into());
    }
    content::copy(&mut rest, &mut buffer, |chunk| {
        let zeros = chunk.iter().all(|byte| *byte == 0);
        if zeros { Ok(()) } else { Err(ArchiveFault::TarSuffix.into()) }
    })?;
    Ok(())
}

fn add_entry<'a, R: Read>(
    builder: &mut Builder<'a>,
    extensions: &Extensions,
    mut entry: Entry<'_, R>,
    scratch: &mut Scratch<'a>,
    buffer: &mut [u8],
) -> Result<(), PackageError> {
    let header = entry.header().path_bytes().into_owned();
    let name = extensions.name(&header)?;
    let wrong = |fault| PackageError::entry(name, fault);
    // In GNU's headers times are where others have the beginning of a long name, but some
    // programs wrote names there, and read them.
    if entry.header().as_gnu().is_some_and(|header| header.atime[0] != 0) {
        return Err(wrong(EntryFault::TwoNames));
    }
    let directory = kind(entry.header().entry_type()).map_err(wrong)?;
    if extensions.sparse {
        return Err(wrong(EntryFault::Sparse));
    }
    let bytes = entry.size();
    if extensions.size.is_some_and(|size| size != bytes) {
        return Err(wrong(EntryFault::TwoSizes));
    }
    let Admitted::File(path) = builder.admit(name, directory, bytes)? else { return Ok(()) };
    builder.fits(bytes)?;
    let (blob, offset) = scratch.place();
    let mut crc = Crc::new();
    let read = content::copy(&mut entry, buffer, |chunk| {
        crc.update(chunk);
        scratch.append(chunk)
    })?;
    if read != bytes {
        return Err(ArchiveFault::TarCutOff.into());
    }
    let content = Content::Blob { blob, offset, encoding: Encoding::Stored };
    builder.insert(path, Claimed { content, bytes, crc: crc.sum() })
}

/// Whether it is a directory; an error for what is neither that nor a file.
fn kind(kind: EntryType) -> Result<bool, EntryFault> {
    match kind {
        EntryType::Regular | EntryType::Continuous => Ok(false),
        EntryType::Directory => Ok(true),
        EntryType::Symlink => Err(EntryFault::SymbolicLink),
        EntryType::Link => Err(EntryFault::HardLink),
        EntryType::Char | EntryType::Block | EntryType::Fifo => Err(EntryFault::Special),
        EntryType::GNUSparse => Err(EntryFault::Sparse),
        other => Err(EntryFault::UnknownType { kind: other.as_byte().into() }),
    }
}

/// What the headers in front of an entry's own say of it.
#[derive(Default)]
struct Extensions {
    gnu_name: Option<Vec<u8>>,
    pax_name: Option<Vec<u8>>,
    size: Option<u64>,
    sparse: bool,
    /// A header that says nothing of use here.
    other: bool,
}

impl Extensions {
    const fn is_empty(&self) -> bool {
        self.gnu_name.is_none() && self.pax_name.is_none() && self.size.is_none() && !self.other
    }

    /// Reads an extended header; false if the entry is something else.
    fn take<R: Read>(&mut self, entry: &mut Entry<'_, R>) -> Result<bool, PackageError> {
        let kind = entry.header().entry_type();
        let name = entry.header().path_bytes().into_owned();
        let wrong = || PackageError::entry(&name, EntryFault::ExtendedHeader);
        match kind {
            EntryType::GNULongName => {
                let text = read_extension(entry, &name)?;
                let end = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
                let padding = text[end..].iter().all(|byte| *byte == 0);
                if !padding || self.gnu_name.replace(text[..end].to_vec()).is_some() {
                    return Err(wrong());
                }
            }
            // Of a link, which is refused when it comes.
            EntryType::GNULongLink => {
                read_extension(entry, &name)?;
                self.other = true;
            }
            EntryType::XHeader => {
                let text = read_extension(entry, &name)?;
                records(&text, |key, value| self.pax(key, value)).ok_or_else(wrong)?;
                self.other = true;
            }
            EntryType::XGlobalHeader => {
                let text = read_extension(entry, &name)?;
                // What would change every entry; a comment is what git writes.
                let harmless = |key: &[u8], _: &[u8]| {
                    let changes =
                        key == b"path" || key == b"size" || key.starts_with(b"GNU.sparse.");
                    (!changes).then_some(())
                };
                records(&text, harmless).ok_or_else(wrong)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Takes note of a record; none if it is malformed or comes twice.
    fn pax(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        match key {
            b"path" => self.pax_name.replace(value.to_vec()).is_none().then_some(()),
            b"size" => {
                let size = std::str::from_utf8(value).ok()?.parse().ok()?;
                self.size.replace(size).is_none().then_some(())
            }
            _ => {
                self.sparse |= key.starts_with(b"GNU.sparse.");
                Some(())
            }
        }
    }

    /// The name of the entry, whose own header has `header`.
    fn name<'n>(&'n self, header: &'n [u8]) -> Result<&'n [u8], PackageError> {
        match (&self.gnu_name, &self.pax_name) {
            (Some(gnu), Some(pax)) if gnu != pax => {
                Err(PackageError::entry(gnu, EntryFault::TwoNames))
            }
            (Some(name), _) | (None, Some(name)) => Ok(name),
            (None, None) => Ok(header),
        }
    }
}

fn read_extension<R: Read>(entry: &mut Entry<'_, R>, name: &[u8]) -> Result<Vec<u8>, PackageError> {
    let bytes = entry.size();
    if bytes > EXTENSION_BYTES_MAX {
        return Err(PackageError::entry(name, EntryFault::ExtendedHeader));
    }
    let mut text = Vec::new();
    entry.read_to_end(&mut text).map_err(damaged)?;
    if text.len() as u64 != bytes {
        return Err(ArchiveFault::TarCutOff.into());
    }
    Ok(text)
}

/// Hands over the records of a pax header, each `length key=value` and a line feed.
///
/// The library splits at line feeds, but values have them too: the attributes of files that macOS
/// keeps are binary.
fn records(text: &[u8], mut take: impl FnMut(&[u8], &[u8]) -> Option<()>) -> Option<()> {
    let mut rest = text;
    while !rest.is_empty() {
        let space = rest.iter().position(|byte| *byte == b' ')?;
        let length: usize = std::str::from_utf8(&rest[..space]).ok()?.parse().ok()?;
        let (record, after) = rest.split_at_checked(length)?;
        let record = record.get(space + 1..)?.strip_suffix(b"\n")?;
        let equals = record.iter().position(|byte| *byte == b'=')?;
        take(&record[..equals], &record[equals + 1..])?;
        rest = after;
    }
    Some(())
}

/// Counts what is read, and ends with an error when it is too much.
struct Counted<R> {
    inner: R,
    read: u64,
    max: u64,
    unpacked_bytes_max: u64,
}

impl<R> Counted<R> {
    fn new(inner: R, limits: &Limits) -> Self {
        let unpacked_bytes_max = limits.unpacked_bytes;
        Self { inner, read: 0, max: stream_bytes_max(limits), unpacked_bytes_max }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read += read as u64;
        if self.read > self.max {
            let fault = ArchiveFault::UnpackedTooLarge { max: self.unpacked_bytes_max };
            return Err(PackageError::from(fault).into());
        }
        Ok(read)
    }
}

fn damaged(error: io::Error) -> PackageError {
    PackageError::from_read(error, |error| match error.kind() {
        io::ErrorKind::UnexpectedEof => ArchiveFault::TarCutOff.into(),
        _ => ArchiveFault::Tar(error.to_string()).into(),
    })
}
