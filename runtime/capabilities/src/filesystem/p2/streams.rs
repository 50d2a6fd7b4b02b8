//! The streams of files.

use bytes::Bytes;
use lambent_engine::wasi::p2::{InputStream, OutputStream, Pollable, StreamError, StreamResult};
use lambent_engine::wasmtime::format_err;
use lambent_files::{ErrorCode, IO_BYTES_MAX};
use tokio::task::JoinHandle;

use crate::filesystem::Open;

/// Reads a file from an offset on.
pub(super) struct Reader {
    open: Open,
    offset: u64,
    /// What was read ahead of the guest's asking.
    ahead: Option<Result<Bytes, ErrorCode>>,
}

impl Reader {
    pub(super) const fn new(open: Open, offset: u64) -> Self {
        Self { open, offset, ahead: None }
    }
}

fn failed(error: ErrorCode) -> StreamError {
    StreamError::LastOperationFailed(error.into())
}

#[async_trait::async_trait]
impl InputStream for Reader {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if size == 0 {
            return Ok(Bytes::new());
        }
        let mut bytes = match self.ahead.take() {
            Some(ahead) => ahead.map_err(failed)?,
            None => match self.open.files.read_now(&self.open.node, size, self.offset, false) {
                Ok(bytes) => bytes.into(),
                // The guest waits for it to be ready.
                Err(ErrorCode::WouldBlock) => return Ok(Bytes::new()),
                Err(error) => return Err(failed(error)),
            },
        };
        if bytes.is_empty() {
            return Err(StreamError::Closed);
        }
        let given = bytes.split_to(bytes.len().min(size));
        self.offset += given.len() as u64;
        self.ahead = (!bytes.is_empty()).then_some(Ok(bytes));
        Ok(given)
    }
}

#[async_trait::async_trait]
impl Pollable for Reader {
    async fn ready(&mut self) {
        if self.ahead.is_none() {
            let read = self.open.files.read_waiting(&self.open.node, IO_BYTES_MAX, self.offset);
            self.ahead = Some(read.await.map(Bytes::from));
        }
    }
}

/// Writes a file from an offset on, or at its end.
pub(super) struct Writer {
    open: Open,
    offset: Option<u64>,
    writing: Option<JoinHandle<Result<u64, ErrorCode>>>,
    failed: Option<ErrorCode>,
    closed: bool,
}

impl Writer {
    pub(super) const fn new(open: Open, offset: Option<u64>) -> Self {
        Self { open, offset, writing: None, failed: None, closed: false }
    }

    fn check(&mut self) -> StreamResult<()> {
        if let Some(error) = self.failed.take() {
            self.closed = true;
            return Err(failed(error));
        }
        if self.closed { Err(StreamError::Closed) } else { Ok(()) }
    }
}

#[async_trait::async_trait]
impl OutputStream for Writer {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.check()?;
        if self.writing.is_some() || bytes.len() > IO_BYTES_MAX {
            return Err(StreamError::Trap(format_err!("wrote more than check-write allowed")));
        }
        let (Open { files, node, .. }, offset) = (self.open.clone(), self.offset);
        self.writing = Some(files.begin(move |files| {
            let mut done = 0;
            while done < bytes.len() {
                let at = offset.map(|offset| offset.saturating_add(done as u64));
                done += files.write_now(&node, &bytes[done..], at)?;
            }
            Ok(done as u64)
        }));
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        // A write is done when the stream is ready again.
        self.check()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.check()?;
        Ok(if self.writing.is_some() { 0 } else { IO_BYTES_MAX })
    }
}

#[async_trait::async_trait]
impl Pollable for Writer {
    async fn ready(&mut self) {
        let Some(writing) = &mut self.writing else { return };
        let written = writing.await.unwrap_or(Err(ErrorCode::Io));
        self.writing = None;
        match written {
            Ok(count) => self.offset = self.offset.map(|offset| offset.saturating_add(count)),
            Err(error) => self.failed = Some(error),
        }
    }
}
