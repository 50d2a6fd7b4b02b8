use std::borrow::Cow;
use std::io::{BufRead as _, BufReader, Read};

use flate2::{Crc, Decompress, FlushDecompress, Status};

use crate::blob::{Blob, Part};
use crate::error::{EntryFault, PackageError};

/// Bytes that are handled at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// Where the bytes of a file are until they are written.
pub(crate) enum Content<'a> {
    Bytes(Cow<'a, [u8]>),
    Blob { blob: &'a dyn Blob, offset: u64, encoding: Encoding },
}

pub(crate) enum Encoding {
    Stored,
    Deflated { compressed: u64 },
}

/// A file with what is said of it, which is checked while it is written.
pub(crate) struct Claimed<'a> {
    pub(crate) content: Content<'a>,
    pub(crate) bytes: u64,
    pub(crate) crc: u32,
}

impl<'a> Claimed<'a> {
    pub(crate) fn of_bytes(bytes: Cow<'a, [u8]>) -> Self {
        let mut crc = Crc::new();
        crc.update(&bytes);
        Self { bytes: bytes.len() as u64, crc: crc.sum(), content: Content::Bytes(bytes) }
    }

    /// Reads the blob once for its checksum.
    pub(crate) fn of_blob(blob: &'a dyn Blob, bytes: u64) -> Result<Self, PackageError> {
        let mut crc = Crc::new();
        let read = copy(&mut Part::new(blob, 0, bytes), |chunk| {
            crc.update(chunk);
            Ok(())
        })?;
        if read != bytes {
            return Err(PackageError::Io(std::io::ErrorKind::UnexpectedEof.into()));
        }
        let content = Content::Blob { blob, offset: 0, encoding: Encoding::Stored };
        Ok(Self { bytes, crc: crc.sum(), content })
    }

    /// Hands over the bytes piece by piece: never more than were claimed, and an error at the end
    /// unless they are those that were claimed.
    pub(crate) fn read(
        &self,
        path: &str,
        mut take: impl FnMut(&[u8]) -> Result<(), PackageError>,
    ) -> Result<(), PackageError> {
        let wrong = |fault| Err(PackageError::entry(path, fault));
        let mut crc = Crc::new();
        let mut left = self.bytes;
        let mut checked = |chunk: &[u8]| {
            let Some(after) = left.checked_sub(chunk.len() as u64) else {
                return wrong(EntryFault::Size);
            };
            left = after;
            crc.update(chunk);
            take(chunk)
        };
        match &self.content {
            Content::Bytes(bytes) => checked(bytes)?,
            Content::Blob { blob, offset, encoding: Encoding::Stored } => {
                copy(&mut Part::new(*blob, *offset, self.bytes), checked)?;
            }
            Content::Blob { blob, offset, encoding: Encoding::Deflated { compressed } } => {
                inflate(Part::new(*blob, *offset, *compressed), path, checked)?;
            }
        }
        if left > 0 {
            return wrong(EntryFault::Size);
        }
        if crc.sum() != self.crc {
            return wrong(EntryFault::Checksum);
        }
        Ok(())
    }
}

/// Hands over all that there is to read.
pub(crate) fn copy(
    from: &mut dyn Read,
    mut take: impl FnMut(&[u8]) -> Result<(), PackageError>,
) -> Result<u64, PackageError> {
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut total = 0;
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => return Ok(total),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            other => other.map_err(|error| PackageError::from_read(error, PackageError::Io))?,
        };
        take(&buffer[..read])?;
        total += read as u64;
    }
}

/// Decompresses a stream that has to end exactly where its bytes do.
fn inflate(
    from: Part<'_>,
    path: &str,
    mut take: impl FnMut(&[u8]) -> Result<(), PackageError>,
) -> Result<(), PackageError> {
    let broken = || PackageError::entry(path, EntryFault::Deflate);
    let mut input = BufReader::with_capacity(CHUNK_BYTES, from);
    let mut output = vec![0; CHUNK_BYTES];
    let mut inflater = Decompress::new(false);
    loop {
        let failed = |error| PackageError::from_read(error, PackageError::Io);
        let chunk = input.fill_buf().map_err(failed)?;
        let ended = chunk.is_empty();
        let (read, written) = (inflater.total_in(), inflater.total_out());
        let status = inflater.decompress(chunk, &mut output, FlushDecompress::None);
        let status = status.map_err(|_| broken())?;
        let read = usize::try_from(inflater.total_in() - read).unwrap_or(usize::MAX);
        let written = usize::try_from(inflater.total_out() - written).unwrap_or(usize::MAX);
        input.consume(read);
        take(&output[..written])?;
        match status {
            Status::StreamEnd if input.buffer().is_empty() && input.get_ref().left() == 0 => {
                return Ok(());
            }
            Status::StreamEnd => return Err(broken()),
            _ if ended && written == 0 => return Err(broken()),
            _ => {}
        }
    }
}
