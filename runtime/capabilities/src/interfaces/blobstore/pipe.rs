use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures::Stream;
use futures::task::AtomicWaker;
use lambent_engine::wasi::async_trait;
use lambent_engine::wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};
use lambent_engine::wasmtime::format_err;

use crate::object_streams::ObjectStream;

/// Bytes between a guest that writes and the store that takes them.
const CAPACITY: usize = 256 << 10;
/// Bytes a guest may write in one call; wasmtime's documented habit.
const WRITE_BYTES_MAX: usize = 64 << 10;

/// A bounded buffer between a guest, which writes an object, and the store,
/// which reads it. The bytes have no end, good or bad, before somebody says so.
#[derive(Debug, Default)]
pub(crate) struct Pipe {
    state: Mutex<State>,
    to_read: AtomicWaker,
    to_write: AtomicWaker,
}

#[derive(Debug, Default)]
struct State {
    buffer: BytesMut,
    reader: Reader,
    end: Option<End>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Reader {
    #[default]
    NotYet,
    Reading,
    Gone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Finished,
    Abandoned,
}

impl Pipe {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The end that reads; to be taken once.
    pub(crate) fn reader(self: &Arc<Self>) -> PipeReader {
        self.lock().reader = Reader::Reading;
        self.to_write.wake();
        PipeReader(self.clone())
    }

    /// Everything was written.
    pub(crate) fn finish(&self) {
        self.end(End::Finished);
    }

    /// What was written is not to be kept.
    pub(crate) fn abandon(&self) {
        self.end(End::Abandoned);
    }

    fn end(&self, end: End) {
        self.lock().end.get_or_insert(end);
        self.to_read.wake();
        self.to_write.wake();
    }
}

/// What the store reads.
pub(crate) struct PipeReader(Arc<Pipe>);

impl Stream for PipeReader {
    type Item = io::Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        self.0.to_read.register(cx.waker());
        let mut state = self.0.lock();
        if state.end == Some(End::Abandoned) {
            let error = io::Error::new(io::ErrorKind::UnexpectedEof, "the guest did not finish");
            return Poll::Ready(Some(Err(error)));
        }
        if !state.buffer.is_empty() {
            let bytes = state.buffer.split().freeze();
            drop(state);
            self.0.to_write.wake();
            return Poll::Ready(Some(Ok(bytes)));
        }
        if state.end == Some(End::Finished) { Poll::Ready(None) } else { Poll::Pending }
    }
}

impl Drop for PipeReader {
    fn drop(&mut self) {
        self.0.lock().reader = Reader::Gone;
        self.0.to_write.wake();
    }
}

/// What the guest writes to. Flushing waits for nothing: only finishing the
/// value says what became of it.
pub(crate) struct PipeWriter {
    pub(crate) pipe: Arc<Pipe>,
    pub(crate) _stream: Option<ObjectStream>,
}

#[async_trait]
impl Pollable for PipeWriter {
    async fn ready(&mut self) {
        std::future::poll_fn(|cx| {
            self.pipe.to_write.register(cx.waker());
            let state = self.pipe.lock();
            let full = state.buffer.len() >= CAPACITY;
            let waits = state.reader == Reader::Reading && full && state.end.is_none();
            if waits { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }
}

impl OutputStream for PipeWriter {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let mut state = self.pipe.lock();
        if state.end.is_some() {
            return Err(StreamError::Closed);
        }
        if bytes.len() > CAPACITY.saturating_sub(state.buffer.len()) {
            return Err(StreamError::trap("wrote more than check-write allowed"));
        }
        state.buffer.extend_from_slice(&bytes);
        drop(state);
        self.pipe.to_read.wake();
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        let state = self.pipe.lock();
        if state.end.is_some() {
            return Err(StreamError::Closed);
        }
        let free = CAPACITY.saturating_sub(state.buffer.len());
        match state.reader {
            Reader::Gone => Err(StreamError::LastOperationFailed(format_err!(
                "the object cannot be written; finish the value to learn why"
            ))),
            Reader::NotYet if free == 0 => Err(StreamError::LastOperationFailed(format_err!(
                "give the value to write-data before writing {CAPACITY} bytes"
            ))),
            Reader::NotYet | Reader::Reading => Ok(free.min(WRITE_BYTES_MAX)),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt, StreamExt};

    use super::*;
    use crate::object_streams::ObjectStreams;

    fn writer() -> (Arc<Pipe>, PipeWriter) {
        let pipe = Arc::new(Pipe::default());
        let stream = ObjectStreams::default().open().unwrap();
        (pipe.clone(), PipeWriter { pipe, _stream: Some(stream) })
    }

    /// Writes until there is no room; how much that was.
    fn fill(writer: &mut PipeWriter) -> usize {
        let mut written = 0;
        while let Ok(free @ 1..) = writer.check_write() {
            writer.write(Bytes::from(vec![1; free])).unwrap();
            written += free;
        }
        written
    }

    #[test]
    fn a_writer_that_is_faster_waits() {
        let (pipe, mut writer) = writer();
        let mut reader = pipe.reader();
        assert_eq!(fill(&mut writer), CAPACITY);
        assert!(writer.ready().now_or_never().is_none(), "there is no room");
        let taken = reader.next().now_or_never().unwrap().unwrap().unwrap();
        assert_eq!(taken.len(), CAPACITY);
        assert!(writer.ready().now_or_never().is_some());
        assert!(reader.next().now_or_never().is_none(), "there is nothing, and no end");
        writer.write(Bytes::from_static(b"end")).unwrap();
        pipe.finish();
        assert_eq!(reader.next().now_or_never().unwrap().unwrap().unwrap(), "end");
        assert!(reader.next().now_or_never().unwrap().is_none());
    }

    #[test]
    fn a_writer_without_a_reader_fails_in_place_of_waiting() {
        let (pipe, mut writer) = writer();
        assert_eq!(fill(&mut writer), CAPACITY);
        assert!(writer.ready().now_or_never().is_some());
        assert!(matches!(writer.check_write(), Err(StreamError::LastOperationFailed(_))));
        drop(pipe.reader());
        assert!(writer.ready().now_or_never().is_some());
        assert!(matches!(writer.check_write(), Err(StreamError::LastOperationFailed(_))));
    }

    #[test]
    fn nothing_is_written_after_the_end() {
        for full in [false, true] {
            let (pipe, mut writer) = writer();
            let mut reader = pipe.reader();
            writer.write(Bytes::from_static(b"all")).unwrap();
            if full {
                fill(&mut writer);
            }
            pipe.finish();
            assert!(writer.ready().now_or_never().is_some());
            assert!(matches!(writer.check_write(), Err(StreamError::Closed)));
            let late = writer.write(Bytes::from_static(b"late"));
            assert!(matches!(late, Err(StreamError::Closed)));
            let read = reader.next().now_or_never().unwrap().unwrap().unwrap();
            assert!(read.starts_with(b"all") && !read.ends_with(b"late"));
            assert!(reader.next().now_or_never().unwrap().is_none());
        }
    }

    #[test]
    fn what_is_abandoned_ends_in_an_error_also_when_finished_later() {
        let (pipe, mut writer) = writer();
        let mut reader = pipe.reader();
        writer.write(Bytes::from_static(b"half")).unwrap();
        pipe.abandon();
        pipe.finish();
        assert!(reader.next().now_or_never().unwrap().unwrap().is_err());
    }
}
