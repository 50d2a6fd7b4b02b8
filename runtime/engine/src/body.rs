//! Bodies on their way through an invocation: counted, limited, and tied to
//! the guest that reads or writes them.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::FutureExt as _;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::oneshot;
use tokio::time::{Sleep, sleep_until, timeout};
use wasmtime_wasi_http::{Error, WasiBody};

use crate::completion::Completion;
use crate::scheduler::AbortGuest;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Bytes of a body that are read before anything of its response is sent, so
/// that an error in a small one can still be reported by a status.
const AHEAD_BYTES_MAX: u64 = 64 << 10;
/// How long the rest of such a body may delay the head, once it has begun:
/// a guest that ends it early mostly does so at once.
const AHEAD_TIME_MAX: Duration = Duration::from_millis(10);

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
        // The bytes that were declared are all there. Whoever sends them may not
        // say so once the response is complete.
        if self.inner.is_end_stream() {
            return Poll::Ready(None);
        }
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
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
/// guest failed before it had written all, or wrote more or less than the head
/// declares, so that nobody takes a part of a response for the whole.
pub struct ResponseBody {
    inner: WasiBody,
    completion: Arc<Completion>,
    limit: Option<u64>,
    /// Bytes that the head declares.
    declared: Option<u64>,
    /// Bytes that the guest has written.
    written: u64,
    /// Bytes that were handed on.
    sent: u64,
    /// What was read and not yet handed on.
    ahead: VecDeque<Frame<Bytes>>,
    guest: Option<AbortGuest>,
    /// Whether nobody reads it, as the body of a response to HEAD.
    unread: bool,
    /// When it must have ended.
    deadline: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
    /// Whether nothing more comes from the guest.
    complete: bool,
    ended: bool,
    /// Sent to when the body was read to its end.
    read: Option<oneshot::Sender<()>>,
}

impl ResponseBody {
    pub(crate) const fn new(
        inner: WasiBody,
        completion: Arc<Completion>,
        limit: Option<u64>,
        declared: Option<u64>,
    ) -> Self {
        Self {
            inner,
            completion,
            limit,
            declared,
            written: 0,
            sent: 0,
            ahead: VecDeque::new(),
            guest: None,
            unread: false,
            deadline: None,
            timer: None,
            complete: false,
            ended: false,
            read: None,
        }
    }

    /// Aborts `guest` when the body is dropped before its end.
    pub(crate) fn abort_on_drop(&mut self, guest: AbortGuest) {
        self.guest = Some(guest).filter(|_| !self.unread);
    }

    /// Ends the body with an error at the deadline. An instance that is used again may
    /// hold a body open that its guest has forgotten to end.
    pub(crate) fn set_deadline(&mut self, deadline: Option<Instant>) {
        self.deadline = deadline;
    }

    /// Sends to `read` when the body was read to its end; drops the sender if it never is.
    pub(crate) fn notify_read(&mut self, read: oneshot::Sender<()>) {
        self.read = Some(read);
    }

    fn send_read(&mut self) {
        if let Some(read) = self.read.take() {
            // The receiver may be gone.
            let _ = read.send(());
        }
    }

