//! Requests to the node's own APIs, which are answered in memory.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::ready;
use http::{Method, Request, Response, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use lambent_engine::Exchange;
use lambent_engine::wasi_http::{Error, RequestOptions};
use lambent_types::{FunctionVersion, Origin};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use crate::egress::body::RequestBody;
use crate::egress::exchange::{patience, settle_body};
use crate::egress::own_doors::{ApiBody, OwnDoors};

/// Has the node answer a request of a function. It counts as one of the connections that its invocation
/// may have, until the answer is read.
pub(super) async fn call(
    doors: &dyn OwnDoors,
    (function, origin): (Arc<FunctionVersion>, Origin),
    request: Request<RequestBody>,
    options: RequestOptions,
    connection: OwnedSemaphorePermit,
) -> Result<Exchange, Error> {
    let has_content = request.method() != Method::HEAD;
    let request = settle_body(request).await?;
    let mut request = request.map(|body| body.map_err(Into::into).boxed_unsync());
    // It asks whether the body may come, which it may.
    request.headers_mut().remove(header::EXPECT);
    let answered = doors.call_api(function, origin, request);
    let answered = timeout(patience(options.first_byte_timeout), answered).await;
    let mut response = answered.map_err(|_| Error::HttpResponseTimeout)?;
    complete(&mut response, has_content);
    let response = response.map(|body| Answer { body, _connection: connection }.boxed_unsync());
    Ok((response, ready(Ok(())).boxed()))
}

/// Says how long the body is, as a response that comes over a connection does.
fn complete(response: &mut Response<ApiBody>, has_content: bool) {
    let size = response.body().size_hint().exact().filter(|_| has_content);
    if let (Some(size), false) = (size, response.headers().contains_key(header::CONTENT_LENGTH)) {
        response.headers_mut().insert(header::CONTENT_LENGTH, size.into());
    }
}

/// The body of an answer.
struct Answer {
    body: ApiBody,
    _connection: OwnedSemaphorePermit,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        Pin::new(&mut self.body).poll_frame(cx).map_err(|error| {
            tracing::debug!(error, "an answer to a function broke off");
            Error::HttpResponseIncomplete
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
