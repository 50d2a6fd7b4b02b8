use std::borrow::Cow;
use std::io::Read;

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
        let read = copy(&mut Part::new(blob, 0, bytes), &mut buffer(), |chunk| {
            crc.update(chunk);
            Ok(())
        })?;
        if read != bytes {
            return Err(PackageError::Io(std::io::ErrorKind::UnexpectedEof.into()));
        }
        let content = Content::Blob { blob, offset: 0, encoding: Encoding::Stored };
        Ok(Self { bytes, crc: crc.sum(), content })
    }
}

/// What reading files needs, kept from one to the next.
pub(crate) struct Reader {
    input: Vec<u8>,
    output: Vec<u8>,
    inflater: Decompress,
}

type Taken = Result<(), PackageError>;

impl Reader {
    pub(crate) fn new() -> Self {
        Self { input: buffer(), output: buffer(), inflater: Decompress::new(false) }
    }

    /// Hands over a file's bytes piece by piece: never more than were claimed, and an error at the
    /// end unless they are those that were claimed.
    pub(crate) fn read(
        &mut self,
        file: &Claimed<'_>,
        path: &str,
        mut take: impl FnMut(&[u8]) -> Taken,
    ) -> Taken {
        let wrong = |fault| Err(PackageError::entry(path, fault));
        let mut crc = Crc::new();
        let mut left = file.bytes;
        let mut checked = |chunk: &[u8]| {
            let Some(after) = left.checked_sub(chunk.len() as u64) else {
                return wrong(EntryFault::Size);
            };
            left = after;
            crc.update(chunk);
            take(chunk)
        };
        match &file.content {
            Content::Bytes(bytes) => checked(bytes)?,
            Content::Blob { blob, offset, encoding: Encoding::Stored } => {
                copy(&mut Part::new(*blob, *offset, file.bytes), &mut self.input, checked)?;
            }
            Content::Blob { blob, offset, encoding: Encoding::Deflated { compressed } } => {
                self.inflate(Part::new(*blob, *offset, *compressed), path, checked)?;
            }
        }
        if left > 0 {
            return wrong(EntryFault::Size);
        }
        if crc.sum() != file.crc {
            return wrong(EntryFault::Checksum);
        }
        Ok(())
    }

    /// Decompresses a stream that has to end exactly where its bytes do.
    fn inflate(
        &mut self,
        mut from: Part<'_>,
        path: &str,
        mut take: impl FnMut(&[u8]) -> Taken,
    ) -> Taken {
        let broken = || PackageError::entry(path, EntryFault::Deflate);
        self.inflater.reset(false);
        let mut there = 0..0;
        loop {
            if there.is_empty() {
                let failed = |error| PackageError::from_read(error, PackageError::Io);
                there = 0..from.read(&mut self.input).map_err(failed)?;
            }
            let ended = there.is_empty();
            let (read, written) = (self.inflater.total_in(), self.inflater.total_out());
            let input = &self.input[there.clone()];
            let status = self.inflater.decompress(input, &mut self.output, FlushDecompress::None);
            let status = status.map_err(|_| broken())?;
            let read = usize::try_from(self.inflater.total_in() - read).unwrap_or(usize::MAX);
            let written =
                usize::try_from(self.inflater.total_out() - written).unwrap_or(usize::MAX);
            there.start += read;
            take(&self.output[..written])?;
            match status {
                Status::StreamEnd if there.is_empty() && from.left() == 0 => return Ok(()),
                Status::StreamEnd => return Err(broken()),
                _ if ended && written == 0 => return Err(broken()),
                _ => {}
            }
        }
    }
}

/// A buffer for bytes that are handled at a time.
pub(crate) fn buffer() -> Vec<u8> {
    vec![0; CHUNK_BYTES]
}

/// Hands over all that there is to read.
pub(crate) fn copy(
    from: &mut dyn Read,
    buffer: &mut [u8],
    mut take: impl FnMut(&[u8]) -> Taken,
) -> Result<u64, PackageError> {
    let mut total = 0;
    loop {
        let read = match from.read(buffer) {
            Ok(0) => return Ok(total),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            other => other.map_err(|error| PackageError::from_read(error, PackageError::Io))?,
        };
        take(&buffer[..read])?;
        total += read as u64;
    }
}
