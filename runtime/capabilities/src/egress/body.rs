use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use lambent_engine::wasi_http::{Error, WasiBody};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, timeout};

use crate::egress::error::protocol_error;

/// Bytes of one request's or response's body.
const BODY_BYTES_MAX: u64 = 1 << 30;
/// How long a request may wait to learn whether it has a body.
const FIRST_BYTES_TIME_MAX: Duration = Duration::from_millis(20);

/// A body on its way out, which must not become too long.
pub(super) struct RequestBody {
    inner: WasiBody,
    /// What was read of it before the request was sent.
    first: Option<Frame<Bytes>>,
    sent: u64,
}

impl RequestBody {
    pub(super) const fn new(inner: WasiBody) -> Self {
        Self { inner, first: None, sent: 0 }
    }

    /// Whether there is anything in it, as far as can be said before the guest
    /// has ended it: waits for its first bytes, but not for long.
    ///
    /// A guest that gives up its body before it has written any has sent none.
    pub(super) async fn has_bytes(&mut self) -> bool {
        while !self.inner.is_end_stream() {
            match timeout(FIRST_BYTES_TIME_MAX, self.inner.frame()).await {
                Ok(Some(Ok(frame))) if frame.data_ref().is_some_and(Bytes::is_empty) => {}
                Ok(Some(Ok(frame))) => {
                    self.first = Some(frame);
                    return true;
                }
                Ok(Some(Err(_)) | None) => break,
                // It may still write some.
                Err(_) => return true,
            }
        }
        self.inner = Empty::new().map_err(|never| match never {}).boxed_unsync();
        false
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = match self.first.take() {
            Some(first) => Some(Ok(first)),
            None => ready!(Pin::new(&mut self.inner).poll_frame(cx)),
        };
        if let Some(Ok(frame)) = &frame {
            self.sent += frame.data_ref().map_or(0, Bytes::len) as u64;
            if self.sent > BODY_BYTES_MAX {
                return Poll::Ready(Some(Err(Error::HttpRequestBodySize(Some(BODY_BYTES_MAX)))));
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        // The inner body no longer knows of what was read already.
        if self.first.is_some() { SizeHint::default() } else { self.inner.size_hint() }
    }
}

/// A body on its way in, which must neither stall nor become too long.
pub(super) struct ResponseBody {
    inner: Incoming,
    received: u64,
    patience: Duration,
    stalled: Pin<Box<Sleep>>,
    /// The connection, as one of those its invocation may have.
    _connection: OwnedSemaphorePermit,
}

impl ResponseBody {
    pub(super) fn new(
        inner: Incoming,
        patience: Duration,
        connection: OwnedSemaphorePermit,
    ) -> Self {
        let stalled = Box::pin(tokio::time::sleep(patience));
        Self { inner, received: 0, patience, stalled, _connection: connection }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(cx) else {
            ready!(self.stalled.as_mut().poll(cx));
            return Poll::Ready(Some(Err(Error::ConnectionReadTimeout)));
        };
        let next = Instant::now() + self.patience;
        self.stalled.as_mut().reset(next);
        Poll::Ready(match frame {
            Some(Ok(frame)) => {
                self.received += frame.data_ref().map_or(0, Bytes::len) as u64;
                if self.received > BODY_BYTES_MAX {
                    Some(Err(Error::HttpResponseBodySize(Some(BODY_BYTES_MAX))))
                } else {
                    Some(Ok(frame))
                }
            }
            Some(Err(error)) => Some(Err(protocol_error(&error))),
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
