//! The bodies of requests and responses, tied to their connection.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Version};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use lambent_dispatch::BoxError;

use crate::connection_timeouts::{ConnectionTimeouts, RequestGuard, StreamStall};
use crate::gzip::Gzip;
use crate::min_rate::Measured;
use crate::state::App;
use crate::unread::Unread;

/// Why a request's body does not go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    /// The client went away, or broke the protocol.
    #[error(transparent)]
    Broken(hyper::Error),
    /// The client sends it too slowly.
    #[error("the body comes in too slowly")]
    Slow,
}

/// A request's body as it comes in; its connection is busy until it was read to
/// its end or dropped, even if the request was answered before.
pub(crate) struct RequestBody {
    /// None once it was dropped.
    incoming: Option<Incoming>,
    activity: Arc<ConnectionTimeouts>,
    measured: Measured,
    busy: Option<RequestGuard>,
    /// What reads the rest of a body that nobody wants; none where it is a stream, which ends alone.
    unread: Option<Unread>,
}

impl RequestBody {
    pub(crate) fn of(
        request: Request<Incoming>,
        activity: &Arc<ConnectionTimeouts>,
        app: &App,
    ) -> Request<Self> {
        let more = !request.body().is_end_stream();
        let unread = more && request.version() < Version::HTTP_2;
        let unread = unread.then(|| Unread::of(&request, app));
        request.map(|incoming| Self {
            busy: more.then(|| RequestGuard::go_on(activity.clone())),
            incoming: Some(incoming),
            activity: activity.clone(),
            measured: Measured::new(app.pace),
            unread,
        })
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        // All that was declared is there. Once the request is answered, hyper
        // says nothing more of its body before the next request.
        let Some(incoming) = this.incoming.as_mut().filter(|incoming| !incoming.is_end_stream())
        else {
            this.busy = None;
            return Poll::Ready(None);
        };
        if let Some(unread) = &mut this.unread {
            unread.asked();
        }
        let Poll::Ready(frame) = Pin::new(&mut *incoming).poll_frame(cx) else {
            ready!(this.measured.poll_late(cx));
            return Poll::Ready(Some(Err(BodyError::Slow)));
        };
        let bytes = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref());
        this.measured.came(bytes.map_or(0, Bytes::len));
        if frame.is_none() || incoming.is_end_stream() {
            this.busy = None;
        }
        Poll::Ready(frame.map(|frame| frame.map_err(BodyError::Broken)))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or(SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        let incoming = self.incoming.take().filter(|incoming| !incoming.is_end_stream());
        let Some(incoming) = incoming else { return };
        self.activity.abandon();
        if let Some(unread) = self.unread.take() {
            unread.read(incoming, &self.activity);
        }
    }
}

/// What a response holds, by the door it comes from.
pub(crate) enum Content {
    Whole(Option<Bytes>),
    Guest(lambent_dispatch::Body),
    Api(axum::body::Body),
    /// One of the others, compressed.
    Gzip(Box<Gzip<Content>>),
}

impl From<Bytes> for Content {
    fn from(bytes: Bytes) -> Self {
        Self::Whole(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut *self {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Guest(body) => Pin::new(body).poll_frame(cx),
            Self::Api(body) => {
                let frame = ready!(Pin::new(body).poll_frame(cx));
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            Self::Gzip(body) => Pin::new(body.as_mut()).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_none(),
            Self::Guest(body) => body.is_end_stream(),
            Self::Api(body) => body.is_end_stream(),
            Self::Gzip(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Self::Guest(body) => body.size_hint(),
            Self::Api(body) => body.size_hint(),
            Self::Gzip(body) => body.size_hint(),
        }
    }
}

/// A response's body; its connection is busy until it was sent or dropped.
pub(crate) struct ResponseBody {
    content: Content,
    pieces: StreamStall,
    _busy: RequestGuard,
}

impl ResponseBody {
    pub(crate) fn new(
        content: Content,
        activity: Arc<ConnectionTimeouts>,
        busy: RequestGuard,
    ) -> Self {
        Self { content, pieces: StreamStall::new(activity), _busy: busy }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        this.pieces.wanted();
        let frame = ready!(Pin::new(&mut this.content).poll_frame(cx));
        if frame.is_some() && !this.is_end_stream() {
            this.pieces.given();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.content.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.content.size_hint()
    }
}
