use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use lambent_types::{LogLine, LogStream, Logs};
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::budget::Hold;

/// Bytes a guest may write in one call; wasmtime's documented habit.
const WRITE_BYTES_MAX: usize = 64 << 10;

/// A bounded record of what an invocation writes. Writing never blocks and never
/// fails: what does not fit is dropped and counted, so a flood costs no memory.
#[derive(Debug, Clone)]
pub struct Log(Arc<Mutex<Buffer>>);

#[derive(Debug, Default)]
struct Buffer {
    limit: usize,
    bytes: Vec<u8>,
    /// Ends of the runs in `bytes` that one source wrote.
    runs: Vec<(Source, usize)>,
    dropped: u64,
    /// What it is charged to, and the most bytes that were.
    hold: Option<Arc<Hold>>,
    charged: usize,
}

impl Log {
    pub(crate) fn new(limit: u64) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Self(Arc::new(Mutex::new(Buffer { limit, ..Buffer::default() })))
    }

    /// Charges what it keeps from now on: it lives as long as an instance may.
    pub(crate) fn charge(&self, hold: Arc<Hold>) {
        self.lock().hold = Some(hold);
    }

    fn lock(&self) -> MutexGuard<'_, Buffer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a line that is whole, whatever the guest's own streams are in the
    /// middle of; it shows among the lines of standard error.
    pub fn line(&self, text: &str) {
        let mut buffer = self.lock();
        buffer.write(Source::Line, text.as_bytes());
        buffer.write(Source::Line, b"\n");
    }

    /// One of the two streams that write here.
    pub(crate) fn stream(&self, stream: LogStream) -> LogWriter {
        LogWriter { log: self.clone(), source: stream.into() }
    }

    /// Takes what was written, as lines in the order they were begun.
    pub(crate) fn take(&self) -> Logs {
        let mut buffer = self.lock();
        let (limit, hold, charged) = (buffer.limit, buffer.hold.clone(), buffer.charged);
        let empty = Buffer { limit, hold, charged, ..Buffer::default() };
        let buffer = std::mem::replace(&mut *buffer, empty);
        Logs { lines: lines(&buffer), dropped_bytes: buffer.dropped }
    }
}

/// What writes: one of the guest's streams, or the host a whole line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Stdout,
    Stderr,
    Line,
}

impl Source {
    const fn stream(self) -> LogStream {
        match self {
            Self::Stdout => LogStream::Stdout,
            Self::Stderr | Self::Line => LogStream::Stderr,
        }
    }
}

impl From<LogStream> for Source {
    fn from(stream: LogStream) -> Self {
        match stream {
            LogStream::Stdout => Self::Stdout,
            LogStream::Stderr => Self::Stderr,
        }
    }
}

impl Buffer {
    /// Charges so many bytes more; returns how many, or none if the node has not the
    /// memory for them.
    fn charged_for(&mut self, bytes: usize) -> usize {
        let wanted = self.bytes.len() + bytes;
        if let (Some(hold), Some(more)) = (&self.hold, wanted.checked_sub(self.charged)) {
            if hold.grow(more as u64).is_err() {
                return 0;
            }
            self.charged = wanted;
        }
        bytes
    }

    fn write(&mut self, source: Source, bytes: &[u8]) {
        let kept = self.charged_for(bytes.len().min(self.limit - self.bytes.len()));
        self.dropped += (bytes.len() - kept) as u64;
        if kept == 0 {
            return;
        }
        self.bytes.extend_from_slice(&bytes[..kept]);
        let end = self.bytes.len();
        match self.runs.last_mut() {
            Some((last, run_end)) if *last == source => *run_end = end,
            _ => self.runs.push((source, end)),
        }
    }
}

/// Joins the runs of each source into lines; a line that another source
/// interrupts stays whole.
fn lines(buffer: &Buffer) -> Vec<LogLine> {
    let mut lines: Vec<(LogStream, Vec<u8>)> = Vec::new();
    let mut open: [Option<usize>; 3] = [None; 3];
    let mut start = 0;
    for (source, end) in &buffer.runs {
        let slot = &mut open[*source as usize];
        for piece in buffer.bytes[start..*end].split_inclusive(|byte| *byte == b'\n') {
            let index = *slot.get_or_insert_with(|| {
                lines.push((source.stream(), Vec::new()));
                lines.len() - 1
            });
            match piece.strip_suffix(b"\n") {
                Some(text) => {
                    lines[index].1.extend_from_slice(text);
                    *slot = None;
                }
                None => lines[index].1.extend_from_slice(piece),
            }
        }
        start = *end;
    }
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).trim_end_matches('\r').to_owned();
    lines.into_iter().map(|(stream, bytes)| LogLine { stream, text: text(bytes) }).collect()
}

/// A guest's standard output or error.
#[derive(Debug, Clone)]
pub(crate) struct LogWriter {
    log: Log,
    source: Source,
}

impl LogWriter {
    fn accept(&self, bytes: &[u8]) {
        self.log.lock().write(self.source, bytes);
    }
}

impl IsTerminal for LogWriter {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LogWriter {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait::async_trait]
impl Pollable for LogWriter {
    async fn ready(&mut self) {}
}

impl OutputStream for LogWriter {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.accept(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES_MAX)
    }
}

impl AsyncWrite for LogWriter {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.accept(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stay_whole_and_the_excess_is_counted() {
        let log = Log::new(30);
        let (out, err) = (log.stream(LogStream::Stdout), log.stream(LogStream::Stderr));
        out.accept(b"one\r\ntw");
        err.accept(b"oops\n");
        out.accept(b"o\nthree\xff");
        err.accept(&[b'x'; 100]);
        let logs = log.take();
        let text: Vec<_> = logs.lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(text, ["one", "two", "oops", "three\u{fffd}", "xxxxxxxxxx"]);
        assert_eq!(logs.dropped_bytes, 90);
    }

    #[test]
    fn a_line_of_the_host_does_not_join_what_the_guest_began() {
        let log = Log::new(1000);
        let err = log.stream(LogStream::Stderr);
        err.accept(b"begun");
        log.line("INFO whole");
        err.accept(b" and done\n");
        let lines = log.take().lines;
        let text: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(text, ["begun and done", "INFO whole"]);
        assert!(lines.iter().all(|line| line.stream == LogStream::Stderr));
    }
}
