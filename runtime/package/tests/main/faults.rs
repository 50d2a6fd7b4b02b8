//! Disks that fail: the upload is not to blame, and nobody is told so.

use std::cell::Cell;
use std::io::{self, Write};

use lambent_package::{Blob, Builder, Index, Limits, PackageError};

use crate::support::{Member, gzip, package, tar, tar_entry, zip};

/// Fails at one of its reads.
struct Failing {
    bytes: Vec<u8>,
    reads: Cell<usize>,
}

impl Blob for Failing {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = self.reads.get().checked_sub(1).ok_or(io::ErrorKind::TimedOut)?;
        self.reads.set(left);
        self.bytes.read_at(buffer, offset)
    }
}

struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn build(upload: &dyn Blob, bytes: u64, out: &mut dyn Write) -> Result<(), PackageError> {
    let scratch = tempfile::tempfile().unwrap();
    let mut builder = Builder::new(Limits::LAMBDA);
    builder.add_upload(upload, bytes, Some("single"), &scratch, 0)?;
    builder.write(out).map(|_| ())
}

fn uploads() -> [Vec<u8>; 4] {
    let text = b"some text ".repeat(20_000);
    let members = [
        Member::stored("a", &text),
        Member::deflated("b", &text),
        Member::deflated("c", b"1").streamed(true, false),
    ];
    let entries = tar(&[tar_entry("a", b'0', &text), tar_entry("b", b'0', b"1")]);
    [zip(members), gzip(&entries), entries, text]
}

fn is_io(error: &PackageError, kind: io::ErrorKind) -> bool {
    matches!(error, PackageError::Io(source) if source.kind() == kind)
}

#[test]
fn reads_that_fail() {
    for bytes in uploads() {
        let size = bytes.len() as u64;
        let mut failed = 0;
        loop {
            let upload = Failing { bytes: bytes.clone(), reads: Cell::new(failed) };
            let Err(error) = build(&upload, size, &mut io::sink()) else { break };
            assert!(is_io(&error, io::ErrorKind::TimedOut), "read {failed}: {error}");
            failed += 1;
        }
        assert!(failed >= 2, "only {failed} reads");
    }
    let bytes = package(&uploads()[0], Limits::LAMBDA).unwrap();
    for reads in 0..2 {
        let blob = Failing { bytes: bytes.clone(), reads: Cell::new(reads) };
        let error = Index::open(&blob, bytes.len() as u64).unwrap_err();
        assert!(is_io(&error, io::ErrorKind::TimedOut), "{error}");
    }
}

#[test]
fn writes_that_fail() {
    // Each of the packages has more than 200,000 bytes.
    for upload in uploads() {
        for room in [0, 10, 30_000, 200_000] {
            let error = build(&upload, upload.len() as u64, &mut Full(room)).unwrap_err();
            assert!(is_io(&error, io::ErrorKind::StorageFull), "{room}: {error}");
        }
    }
}
