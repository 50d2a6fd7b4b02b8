use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::{Buf as _, Bytes, BytesMut};
use hyper::rt::{Read, ReadBufCursor, Write};
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamError, StreamResult};

use crate::budget::Hold;

/// Bytes on their way in one direction, at the most.
const LANE_BYTES_MAX: usize = 64 << 10;
/// A lane that is empty keeps no larger buffer than this.
const LANE_BYTES_KEPT: usize = 4 << 10;
/// Memory is charged in steps of so many bytes.
const CHARGE_STEP: u64 = 64 << 10;

/// A connection in memory, from a guest to the host.
///
/// What the guest has sent and was not answered yet is held by the host in one form or
/// another; it is charged to the instance.
pub(crate) struct Connection {
    lanes: Mutex<Lanes>,
    hold: Arc<Hold>,
    /// How many connections the instance has; this is one of them.
    open: Arc<AtomicUsize>,
}

#[derive(Default)]
struct Lanes {
    to_host: Lane,
    to_guest: Lane,
    /// Bytes that the guest has sent since the host last sent any.
    unanswered: u64,
    charged: u64,
}

/// What goes in one direction.
#[derive(Default)]
struct Lane {
    bytes: BytesMut,
    /// Whoever writes has ended it.
    ended: bool,
    /// Nobody reads it any more.
    abandoned: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

impl Lane {
    fn free(&self) -> usize {
        LANE_BYTES_MAX.saturating_sub(self.bytes.len())
    }

    /// Whether a reader would not have to wait.
    fn is_readable(&self) -> bool {
        !self.bytes.is_empty() || self.ended
    }

    /// Whether a writer would not have to wait.
    fn is_writable(&self) -> bool {
        self.free() > 0 || self.abandoned
    }

    fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        wake(&mut self.reader);
    }

    /// Called when bytes were taken.
    fn taken(&mut self) {
        if self.bytes.is_empty() && self.bytes.capacity() > LANE_BYTES_KEPT {
            self.bytes = BytesMut::new();
        }
        wake(&mut self.writer);
    }

    fn end(&mut self) {
        self.ended = true;
        wake(&mut self.reader);
    }

    fn abandon(&mut self) {
        self.abandoned = true;
        self.bytes = BytesMut::new();
        wake(&mut self.writer);
    }
}

impl Connection {
    /// A connection of an instance that has as many as `open` says, of which at most `most`;
    /// none if it has them already.
    pub(crate) fn open(
        open: &Arc<AtomicUsize>,
        most: usize,
        hold: &Arc<Hold>,
    ) -> Option<Arc<Self>> {
        let more = |count| (count < most).then_some(count + 1);
        open.fetch_update(Relaxed, Relaxed, more).ok()?;
        let lanes = Mutex::default();
        Some(Arc::new(Self { lanes, hold: hold.clone(), open: open.clone() }))
    }

    fn lock(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The host has no more of what the guest sent than before these bytes.
    pub(crate) fn passed_on(&self, bytes: u64) {
        let mut lanes = self.lock();
        lanes.unanswered = lanes.unanswered.saturating_sub(bytes);
        let kept = lanes.unanswered.next_multiple_of(CHARGE_STEP).max(CHARGE_STEP);
        lanes.release(kept, &self.hold);
    }

    /// The guest sends no more.
    pub(crate) fn end_to_host(&self) {
        self.lock().to_host.end();
    }

    /// The guest reads no more.
    pub(crate) fn abandon_to_guest(&self) {
        self.lock().to_guest.abandon();
    }
}

impl Lanes {
    /// Charges so many unanswered bytes more; returns whether the node has the memory.
    fn charge(&mut self, bytes: u64, hold: &Hold) -> bool {
        self.unanswered += bytes;
        let Some(more) = self.unanswered.checked_sub(self.charged).filter(|more| *more > 0) else {
            return true;
        };
        let more = more.next_multiple_of(CHARGE_STEP);
        let granted = hold.grow(more).is_ok();
        if granted {
            self.charged += more;
        }
        granted
    }

    /// What the guest has sent was answered.
    fn answered(&mut self, hold: &Hold) {
        self.unanswered = 0;
        self.release(CHARGE_STEP, hold);
    }

