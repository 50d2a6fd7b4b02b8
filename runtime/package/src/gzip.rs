use std::io::{self, BufRead as _, BufReader, Read};

use flate2::bufread::GzDecoder;

use crate::blob::Part;
use crate::error::{ArchiveFault, PackageError};

/// Members of a gzip: programs that compress in parallel write one for each 64 KiB at least. A
/// member costs more than its bytes, even an empty one.
const MEMBERS_MAX: usize = 10_000;

/// The bytes of a gzip, of one member or of several, as some programs write them.
pub(crate) struct Gzip<'a> {
    /// None after its end.
    member: Option<GzDecoder<BufReader<Part<'a>>>>,
    members: usize,
}

impl<'a> Gzip<'a> {
    pub(crate) fn new(part: Part<'a>) -> Self {
        let member = GzDecoder::new(BufReader::with_capacity(64 * 1024, part));
        Self { member: Some(member), members: 1 }
    }

    /// Goes on to the next member behind one that has ended.
    fn next_member(&mut self) -> io::Result<()> {
        let Some(ended) = self.member.take() else { return Ok(()) };
        let mut input = ended.into_inner();
        let rest = input.fill_buf()?;
        // The second byte of the mark may not be in the buffer yet.
        if rest.starts_with(b"\x1f") {
            self.members += 1;
            if self.members > MEMBERS_MAX {
                return Err(
                    PackageError::from(ArchiveFault::GzipMembers { max: MEMBERS_MAX }).into()
                );
            }
            self.member = Some(GzDecoder::new(input));
        } else if !rest.is_empty() {
            return Err(PackageError::from(ArchiveFault::GzipSuffix).into());
        }
        Ok(())
    }
}

impl Read for Gzip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let read = member.read(buffer).map_err(|error| {
                io::Error::from(PackageError::from_read(error, |_| ArchiveFault::Gzip.into()))
            })?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            self.next_member()?;
        }
        Ok(0)
    }
}
