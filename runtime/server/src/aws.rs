//! The door of AWS's tools: takes in what they send as every door does, and has `lambent-aws` answer.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST};
use http::request::Parts;
use http::uri::Scheme;
use http::{HeaderMap, HeaderValue, Request, Response, Version};
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt as _;
use lambent_aws::Opened;
use lambent_dispatch::BoxError;
use lambent_engine::Hold;
use lambent_types::aws_services::is_aws_host;
use lambent_types::{Error, ErrorCode, FunctionVersion, Origin, RequestId};
use tracing::Instrument as _;

use crate::api::{LimitedBody, LimitedBodyError};
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
    let unasked = Unasked::of(&head);
    if let Some(response) = public(app, &head, id).await {
        return Ok((id, unasked.settle(response).map(Content::Guest)));
    }
    let opened = match app.aws.open(&head, id).await {
        Ok(opened) => opened,
        Err(response) => return Ok((id, unasked.settle(response).map(Content::Guest))),
    };
    let origin = lineage::origin(&head.headers);
    let request = Request::from_parts(head, Body::new(body));
    let response = answer(app, opened, request, (id, origin)).await;
    Ok((id, unasked.settle(response).map(Content::Guest)))
}

/// Answers what subscribers of topics ask for without a key.
async fn public(
    app: &App,
    head: &Parts,
    id: RequestId,
) -> Option<Response<lambent_dispatch::Body>> {
    if head.method != http::Method::GET {
        return None;
    }
    if let Some(certificate) = app.outlet.signer.certificate(head.uri.path()).await {
        let body = http_body_util::Full::new(Bytes::from(certificate));
        let body = body.map_err(|never| match never {}).boxed_unsync();
        let mut response = Response::new(body);
        let kind = HeaderValue::from_static("application/x-pem-file");
        response.headers_mut().insert(http::header::CONTENT_TYPE, kind);
        return Some(response);
    }
    app.aws.answer_public(head, id).await
}

/// Answers a request that came out of an instance of `function`: what it asks for it may do by its grants.
pub(crate) async fn serve_function(
    app: &App,
    function: Arc<FunctionVersion>,
    origin: Origin,
    request: Request<Body>,
) -> Response<lambent_dispatch::Body> {
    let id = RequestId::new();
    let (mut head, body) = request.into_parts();
    if !is_for_aws(&head.headers) {
        let span = tracing::info_span!("request", %id);
        return app.aws.answer_extension(function, head, (id, origin)).instrument(span).await;
    }
    // It goes over no connection that others could read.
    head.extensions.insert(Scheme::HTTPS);
    match app.aws.open_for(function, &head, id) {
        Ok(opened) => answer(app, opened, Request::from_parts(head, body), (id, origin)).await,
        Err(response) => *response,
    }
}

/// Whether a request of a function is for a host of AWS's; else it is for the extension that reads parameters and
/// secrets, as no other leads here.
fn is_for_aws(headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    host.split(':').next().is_some_and(is_aws_host)
}

/// Takes in a body, as far as there is room for it, and has the request answered.
async fn answer(
    app: &App,
    opened: Opened,
    request: Request<Body>,
    (id, origin): (RequestId, Origin),
) -> Response<lambent_dispatch::Body> {
    let (head, body) = request.into_parts();
    // What nobody is known to ask for yet is charged to no namespace.
    let namespace = opened.namespace();
    let hold = Arc::new(app.budget.hold(namespace.clone(), None));
    let most = opened.body_bytes_max(&head);
    let limited = LimitedBody::new(&head.headers, body, most, app.stall);
    let is_stream = opened.streams(&head);
    let limited = match is_stream {
        true => limited,
        false => limited.and_then(|body| body.charged(&hold)),
    };
    let body = match limited {
        Ok(body) => body.map_err(|error| Error::from(error).into()).boxed_unsync(),
        // It is told as the service would tell it that did not get the body.
        Err(error) => failing(error.into()),
    };
    let upload = match opened.is_upload(&head) {
        true => Some(app.uploads.take(namespace).await),
        false => None,
    };
    let body = match upload.as_ref() {
        Some(Err(full)) => {
            failing(Error::new(ErrorCode::Overloaded, format!("{full}; try again later")))
        }
        _ => body,
    };
    let request = Request::from_parts(head, body);
    // The service's records of changes, which it makes within, are of this request.
    let span = tracing::info_span!("request", %id);
    let answered = async {
        let too_much = opened.refused(&LimitedBodyError::NoMemory.into());
        let streams = is_stream || opened.is_s3();
        let response = app.aws.answer(opened, request, origin).await;
        if streams { response } else { kept(response, hold, too_much) }
    };
    let response = answered.instrument(span).await;
    drop(upload);
    response
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

/// An answer that is charged until the client has taken it; what else it is told where there is no room.
fn kept(
    response: Response<lambent_dispatch::Body>,
    hold: Arc<Hold>,
    too_much: Response<lambent_dispatch::Body>,
) -> Response<lambent_dispatch::Body> {
    let bytes = response.body().size_hint().lower();
    if hold.grow(bytes).is_err() {
        return too_much;
    }
    response.map(|body| Kept { body, _hold: hold }.boxed_unsync())
}

/// A body that is charged for as long as it is there.
struct Kept {
    body: lambent_dispatch::Body,
    _hold: Arc<Hold>,
}

impl http_body::Body for Kept {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A body that fails with this when it is read.
fn failing(error: Error) -> lambent_dispatch::Body {
    let failed = futures::stream::once(async move { Err(error.into()) });
    http_body_util::StreamBody::new(failed).boxed_unsync()
}
