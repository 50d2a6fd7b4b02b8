//! The bytes of the canonical form: what the writer writes and the reader expects.
//!
//! They are the node's own, and stay as they are: a digest is a name, and a package that is
//! written anew by a later release must have the name it had.

/// Version 1.0 of the format unpacks it, save where it needs zip64.
const VERSION: u16 = 10;
/// Version 4.5 brought zip64.
const VERSION_64: u16 = 45;
/// Names are UTF-8.
const FLAGS: u16 = 1 << 11;
/// 1980-01-01, the first day that a zip can say.
const DATE: u16 = 1 << 5 | 1;
/// The attributes are those of Unix: a file that its owner writes and everybody reads.
const MADE_BY: u16 = 3 << 8 | 20;
const ATTRIBUTES: u32 = 0o100_644 << 16;

/// Bytes of a header in front of a file, without its path.
pub(crate) const LOCAL_BYTES: u64 = 30;
/// Bytes of a record in the central directory, without its path.
pub(crate) const CENTRAL_BYTES: usize = 46;
/// Bytes of what is at the very end.
pub(crate) const END_BYTES: usize = 22;
/// Bytes of what is in front of it where the number of files needs zip64.
pub(crate) const END_64_BYTES: usize = 76;
/// The number that says that the true one is in the zip64 record.
pub(crate) const IN_ZIP64: u16 = u16::MAX;

/// What the headers say of a file.
#[derive(Clone, Copy)]
pub(crate) struct Head<'a> {
    pub(crate) path: &'a str,
    pub(crate) bytes: u32,
    pub(crate) crc: u32,
}

impl Head<'_> {
    /// Appends what is in front of the file's bytes.
    pub(crate) fn local(self, out: &mut Vec<u8>) {
        out.extend(b"PK\x03\x04");
        self.common(out);
        out.extend(self.path.as_bytes());
    }

    /// Appends the record of the central directory for a file whose header is at `offset`.
    pub(crate) fn central(self, offset: u32, out: &mut Vec<u8>) {
        out.extend(b"PK\x01\x02");
        out.extend(MADE_BY.to_le_bytes());
        self.common(out);
        // No comment, on the first disk, no internal attributes.
        out.extend([0; 6]);
        out.extend(ATTRIBUTES.to_le_bytes());
        out.extend(offset.to_le_bytes());
        out.extend(self.path.as_bytes());
    }

    fn common(self, out: &mut Vec<u8>) {
        let path_bytes = u16::try_from(self.path.len()).unwrap_or(u16::MAX);
        out.extend(VERSION.to_le_bytes());
        out.extend(FLAGS.to_le_bytes());
        // Stored, and midnight.
        out.extend([0; 4]);
        out.extend(DATE.to_le_bytes());
        out.extend(self.crc.to_le_bytes());
        out.extend(self.bytes.to_le_bytes());
        out.extend(self.bytes.to_le_bytes());
        out.extend(path_bytes.to_le_bytes());
        // No extra fields.
        out.extend([0; 2]);
    }
}

/// Appends what follows a central directory of `bytes` bytes at `offset` with `files` records.
pub(crate) fn end(files: u64, bytes: u32, offset: u32, out: &mut Vec<u8>) {
    let short = u16::try_from(files).unwrap_or(IN_ZIP64);
    if short == IN_ZIP64 {
        out.extend(b"PK\x06\x06");
        out.extend((56_u64 - 12).to_le_bytes());
        out.extend(VERSION_64.to_le_bytes());
        out.extend(VERSION_64.to_le_bytes());
        out.extend([0; 8]);
        out.extend(files.to_le_bytes());
        out.extend(files.to_le_bytes());
        out.extend(u64::from(bytes).to_le_bytes());
        out.extend(u64::from(offset).to_le_bytes());
        out.extend(b"PK\x06\x07");
        out.extend([0; 4]);
        out.extend((u64::from(offset) + u64::from(bytes)).to_le_bytes());
        out.extend(1_u32.to_le_bytes());
    }
    out.extend(b"PK\x05\x06");
    out.extend([0; 4]);
    out.extend(short.to_le_bytes());
    out.extend(short.to_le_bytes());
    out.extend(bytes.to_le_bytes());
    out.extend(offset.to_le_bytes());
    // No comment.
    out.extend([0; 2]);
}
