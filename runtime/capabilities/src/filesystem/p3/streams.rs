//! The streams of files and directories. Each tells at its end what came of it.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::BoxFuture;
use lambent_engine::wasi::p3::bindings::filesystem::types::{DirectoryEntry, ErrorCode};
use lambent_engine::wasmtime::component::{
    Destination, Source, StreamConsumer, StreamProducer, StreamResult, VecBuffer,
};
use lambent_engine::{Host, cost, wasmtime};
use lambent_files::{IO_BYTES_MAX, Kind};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wasmtime::{AsContextMut as _, StoreContextMut};

use super::{code, kind};
use crate::ctx::Ctx;
use crate::filesystem::Open;

/// Where it is told what came of a stream.
pub(super) type End = oneshot::Sender<Result<(), ErrorCode>>;
type Polled = Poll<wasmtime::Result<StreamResult>>;
type Produced<T> = Result<T, lambent_files::ErrorCode>;

/// Tells the end of a stream once: when it comes, or when nobody wants the rest.
struct OnEnd(Option<End>);

impl OnEnd {
    fn tell(&mut self, ended: Result<(), lambent_files::ErrorCode>) -> Polled {
        if let Some(end) = self.0.take() {
            // Nobody may want to know.
            let _ = end.send(ended.map_err(code));
        }
        Poll::Ready(Ok(StreamResult::Dropped))
    }
}

impl Drop for OnEnd {
    fn drop(&mut self) {
        let _ = self.tell(Ok(()));
    }
}

/// What reads ahead of the guest.
type Reading<T> = BoxFuture<'static, Produced<T>>;

/// What was read, or what the stream says meanwhile. It goes on `later`, unless the guest wants no
/// more: what it reads is then read again if the guest asks for it again.
fn poll_reading<T>(
    mut reading: Reading<T>,
    later: &mut Option<Reading<T>>,
    cx: &mut Context<'_>,
    finish: bool,
) -> Result<Produced<T>, Polled> {
    match reading.as_mut().poll(cx) {
        Poll::Ready(read) => Ok(read),
        Poll::Pending if finish => Err(Poll::Ready(Ok(StreamResult::Cancelled))),
        Poll::Pending => {
            *later = Some(reading);
            Err(Poll::Pending)
        }
    }
}

/// Reads a file from an offset on.
pub(super) struct Reader {
    open: Open,
    offset: u64,
    reading: Option<Reading<Vec<u8>>>,
    end: OnEnd,
}

impl Reader {
    pub(super) const fn new(open: Open, offset: u64, end: End) -> Self {
        Self { open, offset, reading: None, end: OnEnd(Some(end)) }
    }

    fn read(&self) -> Reading<Vec<u8>> {
        let (Open { files, node, .. }, offset) = (self.open.clone(), self.offset);
        Box::pin(async move { files.read(&node, IO_BYTES_MAX, offset).await })
    }
}

impl StreamProducer<Host<Ctx>> for Reader {
    type Item = u8;
    type Buffer = Bytes;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut store: StoreContextMut<'a, Host<Ctx>>,
        mut to: Destination<'a, u8, Bytes>,
        finish: bool,
    ) -> Polled {
        if to.remaining(&mut store) == Some(0) {
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        let reading = self.reading.take().unwrap_or_else(|| self.read());
        let read = match poll_reading(reading, &mut self.reading, cx, finish) {
            Ok(read) => read,
            Err(polled) => return polled,
        };
        match read {
            Ok(bytes) if bytes.is_empty() => self.end.tell(Ok(())),
            Ok(bytes) => {
                store.data_mut().charge(cost::CALL.saturating_add(cost::bytes(bytes.len())));
                self.offset = self.offset.saturating_add(bytes.len() as u64);
                to.set_buffer(bytes.into());
                Poll::Ready(Ok(StreamResult::Completed))
            }
            Err(error) => self.end.tell(Err(error)),
        }
    }
}

