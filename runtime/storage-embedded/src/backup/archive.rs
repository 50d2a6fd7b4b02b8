use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use lambent_types::{Digest, DigestWriter};

use super::{BackupError, Progress, io_error};

/// What a backup ends with: this, the SHA-256 of all before it in hexadecimal, and a line end.
const MARK: &[u8; 22] = b"lambent-backup sha256 ";
/// Bytes of the trailer.
pub(super) const TRAILER_BYTES: u64 = MARK.len() as u64 + 64 + 1;

/// An archive that is being written.
pub(super) struct Archive<'a> {
    builder: tar::Builder<DigestWriter<io::BufWriter<&'a mut File>>>,
    path: &'a Path,
    progress: Progress<'a>,
}

impl<'a> Archive<'a> {
    pub(super) fn new(file: &'a mut File, path: &'a Path, progress: Progress<'a>) -> Self {
        let inner = io::BufWriter::with_capacity(1 << 20, file);
        Self { builder: tar::Builder::new(DigestWriter::new(inner)), path, progress }
    }

    fn header(size: u64) -> tar::Header {
        let mut header = tar::Header::new_gnu();
        header.set_size(size);
        header.set_mode(0o600);
        header.set_entry_type(tar::EntryType::Regular);
        header
    }

    fn append(&mut self, name: &str, size: u64, data: impl Read) -> Result<(), BackupError> {
        let mut header = Self::header(size);
        self.builder.append_data(&mut header, name, data).map_err(io_error("write", self.path))?;
        (self.progress)(name, self.builder.get_ref().bytes());
        Ok(())
    }

    /// Adds a text.
    pub(super) fn text(&mut self, name: &str, text: &str) -> Result<(), BackupError> {
        self.append(name, text.len() as u64, text.as_bytes())
    }

    /// Adds a file, as long as it was: what was cut off it since is zeros.
    pub(super) fn file(&mut self, name: &str, from: &Path, size: u64) -> Result<(), BackupError> {
        let file = File::open(from).map_err(io_error("read", from))?;
        self.append(name, size, file.chain(io::repeat(0)).take(size))
    }

    /// Ends the archive with its trailer.
    pub(super) fn finish(self) -> Result<(), BackupError> {
        let path = self.path;
        let failed = || io_error("write", path);
        let (mut inner, digest) = self.builder.into_inner().map_err(failed())?.finish();
        inner.write_all(MARK).map_err(failed())?;
        writeln!(inner, "{digest}").and_then(|()| inner.flush()).map_err(failed())
    }
}

/// Checks that a file is a whole backup as it was written; returns the bytes of its archive.
pub(super) fn verify(path: &Path) -> Result<u64, BackupError> {
    let mut file = File::open(path).map_err(io_error("read", path))?;
    let size = file.metadata().map_err(io_error("look at", path))?.len();
    let Some(archive) = size.checked_sub(TRAILER_BYTES) else {
        return Err(BackupError::CutOff(path.to_owned()));
    };
    let found =
        Digest::of_reader(&mut (&mut file).take(archive)).map_err(io_error("read", path))?;
    let mut trailer = Vec::new();
    file.read_to_end(&mut trailer).map_err(io_error("read", path))?;
    let Some(hex) = trailer.strip_prefix(MARK).and_then(|rest| rest.strip_suffix(b"\n")) else {
        return Err(BackupError::CutOff(path.to_owned()));
    };
    if hex == found.to_string().as_bytes() {
        Ok(archive)
    } else {
        Err(BackupError::Damaged(path.to_owned()))
    }
}
