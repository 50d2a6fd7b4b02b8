//! Reads zips. The library says where things are; what is accepted is decided here.
//!
//! Programs read zips in different ways: by the central directory, from the front, from the last
//! end record, or from the first. A zip is taken only if all of them find the same: entries one after
//! the other from the first byte on, the central directory behind them, one end record, and nothing between or around.

use std::io;

use rawzip::extra_fields::{ExtraFieldId, ExtraFields};
use rawzip::{
    CompressionMethod, ErrorKind, ReaderAt, ZipArchive, ZipFileHeaderRecord, ZipLocalFileHeader,
    ZipLocator,
};

use crate::blob::{self, Blob, Part};
use crate::builder::{Admitted, Builder};
use crate::content::{Claimed, Content, Encoding};
use crate::error::{ArchiveFault, EntryFault, PackageError};

/// Room for the variable parts of any header: a name, extra fields and a comment.
const BUFFER_BYTES: usize = 256 * 1024;
/// Bytes of an end record without its comment.
const END_BYTES: usize = 22;
/// Bytes of the longest comment.
const COMMENT_BYTES_MAX: u64 = 65_535;
/// Bytes of a central record without its variable parts.
const CENTRAL_BYTES: u64 = 46;
/// Bytes of the zip64 end record and its locator.
const END_64_BYTES: usize = 76;
/// Info-ZIP's field for a name in Unicode.
const UNICODE_PATH: u16 = 0x7075;

struct Source<'a>(&'a dyn Blob, u64);

impl ReaderAt for Source<'_> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        io::Read::read(&mut Part::new(self.0, offset, self.1.saturating_sub(offset)), buffer)
    }
}

/// An entry with what of the file belongs to it.
struct Found {
    name: Box<[u8]>,
    header: u64,
    data: u64,
    data_end: u64,
    method: CompressionMethod,
    bytes: u64,
    crc: u32,
    directory: bool,
    /// Sizes and checksum may be repeated behind the data.
    descriptor: bool,
}

/// Adds the files of a zip.
pub(crate) fn add<'a>(
    builder: &mut Builder<'a>,
    upload: &'a dyn Blob,
    bytes: u64,
) -> Result<(), PackageError> {
    let mut buffer = vec![0; BUFFER_BYTES];
    let locator = ZipLocator::new().max_search_space(END_BYTES as u64 + COMMENT_BYTES_MAX);
    let located = locator.locate_in_reader(Source(upload, bytes), &mut buffer, bytes);
    let archive = located.map_err(|(_, error)| damaged(error))?;
    if archive.end_offset() != bytes {
        return Err(
            ArchiveFault::Suffix { bytes: bytes.saturating_sub(archive.end_offset()) }.into()
        );
    }
    let (found, directory_end) = entries(&archive, &mut buffer, builder.limits().entries)?;
    check_places(&found, upload, archive.directory_offset())?;
    check_end(&archive, directory_end, found.len() as u64)?;
    for entry in &found {
        let Admitted::File(path) = builder.admit(&entry.name, entry.directory, entry.bytes)? else {
            continue;
        };
        builder.insert(path, entry.claimed(upload))?;
    }
    Ok(())
}

/// Reads the central directory, and for each record the header in front of its data; also where
/// the directory ends.
fn entries(
    archive: &ZipArchive<Source<'_>>,
    buffer: &mut [u8],
    max: usize,
) -> Result<(Vec<Found>, u64), PackageError> {
    let mut local_buffer = vec![0; BUFFER_BYTES];
    let mut found = Vec::new();
    let mut directory_end = archive.directory_offset();
    let mut records = archive.entries(buffer);
    while let Some(record) = records.next_entry().map_err(damaged)? {
        if found.len() == max {
            return Err(ArchiveFault::TooManyEntries { max }.into());
        }
        let name = record.file_path().as_bytes();
        let wrong = |fault| PackageError::entry(name, fault);
        let entry = archive.get_entry(record.wayfinder()).map_err(damaged)?;
        let local = entry.local_header(&mut local_buffer).map_err(damaged)?;
        let directory = kind(&record).map_err(wrong)?;
        check_encoding(&record, &local).map_err(wrong)?;
        check_agreement(&record, &local).map_err(wrong)?;
        let (data, data_end) = entry.compressed_data_range();
        found.push(Found {
            name: name.into(),
            header: record.local_header_offset(),
            data,
            data_end,
            method: record.compression_method(),
            bytes: record.uncompressed_size_hint(),
            crc: record.crc32(),
            directory,
            descriptor: local.flags().has_data_descriptor(),
        });
        let variable = name.len()
            + record.extra_fields().remaining_bytes().len()
            + record.comment().as_bytes().len();
        directory_end = record.central_directory_offset() + CENTRAL_BYTES + variable as u64;
    }
    Ok((found, directory_end))
}

