//! The door of AWS's tools: takes in what they send as every door does, and has `lambent-aws` answer.

use axum::body::Body;
use http::header::{CONNECTION, CONTENT_LENGTH, EXPECT};
use http::request::Parts;
use http::uri::Scheme;
use http::{HeaderValue, Request, Response, Version};
use http_body_util::BodyExt as _;
use lambent_types::{Error, ErrorCode, RequestId};
use tracing::Instrument as _;

use crate::api::LimitedBody;
use crate::body::{Content, RequestBody};
use crate::forwarded::Peer;
use crate::lineage;
use crate::problem::Refusal;
use crate::state::App;

/// Has the request answered.
///
/// # Errors
/// It was not taken in, and why.
pub(crate) async fn serve(
    app: &App,
    peer: &Peer,
    request: Request<RequestBody>,
) -> Result<(RequestId, Response<Content>), Refusal> {
    let id = RequestId::new();
    let (mut head, body) = request.into_parts();
    // URLs of resources that are given out have it.
    head.extensions.insert(if peer.secure { Scheme::HTTPS } else { Scheme::HTTP });
    let opened = match app.aws.open(&head, id).await {
        Ok(opened) => opened,
        Err(response) => {
            return Ok((id, Unasked::of(&head).settle(response).map(Content::Guest)));
        }
    };
    let namespace = opened.namespace();
    let hold = app.hold(&namespace);
    let most = opened.body_bytes_max(&head);
    let limited = LimitedBody::new(&head.headers, Body::new(body), most, app.stall);
    let limited = match opened.streams(&head) {
        true => limited,
        false => limited.and_then(|body| body.charged(&hold)),
    };
    let body = match limited {
        Ok(body) => body.map_err(|error| Error::from(error).into()).boxed_unsync(),
        // It is told as the service would tell it that did not get the body.
        Err(error) => failing(error.into()),
    };
    let upload = match opened.is_upload(&head) {
        true => Some(app.uploads.take(Some(namespace)).await),
        false => None,
    };
    let body = match upload.as_ref() {
        Some(Err(full)) => {
            failing(Error::new(ErrorCode::Overloaded, format!("{full}; try again later")))
        }
        _ => body,
    };
    let origin = lineage::origin(&head.headers);
    let unasked = Unasked::of(&head);
    let request = Request::from_parts(head, body);
    // The service's records of changes, which it makes within, are of this request.
    let span = tracing::info_span!("request", %id);
    let response = app.aws.answer(opened, request, origin).instrument(span).await;
    drop((upload, hold));
    Ok((id, unasked.settle(response).map(Content::Guest)))
}

/// A request that asks whether its body is wanted, on a connection that others may follow on.
///
/// botocore misreads the answer after one that came without `100 Continue`, so that none comes on
/// that connection. hyper says it once a body is read, and so not where there is none.
struct Unasked {
    expects: bool,
    empty: bool,
}

impl Unasked {
    fn of(head: &Parts) -> Self {
        let length = head.headers.get(CONTENT_LENGTH).map(HeaderValue::as_bytes);
        let expects = head.version < Version::HTTP_2 && head.headers.contains_key(EXPECT);
        Self { expects, empty: length == Some(b"0") }
    }

    fn settle<B>(&self, mut response: Response<B>) -> Response<B> {
        if self.expects && (self.empty || !response.status().is_success()) {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// A body that fails with this when it is read.
fn failing(error: Error) -> lambent_dispatch::Body {
    let failed = futures::stream::once(async move { Err(error.into()) });
    http_body_util::StreamBody::new(failed).boxed_unsync()
}
