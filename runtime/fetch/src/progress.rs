use std::io::{self, Read};

/// Who is told how far a download is.
pub trait Progress {
    /// So many bytes will come. It is told once, and only if the server says so.
    fn expect(&self, bytes: u64);
    /// So many more bytes have come.
    fn advance(&self, bytes: u64);
}

/// Nobody.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn expect(&self, _: u64) {}
    fn advance(&self, _: u64) {}
}

/// A reader that tells how far it is.
pub(crate) struct Counted<'a, R> {
    reader: R,
    progress: &'a dyn Progress,
}

impl<'a, R> Counted<'a, R> {
    pub(crate) fn new(reader: R, progress: &'a dyn Progress) -> Self {
        Self { reader, progress }
    }
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.progress.advance(count as u64);
        Ok(count)
    }
}