/// Writes a file from an offset on, or at its end.
pub(super) struct Writer {
    open: Open,
    offset: Option<u64>,
    writing: Option<JoinHandle<Produced<usize>>>,
    end: OnEnd,
}

impl Writer {
    pub(super) const fn new(open: Open, offset: Option<u64>, end: End) -> Self {
        Self { open, offset, writing: None, end: OnEnd(Some(end)) }
    }

    fn write(&self, bytes: Vec<u8>) -> JoinHandle<Produced<usize>> {
        let (Open { files, node, .. }, offset) = (self.open.clone(), self.offset);
        files.begin(move |files| files.write_now(&node, &bytes, offset))
    }
}

impl StreamConsumer<Host<Ctx>> for Writer {
    type Item = u8;

    fn poll_consume(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut store: StoreContextMut<'_, Host<Ctx>>,
        mut from: Source<'_, u8>,
        _finish: bool,
    ) -> Polled {
        let mut writing = match self.writing.take() {
            Some(writing) => writing,
            None => {
                let mut from = from.reborrow().as_direct(store.as_context_mut());
                let bytes = from.remaining();
                if bytes.is_empty() {
                    return Poll::Ready(Ok(StreamResult::Completed));
                }
                let bytes = bytes[..bytes.len().min(IO_BYTES_MAX)].to_vec();
                self.write(bytes)
            }
        };
        // It is waited for also when the guest has no more time: it cannot be taken back.
        let Poll::Ready(written) = Pin::new(&mut writing).poll(cx) else {
            self.writing = Some(writing);
            return Poll::Pending;
        };
        match written.unwrap_or(Err(lambent_files::ErrorCode::Io)) {
            Ok(count) => {
                store.data_mut().charge(cost::CALL.saturating_add(cost::bytes(count)));
                self.offset = self.offset.map(|offset| offset.saturating_add(count as u64));
                from.as_direct(store.as_context_mut()).mark_read(count);
                Poll::Ready(Ok(StreamResult::Completed))
            }
            Err(error) => self.end.tell(Err(error)),
        }
    }
}

/// Lists a directory.
pub(super) struct Entries {
    open: Open,
    /// The last name that was given.
    last: Option<String>,
    reading: Option<Reading<Vec<(String, Kind)>>>,
    end: OnEnd,
}

impl Entries {
    pub(super) const fn new(open: Open, end: End) -> Self {
        Self { open, last: None, reading: None, end: OnEnd(Some(end)) }
    }

    fn read(&self) -> Reading<Vec<(String, Kind)>> {
        let (open, last) = (self.open.clone(), self.last.clone());
        Box::pin(async move { open.entries(last).await })
    }
}

impl StreamProducer<Host<Ctx>> for Entries {
    type Item = DirectoryEntry;
    type Buffer = VecBuffer<DirectoryEntry>;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut store: StoreContextMut<'a, Host<Ctx>>,
        mut to: Destination<'a, DirectoryEntry, VecBuffer<DirectoryEntry>>,
        finish: bool,
    ) -> Polled {
        if to.remaining(&mut store) == Some(0) {
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        let reading = self.reading.take().unwrap_or_else(|| self.read());
        let read = match poll_reading(reading, &mut self.reading, cx, finish) {
            Ok(read) => read,
            Err(polled) => return polled,
        };
        let entries = match read {
            Ok(entries) => entries,
            Err(error) => return self.end.tell(Err(error)),
        };
        let steps = self.open.files.take_work().saturating_mul(cost::ITEM);
        let bytes = entries.iter().map(|(name, _)| name.len()).sum();
        let spent = cost::CALL.saturating_add(steps).saturating_add(cost::bytes(bytes));
        store.data_mut().charge(spent);
        let Some((last, _)) = entries.last() else { return self.end.tell(Ok(())) };
        self.last = Some(last.clone());
        let entry = |(name, of)| DirectoryEntry { type_: kind(of), name };
        to.set_buffer(entries.into_iter().map(entry).collect::<Vec<_>>().into());
        Poll::Ready(Ok(StreamResult::Completed))
    }
}