    /// Is charged for no more than `kept`.
    fn release(&mut self, kept: u64, hold: &Hold) {
        if self.charged > kept {
            hold.shrink(self.charged - kept);
            self.charged = kept;
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.hold.shrink(self.lock().charged);
        self.open.fetch_sub(1, Relaxed);
    }
}

/// Where a guest reads.
pub(crate) struct GuestReader(pub(crate) Arc<Connection>);

#[async_trait::async_trait]
impl Pollable for GuestReader {
    async fn ready(&mut self) {
        std::future::poll_fn(|cx| {
            let lane = &mut self.0.lock().to_guest;
            if lane.is_readable() || lane.abandoned {
                return Poll::Ready(());
            }
            lane.reader = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

#[async_trait::async_trait]
impl InputStream for GuestReader {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        let lane = &mut self.0.lock().to_guest;
        if size == 0 {
            return Ok(Bytes::new());
        }
        if lane.bytes.is_empty() {
            let closed = lane.ended || lane.abandoned;
            return if closed { Err(StreamError::Closed) } else { Ok(Bytes::new()) };
        }
        let size = size.min(lane.bytes.len());
        let read = Bytes::copy_from_slice(&lane.bytes[..size]);
        lane.bytes.advance(size);
        lane.taken();
        Ok(read)
    }
}

impl Drop for GuestReader {
    fn drop(&mut self) {
        self.0.abandon_to_guest();
    }
}

/// Where a guest writes.
pub(crate) struct GuestWriter(pub(crate) Arc<Connection>);

#[async_trait::async_trait]
impl Pollable for GuestWriter {
    async fn ready(&mut self) {
        std::future::poll_fn(|cx| {
            let lane = &mut self.0.lock().to_host;
            if lane.is_writable() || lane.ended {
                return Poll::Ready(());
            }
            lane.writer = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

#[async_trait::async_trait]
impl OutputStream for GuestWriter {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let mut lanes = self.0.lock();
        if lanes.to_host.ended || lanes.to_host.abandoned {
            return Err(StreamError::Closed);
        }
        if bytes.len() > lanes.to_host.free() {
            return Err(StreamError::trap("wrote more than check-write allowed"));
        }
        if !lanes.charge(bytes.len() as u64, &self.0.hold) {
            let error = wasmtime::Error::msg("the node has no memory left for the connection");
            return Err(StreamError::LastOperationFailed(error));
        }
        lanes.to_host.put(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        let lane = &self.0.lock().to_host;
        if lane.ended || lane.abandoned {
            return Err(StreamError::Closed);
        }
        Ok(lane.free())
    }
}

impl Drop for GuestWriter {
    fn drop(&mut self) {
        self.0.end_to_host();
    }
}

/// The end of a connection that the host serves.
pub(crate) struct HostEnd(pub(crate) Arc<Connection>);

impl Read for HostEnd {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let lane = &mut self.0.lock().to_host;
        if !lane.is_readable() {
            lane.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let size = buffer.remaining().min(lane.bytes.len());
        buffer.put_slice(&lane.bytes[..size]);
        lane.bytes.advance(size);
        lane.taken();
        Poll::Ready(Ok(()))
    }
}

impl Write for HostEnd {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut lanes = self.0.lock();
        if lanes.to_guest.abandoned {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let size = bytes.len().min(lanes.to_guest.free());
        if size == 0 && !bytes.is_empty() {
            lanes.to_guest.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        lanes.to_guest.put(&bytes[..size]);
        lanes.answered(&self.0.hold);
        Poll::Ready(Ok(size))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.lock().to_guest.end();
        Poll::Ready(Ok(()))
    }
}

impl Drop for HostEnd {
    fn drop(&mut self) {
        let mut lanes = self.0.lock();
        lanes.to_guest.end();
        lanes.to_host.abandon();
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;
    use crate::budget::Budget;

    fn connection(budget: u64) -> (Arc<Connection>, Arc<Hold>, Arc<AtomicUsize>) {
        let hold = Arc::new(Budget::new(budget).hold(None, None));
        let open = Arc::new(AtomicUsize::new(0));
        (Connection::open(&open, 1, &hold).unwrap(), hold, open)
    }

    #[test]
    fn an_instance_has_no_more_connections_than_it_may() {
        let (first, hold, open) = connection(1 << 30);
        assert!(Connection::open(&open, 1, &hold).is_none());
        drop(first);
        assert!(Connection::open(&open, 1, &hold).is_some());
    }

    #[test]
    fn what_is_sent_is_bounded_and_charged_until_it_is_answered() {
        let (connection, hold, _) = connection(1 << 30);
        let mut writer = GuestWriter(connection.clone());
        let mut host = HostEnd(connection);
        let mut sent = 0;
        let mut noop = Context::from_waker(Waker::noop());
        for _ in 0..4 {
            let free = writer.check_write().unwrap();
            writer.write(vec![b'x'; free].into()).unwrap();
            sent += free as u64;
            assert_eq!(writer.check_write().unwrap(), 0);
            assert!(writer.ready().now_or_never().is_none());
            let mut space = vec![0; LANE_BYTES_MAX];
            let mut buffer = hyper::rt::ReadBuf::new(&mut space);
            assert!(Pin::new(&mut host).poll_read(&mut noop, buffer.unfilled()).is_ready());
            assert_eq!(buffer.filled().len(), free);
        }
        assert!(hold.bytes() >= sent);
        assert!(Pin::new(&mut host).poll_write(&mut noop, b"ok").is_ready());
        assert_eq!(hold.bytes(), CHARGE_STEP);
        drop((writer, host));
        assert_eq!(hold.bytes(), 0);
    }

    #[test]
    fn what_is_passed_on_is_charged_no_longer() {
        let (connection, hold, _) = connection(1 << 30);
        let mut writer = GuestWriter(connection.clone());
        let mut host = HostEnd(connection.clone());
        let mut noop = Context::from_waker(Waker::noop());
        for _ in 0..100 {
            writer.write(vec![b'x'; LANE_BYTES_MAX].into()).unwrap();
            let mut space = vec![0; LANE_BYTES_MAX];
            let mut buffer = hyper::rt::ReadBuf::new(&mut space);
            assert!(Pin::new(&mut host).poll_read(&mut noop, buffer.unfilled()).is_ready());
            connection.passed_on(buffer.filled().len() as u64);
            assert_eq!(hold.bytes(), CHARGE_STEP);
        }
        drop((writer, host, connection));
        assert_eq!(hold.bytes(), 0);
    }

    #[test]
    fn a_node_without_memory_refuses_what_is_sent() {
        let (connection, ..) = connection(1);
        let mut writer = GuestWriter(connection);
        assert!(matches!(writer.write("x".into()), Err(StreamError::LastOperationFailed(_))));
    }

    #[test]
    fn each_end_notices_that_the_other_is_gone() {
        let (connection, ..) = connection(1 << 30);
        let (mut reader, mut writer) =
            (GuestReader(connection.clone()), GuestWriter(connection.clone()));
        assert!(reader.ready().now_or_never().is_none());
        drop(HostEnd(connection));
        assert!(reader.ready().now_or_never().is_some());
        assert!(matches!(reader.read(1), Err(StreamError::Closed)));
        assert!(matches!(writer.check_write(), Err(StreamError::Closed)));
    }
}