/// Checks that every number of the end records is the only true one, since programs differ in
/// those they go by.
fn check_end(
    archive: &ZipArchive<Source<'_>>,
    directory_end: u64,
    count: u64,
) -> Result<(), PackageError> {
    let start = archive.directory_offset();
    let numbers = [count, count, directory_end - start, start];
    let mut end = [0; END_BYTES];
    let failed = |error| PackageError::from_read(error, PackageError::Io);
    archive.get_ref().read_exact_at(&mut end, archive.eocd_offset()).map_err(failed)?;
    let between = archive.eocd_offset().saturating_sub(directory_end);
    let large = between == END_64_BYTES as u64;
    if between != 0 && !large {
        return Err(ArchiveFault::Gap { offset: directory_end, bytes: between }.into());
    }
    // In the zip64 records stand those that are too large here.
    let is = |field: &[u8], number: u64| {
        let short =
            number.to_le_bytes()[..field.len()] == *field && number >> (8 * field.len()) == 0;
        short || (large && field.iter().all(|byte| *byte == u8::MAX))
    };
    let [one, two, three, four] = numbers;
    let fields =
        [(4, 6, 0), (6, 8, 0), (8, 10, one), (10, 12, two), (12, 16, three), (16, 20, four)];
    let mut right = fields.iter().all(|(from, to, number)| is(&end[*from..*to], *number));
    if large {
        let mut there = [0; END_64_BYTES];
        archive.get_ref().read_exact_at(&mut there, directory_end).map_err(failed)?;
        // Versions may be any.
        there[12..16].fill(0);
        right &= there == end_64(numbers, directory_end);
    }
    if right { Ok(()) } else { Err(ArchiveFault::Zip("its end record is wrong".into()).into()) }
}

/// The zip64 end record with these numbers, at `offset`, and its locator.
fn end_64(numbers: [u64; 4], offset: u64) -> [u8; END_64_BYTES] {
    let mut end = [0; END_64_BYTES];
    end[..4].copy_from_slice(b"PK\x06\x06");
    end[4..12].copy_from_slice(&44_u64.to_le_bytes());
    for (place, number) in end[24..56].chunks_exact_mut(8).zip(numbers) {
        place.copy_from_slice(&number.to_le_bytes());
    }
    end[56..60].copy_from_slice(b"PK\x06\x07");
    end[64..72].copy_from_slice(&offset.to_le_bytes());
    end[72] = 1;
    end
}

/// Whether it is a directory; an error for what is neither that nor a file.
fn kind(record: &ZipFileHeaderRecord<'_>) -> Result<bool, EntryFault> {
    // By the attributes as Unix has them, whatever system the entry says it is from.
    match record.external_attributes() >> 16 & 0o170_000 {
        0 | 0o100_000 => Ok(false),
        0o040_000 => Ok(true),
        0o120_000 => Err(EntryFault::SymbolicLink),
        // Maven wrote the bits of a file into those of a directory for years, which makes a socket.
        _ if record.is_dir() => Ok(true),
        _ => Err(EntryFault::Special),
    }
}

fn check_encoding(
    record: &ZipFileHeaderRecord<'_>,
    local: &ZipLocalFileHeader<'_>,
) -> Result<(), EntryFault> {
    let secret = [record.flags(), local.flags()]
        .iter()
        .any(|flags| flags.is_encrypted() || flags.has_strong_encryption() || flags.is_masked());
    let method = record.compression_method();
    if secret || method == CompressionMethod::AES {
        return Err(EntryFault::Encrypted);
    }
    if method != CompressionMethod::STORE && method != CompressionMethod::DEFLATE {
        return Err(EntryFault::Method { method: method.to_string() });
    }
    Ok(())
}

