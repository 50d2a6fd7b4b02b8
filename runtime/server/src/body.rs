//! The bodies of requests and responses, tied to their connection.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use lambent_dispatch::BoxError;

use crate::activity::{Activity, Busy, Pieces};

/// A request's body as it comes in.
pub(crate) struct RequestBody {
    incoming: Incoming,
    activity: Arc<Activity>,
}

impl RequestBody {
    pub(crate) const fn new(incoming: Incoming, activity: Arc<Activity>) -> Self {
        Self { incoming, activity }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut self.incoming).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        if !self.incoming.is_end_stream() {
            self.activity.abandon();
        }
    }
}

/// What a response holds, by the door it comes from.
pub(crate) enum Content {
    Whole(Option<Bytes>),
    Guest(lambent_dispatch::Body),
    Api(axum::body::Body),
}

impl From<Bytes> for Content {
    fn from(bytes: Bytes) -> Self {
        Self::Whole(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }
}

/// A response's body; its connection is busy until it was sent or dropped.
pub(crate) struct ResponseBody {
    content: Content,
    pieces: Pieces,
    _busy: Busy,
}

impl ResponseBody {
    pub(crate) fn new(content: Content, activity: Arc<Activity>, busy: Busy) -> Self {
        Self { content, pieces: Pieces::new(activity), _busy: busy }
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
        let frame = match &mut this.content {
            Content::Whole(bytes) => bytes.take().map(|bytes| Ok(Frame::data(bytes))),
            Content::Guest(body) => ready!(Pin::new(body).poll_frame(cx)),
            Content::Api(body) => {
                ready!(Pin::new(body).poll_frame(cx)).map(|frame| frame.map_err(Into::into))
            }
        };
        if frame.is_some() && !this.is_end_stream() {
            this.pieces.given();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Whole(bytes) => bytes.is_none(),
            Content::Guest(body) => body.is_end_stream(),
            Content::Api(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Content::Guest(body) => body.size_hint(),
            Content::Api(body) => body.size_hint(),
        }
    }
}
