//! Function traffic: a request for a function, to the function and back.

use http::header::{CONTENT_LENGTH, HOST};
use http::uri::{self, PathAndQuery, Scheme, Uri};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use lambent_dispatch::{Body, Reply};
use lambent_service::RequestedFunction;
use lambent_types::{FunctionVersion, Outcome, RequestId};

use crate::auth;
use crate::body::{Content, RequestBody};
use crate::cors;
use crate::forwarded::Peer;
use crate::headers;
use crate::host_header::Host;
use crate::lineage;
use crate::problem::{self, Refusal};
use crate::router::Target;
use crate::signed_request;
use crate::state::App;

/// Has the target answer `request`.
///
/// # Errors
/// It did not, and why.
pub(crate) async fn serve(
    app: &App,
    peer: &Peer,
    host: &Host,
    target: Target,
    request: Request<RequestBody>,
) -> Result<(RequestId, Response<Content>), Refusal> {
    let (namespace, qualifier) = (target.namespace.clone(), &target.qualifier);
    let requested =
        app.service.requested_function(namespace, &target.name, qualifier, request.headers());
    let requested = requested.await?;
    let Some(cors) = requested.cors().cloned() else {
        return answer(app, peer, host, (target, requested), request).await;
    };
    if cors::is_preflight(&request) {
        return Ok((RequestId::new(), cors::preflight(&cors, &request).await));
    }
    let shared = cors::shared(&cors, &request).await;
    cors::settle(answer(app, peer, host, (target, requested), request).await, shared)
}

async fn answer(
    app: &App,
    peer: &Peer,
    host: &Host,
    (target, requested): (Target, RequestedFunction),
    request: Request<RequestBody>,
) -> Result<(RequestId, Response<Content>), Refusal> {
    let open = app.dev || requested.is_public();
    let signed = !open && lambent_aws::Door::is_signed(request.uri(), request.headers());
    let (signer, mut request) = match signed {
        true => {
            let (principal, request) = signed_request::read(app, request).await?;
            (Some(principal), request)
        }
        false => (None, request.map(|body| body.map_err(Into::into).boxed_unsync())),
    };
    let (uri, headers) = (request.uri().clone(), request.headers_mut());
    let principal =
        auth::caller_of_function(app, &target.namespace, open || signed, &uri, headers).await?;
    let principal = signer.or(principal);
    let called = requested.authorize(principal.as_ref())?;
    let function = called.callee.function.clone();
    let head = request.method() == Method::HEAD;
    let tell = app.dev || principal.is_some();
    let origin = lineage::take(request.headers_mut());

    let request = for_guest(app, request, peer, host, target)?;
    let answer = called.send(origin, request).await?;
    match answer.reply {
        Reply::Response(response) if (200..600).contains(&response.status().as_u16()) => {
            Ok((answer.id, from_guest(app, head, response)))
        }
        Reply::Response(response) => {
            let message = format!("its status is {}", response.status().as_u16());
            Ok(ended(answer.id, &function, &Outcome::BadResponse { message }, tell))
        }
        Reply::Ended(outcome) => Ok(ended(answer.id, &function, &outcome, tell)),
    }
}

/// The problem for a function that ended without a response. What went wrong
/// in it is told to those who may read its logs.
fn ended(
    id: RequestId,
    function: &FunctionVersion,
    outcome: &Outcome,
    tell: bool,
) -> (RequestId, Response<Content>) {
    let name = &function.name;
    let detail = if tell {
        format!("function \"{name}\" {}", outcome.message())
    } else {
        format!("function \"{name}\" gave no response; its logs have the details")
    };
    (id, Refusal::outcome(outcome, detail).into_response(id, problem::document).map(Content::from))
}

/// The request as the function gets it: absolute, without what was meant for
/// us, and saying where it came from.
fn for_guest(
    app: &App,
    request: Request<Body>,
    peer: &Peer,
    host: &Host,
    target: Target,
) -> Result<Box<Request<Body>>, Refusal> {
    let (mut parts, body) = request.into_parts();
    let (prefix, path) = match target.below {
        Some(below) => (Some(below.prefix), below.rest),
        None => {
            let path = parts.uri.path_and_query().cloned();
            (None, path.unwrap_or(PathAndQuery::from_static("/")))
        }
    };
    headers::remove_hop_by_hop(&mut parts.headers);
    // We have answered it: hyper says `100 Continue` when the body is read.
    parts.headers.remove(http::header::EXPECT);
    let authority = HeaderValue::from_str(host.authority.as_str())
        .map_err(|_| Refusal::invalid("the request's host is malformed"))?;
    headers::join_cookies(&mut parts.headers);
    app.proxies.settle(&mut parts.headers, peer, &authority, prefix.as_deref());
    // The target wins over the header, and HTTP/2 has no such header.
    parts.headers.insert(HOST, authority);
    let mut target = uri::Parts::default();
    target.scheme = Some(if peer.secure { Scheme::HTTPS } else { Scheme::HTTP });
    target.authority = Some(host.authority.clone());
    target.path_and_query = Some(path);
    let uri = Uri::from_parts(target)
        .map_err(|_| Refusal::invalid("the request's target is malformed"))?;
    let mut guest = Box::new(Request::new(body));
    *guest.method_mut() = parts.method;
    *guest.uri_mut() = uri;
    *guest.version_mut() = parts.version;
    *guest.headers_mut() = parts.headers;
    Ok(guest)
}

/// The response as the client gets it.
fn from_guest(app: &App, head: bool, response: Response<Body>) -> Response<Content> {
    let (mut parts, body) = response.into_parts();
    headers::remove_hop_by_hop(&mut parts.headers);
    parts.extensions.clear();
    let bodiless = matches!(
        parts.status,
        StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED
    );
    if !head && !bodiless {
        let known = body.size_hint().exact().is_some();
        headers::settle_length(&mut parts.headers, known);
        return Response::from_parts(parts, Content::Guest(body));
    }
    if head {
        headers::settle_length(&mut parts.headers, false);
    } else {
        parts.headers.remove(CONTENT_LENGTH);
    }
    // Such a response ends with its head, but the function may not have ended:
    // to drop its body would cancel it.
    let now = app.stop.now.clone();
    app.tasks.spawn(async move { now.run_until_cancelled(discard(body)).await });
    Response::from_parts(parts, Content::Whole(None))
}

async fn discard(mut body: Body) {
    while let Some(Ok(_)) = body.frame().await {}
}