    fn is_overdue(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(deadline) = self.deadline else { return false };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline.into())));
        timer.as_mut().poll(cx).is_ready()
    }

    /// Nobody reads the body: the guest runs on when it is dropped, and what is written
    /// does not count. HEAD and 304 declare the length of another body.
    pub(crate) fn detach(&mut self) {
        self.unread = true;
        self.declared = None;
    }

    /// Whether its head declares how long it is.
    pub(crate) const fn is_declared(&self) -> bool {
        self.declared.is_some()
    }

    /// Reads the beginning of a body whose length is declared while its guest
    /// writes it: all of a small one.
    ///
    /// # Errors
    /// What is wrong with it; nothing of it was sent.
    pub(crate) async fn read_ahead(&mut self) -> Result<(), String> {
        let Some(declared) = self.declared else { return Ok(()) };
        poll_fn(|cx| self.poll_ahead(declared.min(1), cx)).await?;
        let rest = poll_fn(|cx| self.poll_ahead(AHEAD_BYTES_MAX, cx));
        if let Ok(read) = timeout(AHEAD_TIME_MAX, rest).await {
            return read;
        }
        // The time may have passed while the guest was not scheduled.
        tokio::task::yield_now().await;
        self.read_left()
    }

    /// Reads what is there of it.
    ///
    /// # Errors
    /// The errors of [`Self::read_ahead`].
    pub(crate) fn read_left(&mut self) -> Result<(), String> {
        let left = poll_fn(|cx| self.poll_ahead(AHEAD_BYTES_MAX, cx));
        left.now_or_never().unwrap_or(Ok(()))
    }

    /// Reads what the guest has written, until it is complete or there are so
    /// many bytes of it.
    fn poll_ahead(&mut self, enough: u64, cx: &mut Context<'_>) -> Poll<Result<(), String>> {
        while !self.complete && !self.unread && self.written < enough {
            match ready!(self.poll_guest(cx)) {
                Some(Ok(frame)) => self.ahead.push_back(frame),
                Some(Err(message)) => {
                    self.ended = true;
                    return Poll::Ready(Err(message));
                }
                None => {}
            }
        }
        Poll::Ready(Ok(()))
    }

    /// The next frame from the guest. Its error is the outcome too, if the
    /// guest itself did not fail.
    fn poll_guest(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, String>>> {
        let written = match Pin::new(&mut self.inner).poll_frame(cx) {
            Poll::Pending if self.is_overdue(cx) => {
                Err("the function did not end its response in time".into())
            }
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Some(Ok(frame))) => self.measure(&frame).map(|()| Some(frame)),
            Poll::Ready(Some(Err(error))) => Err(self.describe(&error)),
            Poll::Ready(None) => match self.declared {
                Some(declared) if self.written < declared && !self.completion.has_failed() => {
                    Err(length_mismatch(self.written, declared))
                }
                _ => Ok(None),
            },
        };
        Poll::Ready(match written {
            Ok(frame) => {
                self.complete = frame.is_none();
                frame.map(Ok)
            }
            Err(message) => {
                self.complete = true;
                if !self.unread {
                    self.completion.set_bad_body(message.clone());
                }
                Some(Err(message))
            }
        })
    }

    fn measure(&mut self, frame: &Frame<Bytes>) -> Result<(), String> {
        self.written += frame.data_ref().map_or(0, Bytes::len) as u64;
        match self.declared {
            Some(declared) if self.written > declared => {
                Err(length_mismatch(self.written, declared))
            }
            _ => Ok(()),
        }
    }

    fn describe(&self, error: &Error) -> String {
        let written = match error {
            Error::HttpResponseBodySize(Some(written)) => *written,
            _ => self.written,
        };
        match self.declared {
            Some(declared) if written != declared => length_mismatch(written, declared),
            _ => format!("the body of the response broke off: {error}"),
        }
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

    /// Looks, when all that was declared was read, whether more comes: whoever sends the
    /// body on asks for nothing after that.
    fn look_beyond(&mut self, cx: &mut Context<'_>) -> Result<(), BoxError> {
        while !self.complete && self.declared == Some(self.written) {
            match self.poll_guest(cx) {
                Poll::Ready(Some(Ok(frame))) => self.ahead.push_back(frame),
                Poll::Ready(Some(Err(message))) => return Err(message.into()),
                Poll::Ready(None) | Poll::Pending => break,
            }
        }
        Ok(())
    }
}

fn length_mismatch(written: u64, declared: u64) -> String {
    let more = if written > declared { "or more " } else { "" };
    format!("its body has {written} bytes {more}and its head declares {declared}")
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        if this.ended {
            return Poll::Ready(None);
        }
        let frame = match this.ahead.pop_front() {
            Some(frame) => Some(Ok(frame)),
            None if this.complete => None,
            None => ready!(this.poll_guest(cx)),
        };
        let frame = match frame {
            Some(Ok(frame)) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                let counted = this.look_beyond(cx).and_then(|()| this.count(bytes));
                return Poll::Ready(Some(counted.map(|()| frame)));
            }
            Some(Err(message)) => Some(Err(message.into())),
            None if this.completion.has_failed() => {
                Some(Err("the function failed before the end of its response".into()))
            }
            None => {
                this.send_read();
                None
            }
        };
        this.ended = true;
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        let complete = self.complete || self.inner.is_end_stream();
        self.ended || (self.ahead.is_empty() && complete && !self.completion.has_failed())
    }

    fn size_hint(&self) -> SizeHint {
        let held = self.ahead.iter().filter_map(Frame::data_ref).map(|data| data.len() as u64);
        let held: u64 = held.sum();
        let inner = self.inner.size_hint();
        let mut hint = SizeHint::new();
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper + held);
        }
        hint.set_lower(inner.lower() + held);
        hint
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        // A body whose length is declared is not polled again at its end.
        let whole = self.ahead.is_empty() && self.declared == Some(self.written);
        if !self.ended && (whole || self.is_end_stream()) {
            self.send_read();
        }
        if let Some(guest) = self.guest.take().filter(|_| !self.ended && !whole) {
            guest.abort();
        }
    }
}
