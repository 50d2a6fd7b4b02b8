//! Bodies on their way through an invocation: counted, limited, and tied to
//! the guest that reads or writes them.

use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::oneshot;
use tokio::time::{Sleep, sleep_until};
use wasmtime_wasi_http::{Error, WasiBody};

use crate::completion::Completion;
use crate::run::migrate::Stop;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A request body, counted as the guest takes it.
pub(crate) struct RequestBody<B> {
    inner: B,
    /// A guest may hold a body for longer than its invocation lasts.
    completion: Weak<Completion>,
}

impl<B> RequestBody<B> {
    pub(crate) fn new(inner: B, completion: &Arc<Completion>) -> Self {
        Self { inner, completion: Arc::downgrade(completion) }
    }
}

impl<B> Body for RequestBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = std::task::ready!(Pin::new(&mut self.inner).poll_frame(cx));
        Poll::Ready(frame.map(|frame| match frame {
            Ok(frame) => {
                if let (Some(bytes), Some(completion)) =
                    (frame.data_ref(), self.completion.upgrade())
                {
                    completion.bytes_in.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                }
                Ok(frame)
            }
            Err(error) => {
                tracing::debug!(%error, "the request body broke off");
                Err(Error::ConnectionTerminated)
            }
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A response body as the guest produces it.
///
/// Dropping it before its end cancels the guest. It ends with an error if the
/// guest failed before it had written all, so that nobody takes a part of a
/// response for the whole.
pub struct ResponseBody {
    inner: WasiBody,
    completion: Arc<Completion>,
    limit: Option<u64>,
    sent: u64,
    guest: Option<Stop>,
    /// When it must have ended.
    until: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
    ended: bool,
    /// Told when it has ended.
    reader: Option<oneshot::Sender<()>>,
}

impl ResponseBody {
    pub(crate) const fn new(
        inner: WasiBody,
        completion: Arc<Completion>,
        limit: Option<u64>,
        guest: Option<Stop>,
    ) -> Self {
        let (until, timer, reader) = (None, None, None);
        Self { inner, completion, limit, sent: 0, guest, until, timer, ended: false, reader }
    }

    /// Ends it with an error at a moment. An instance that is used again may
    /// hold a body open that its guest has forgotten to end.
    pub(crate) fn until(&mut self, moment: Option<Instant>) {
        self.until = moment;
    }

    /// Tells `reader` when it was read to its end; drops it if it never is.
    pub(crate) fn read_by(&mut self, reader: oneshot::Sender<()>) {
        self.reader = Some(reader);
    }

    fn tell(&mut self) {
        if let Some(reader) = self.reader.take() {
            // Whoever waited may be gone.
            let _ = reader.send(());
        }
    }

    fn is_late(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(moment) = self.until else { return false };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(moment.into())));
        timer.as_mut().poll(cx).is_ready()
    }

    /// Lets the guest run on when the body is dropped unread, as it is for
    /// the answer to a HEAD request.
    pub(crate) fn detach(&mut self) {
        self.guest = None;
    }

    fn count(&mut self, bytes: usize) -> Result<(), BoxError> {
        self.sent += bytes as u64;
        self.completion.bytes_out.store(self.sent, Ordering::Release);
        match self.limit {
            Some(limit) if self.sent > limit => {
                self.completion.set_too_large(limit);
                Err("the response is larger than its limit".into())
            }
            _ => Ok(()),
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let frame = match Pin::new(&mut self.inner).poll_frame(cx) {
            Poll::Pending if self.is_late(cx) => {
                Some(Err("the function did not end its response in time".into()))
            }
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                return Poll::Ready(Some(self.count(bytes).map(|()| frame)));
            }
            Poll::Ready(Some(Err(error))) => Some(Err(error.to_string().into())),
            Poll::Ready(None) if self.completion.has_failed() => {
                Some(Err("the function failed before the end of its response".into()))
            }
            Poll::Ready(None) => {
                self.tell();
                None
            }
        };
        self.ended = true;
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.ended || (self.inner.is_end_stream() && !self.completion.has_failed())
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        if let Some(guest) = self.guest.take().filter(|_| !self.ended) {
            guest.stop();
        }
        // Nobody asks for more of a body whose length is known.
        if !self.ended && self.is_end_stream() {
            self.tell();
        }
    }
}
