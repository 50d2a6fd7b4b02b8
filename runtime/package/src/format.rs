use std::io::Read as _;

use crate::blob::{Blob, Part};
use crate::error::PackageError;

/// The formats of archives that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A zip, with or without compression.
    Zip,
    /// A tar: POSIX, GNU or older.
    Tar,
    /// A gzip, in which a tar is expected.
    Gzip,
}

/// Bytes that are enough to recognise a format.
pub(crate) const START_BYTES: usize = 512;

/// Formats that are not read, by how they begin.
const OTHERS: [(&[u8], &str); 9] = [
    (b"\0asm", "WebAssembly"),
    (b"\xfd7zXZ\0", "xz"),
    (b"BZh", "bzip2"),
    (b"\x28\xb5\x2f\xfd", "Zstandard"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!", "RAR"),
    (b"\x7fELF", "a native program"),
    (b"#!", "a script"),
    (b"%PDF", "PDF"),
];

impl Format {
    /// Recognises an archive by its first 512 bytes, or all if it has fewer.
    #[must_use]
    pub fn of(start: &[u8]) -> Option<Self> {
        let zip: [&[u8]; 3] = [b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"];
        if zip.iter().any(|magic| start.starts_with(magic)) {
            return Some(Self::Zip);
        }
        if start.starts_with(b"\x1f\x8b") {
            return Some(Self::Gzip);
        }
        is_tar(start).then_some(Self::Tar)
    }
}

/// Whether it begins with a tar's header: one with its mark, or an older one, which has nothing
/// but a checksum, or the zeros of a tar without entries.
pub(crate) fn is_tar(start: &[u8]) -> bool {
    let Some(block) = start.first_chunk::<START_BYTES>() else { return false };
    if block.iter().all(|byte| *byte == 0) || block[257..].starts_with(b"ustar") {
        return true;
    }
    let header = tar::Header::from_byte_slice(block);
    let field = 148..156;
    let bytes = block.iter().enumerate();
    let sum: u32 =
        bytes.map(|(at, byte)| if field.contains(&at) { 32 } else { u32::from(*byte) }).sum();
    header.cksum().is_ok_and(|found| found == sum)
}

/// What something looks like that is none of the formats.
pub(crate) fn looks_like(start: &[u8]) -> Option<&'static str> {
    OTHERS.iter().find(|(magic, _)| start.starts_with(magic)).map(|(_, name)| *name)
}

/// The first bytes of a blob.
pub(crate) fn start(blob: &dyn Blob, bytes: u64) -> Result<Vec<u8>, PackageError> {
    let mut start = Vec::with_capacity(START_BYTES);
    let part = Part::new(blob, 0, bytes.min(START_BYTES as u64));
    let mut part = part.take(START_BYTES as u64);
    part.read_to_end(&mut start)
        .map_err(|error| PackageError::from_read(error, PackageError::Io))?;
    Ok(start)
}