/// Whether the header in front of the data says the same as the central directory.
fn check_agreement(
    record: &ZipFileHeaderRecord<'_>,
    local: &ZipLocalFileHeader<'_>,
) -> Result<(), EntryFault> {
    let differs = |what| Err(EntryFault::Disagreement { what });
    let name = record.file_path();
    if local.file_path().as_bytes() != name.as_bytes() {
        return differs("name");
    }
    for extra in [record.extra_fields(), local.extra_fields()] {
        check_unicode_path(name.as_bytes(), extra)?;
    }
    if local.compression_method() != record.compression_method() {
        return differs("compression method");
    }
    // What was not known yet when the header was written is zero in it.
    let later = local.flags().has_data_descriptor();
    let same = |here: u64, there: u64| here == there || (later && here == 0);
    if !same(local.crc32().into(), record.crc32().into()) {
        return differs("checksum");
    }
    if !same(local.compressed_size_hint(), record.compressed_size_hint())
        || !same(local.uncompressed_size_hint(), record.uncompressed_size_hint())
    {
        return differs("size");
    }
    let stored = record.compression_method() == CompressionMethod::STORE;
    if stored && record.compressed_size_hint() != record.uncompressed_size_hint() {
        return Err(EntryFault::Size);
    }
    Ok(())
}

fn check_unicode_path(name: &[u8], extra: ExtraFields<'_>) -> Result<(), EntryFault> {
    let field = ExtraFieldId::new(UNICODE_PATH);
    let mut others = extra.filter(|(id, _)| *id == field);
    // A version and a checksum of the name precede it. A name that is not UTF-8 is refused as
    // such, which says more.
    if std::str::from_utf8(name).is_ok() && others.any(|(_, data)| data.get(5..) != Some(name)) {
        return Err(EntryFault::TwoNames);
    }
    Ok(())
}

/// Checks that the entries follow one another from the first byte to the central directory.
fn check_places(found: &[Found], upload: &dyn Blob, directory: u64) -> Result<(), PackageError> {
    let mut order: Vec<_> = found.iter().collect();
    order.sort_by_key(|entry| entry.header);
    let first = order.first().map_or(directory, |entry| entry.header);
    if first > 0 {
        return Err(ArchiveFault::Prefix { bytes: first }.into());
    }
    let nexts = order.iter().skip(1).map(|next| (next.header, Some(&next.name)));
    for (entry, (next, name)) in order.iter().zip(nexts.chain([(directory, None)])) {
        let Some(between) = next.checked_sub(entry.data_end) else {
            let other = name.map_or("the central directory".into(), |name| (&**name).into());
            return Err(PackageError::entry(&entry.name, EntryFault::Overlap { other }));
        };
        if between > 0 && !entry.is_descriptor(upload, between)? {
            let offset = entry.data_end;
            return Err(ArchiveFault::Gap { offset, bytes: between }.into());
        }
    }
    Ok(())
}

impl Found {
    /// Whether the bytes behind the data are its descriptor, and say what the central directory says.
    ///
    /// It may begin with a mark or not, and have sizes of 32 or 64 bits; its length tells.
    fn is_descriptor(&self, upload: &dyn Blob, bytes: u64) -> Result<bool, PackageError> {
        let (mark, wide) = match bytes {
            12 => (false, false),
            16 => (true, false),
            20 => (false, true),
            24 => (true, true),
            _ => return Ok(false),
        };
        if !self.descriptor {
            return Ok(false);
        }
        let mut expected = Vec::with_capacity(24);
        if mark {
            expected.extend(b"PK\x07\x08");
        }
        expected.extend(self.crc.to_le_bytes());
        for size in [self.data_end - self.data, self.bytes] {
            let size = size.to_le_bytes();
            expected.extend(if wide { &size[..] } else { &size[..4] });
        }
        let mut there = vec![0; expected.len()];
        blob::read_exact(upload, &mut there, self.data_end)
            .map_err(|error| PackageError::from_read(error, PackageError::Io))?;
        if there != expected {
            let fault = EntryFault::Disagreement { what: "size or checksum" };
            return Err(PackageError::entry(&self.name, fault));
        }
        Ok(true)
    }

    fn claimed<'a>(&self, blob: &'a dyn Blob) -> Claimed<'a> {
        let encoding = if self.method == CompressionMethod::STORE {
            Encoding::Stored
        } else {
            Encoding::Deflated { compressed: self.data_end - self.data }
        };
        let content = Content::Blob { blob, offset: self.data, encoding };
        Claimed { content, bytes: self.bytes, crc: self.crc }
    }
}

fn damaged(error: rawzip::Error) -> PackageError {
    let text = error.to_string();
    match error.into_kind() {
        ErrorKind::IO(error) => PackageError::from_read(error, |_| ArchiveFault::Zip(text).into()),
        _ => ArchiveFault::Zip(text).into(),
    }
}
