//! Every request passes here: it gets an id, a door, and in any case an answer.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt as _;
use http::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, DATE,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use lambent_api::headers::{IGNORED, REQUEST_ID};
use lambent_service::DiskSpace;
use lambent_types::{ErrorCode, RequestId, format_bytes};
use tracing::Instrument as _;

use crate::auth;
use crate::aws;
use crate::body::{Content, RequestBody, ResponseBody};
use crate::compression::{self, Asked};
use crate::connection_timeouts::{ConnectionTimeouts, RequestGuard};
use crate::cross_site;
use crate::date;
use crate::doors::{Api, Door, Doors};
use crate::forwarded::Peer;
use crate::headers::{self, HEADERS_MAX};
use crate::host_header::Host;
use crate::metrics;
use crate::problem::Refusal;
use crate::router::{self, Route};
use crate::sites;
use crate::traffic;

/// A door's answer, and the id of the request it answers.
type Answer = Result<(RequestId, Response<Content>), Refusal>;

/// Answers one request. Whatever goes wrong, down to a panic, is an answer too.
pub(crate) async fn answer(
    doors: &Doors,
    activity: &Arc<ConnectionTimeouts>,
    peer: &Peer,
    request: Request<Incoming>,
) -> Result<Response<ResponseBody>, Infallible> {
    let busy = RequestGuard::begin(activity.clone(), request.version() == Version::HTTP_2);
    let asked = Asked::of(&request);
    let request = RequestBody::of(request, activity, &doors.app);
    let mut door = Door::Other;
    let answer = AssertUnwindSafe(enter(doors, peer, request, &mut door)).catch_unwind().await;
    let answer = answer.unwrap_or_else(|_| {
        Err(Refusal::new(ErrorCode::Internal, "the request failed; see the server's log"))
    });
    let (id, response) = match answer {
        Ok(answer) => answer,
        Err(refusal) => {
            let id = RequestId::new();
            (id, refused(door, refusal, id))
        }
    };
    let mut response = compression::compress(doors.app.gzips.as_ref(), door, asked, response);
    let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
    if let Ok(id) = HeaderValue::from_str(id.0.as_hyphenated().encode_lower(&mut text)) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    if !response.headers().contains_key(DATE)
        && let Some(date) = date::now()
    {
        response.headers_mut().insert(DATE, date);
    }
    if activity.is_closing() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    doors.app.metrics.answered(door.name(), response.status());
    Ok(response.map(|content| ResponseBody::new(content, activity.clone(), busy)))
}

fn refused(door: Door, refusal: Refusal, id: RequestId) -> Response<Content> {
    if refusal.status() == StatusCode::INTERNAL_SERVER_ERROR {
        tracing::error!(request = %id, detail = refusal.detail(), "request failed");
    } else {
        let status = refusal.status().as_u16();
        tracing::debug!(request = %id, status, detail = refusal.detail(), "request refused");
    }
    refusal.into_response(id, door.render()).map(Content::from)
}

async fn enter(
    doors: &Doors,
    peer: &Peer,
    mut request: Request<RequestBody>,
    door: &mut Door,
) -> Answer {
    let app = &doors.app;
    let host = examine(&request).map_err(Refusal::closing)?;
    app.lineages.check(request.headers_mut());
    if app.dev {
        app.domains.check_rebinding(&host)?;
    }
    if request.uri().path() == "*" {
        // RFC 9112, 3.2.4: a question about the server as a whole, which has no more to say.
        return match *request.method() {
            Method::OPTIONS => Ok((RequestId::new(), status(StatusCode::NO_CONTENT))),
            _ => Err(Refusal::invalid("the target * is for OPTIONS alone")),
        };
    }
    let site = sites::at(app, &host);
    let route = router::route(site, &app.domains, &host, request.uri(), request.headers())?;
    *door = route.door();
    if app.dev {
        let (method, headers) = (request.method(), request.headers());
        cross_site::check(&app.domains, &route, &host, peer.secure, method, headers)?;
    }
    match route {
        Route::Function(target) => {
            let shares_origin = app.dev && target.below.is_some();
            let (id, mut response) = traffic::serve(app, peer, &host, target, request).await?;
            if shares_origin {
                // Beside what the function says: the strictest of all is what holds.
                response.headers_mut().append(CONTENT_SECURITY_POLICY, cross_site::SANDBOX);
            }
            Ok((id, response))
        }
        // On the heap, as the futures of both are larger than that of a function's request.
        Route::Site(site) => Box::pin(sites::serve(app, peer, &host, &site, request)).await,
        Route::Api(api) => Box::pin(call(doors, api, request)).await,
        Route::Aws => Box::pin(aws::serve(app, peer, request)).await,
        Route::Health => plain(request.method(), "ok", "text/plain"),
        Route::Ready if app.stop.drain.is_cancelled() => {
            Err(Refusal::new(ErrorCode::ShuttingDown, "the node finishes what is in flight"))
        }
        Route::Ready => plain(request.method(), ready(app.service.disk()), "text/plain"),
        Route::Metrics => {
            auth::administrator(app, request.headers()).await?;
            let totals = app.service.totals(metrics::QUEUES_MAX).await?;
            let text = app.metrics.render(app.dispatcher.in_flight(), totals);
            plain(request.method(), text, metrics::MEDIA_TYPE)
        }
    }
}

/// Refuses what is not one clear message, and finds the host it is for.
fn examine(request: &Request<RequestBody>) -> Result<Host, Refusal> {
    router::check_method(request.method())?;
    if request.headers().len() > HEADERS_MAX {
        return Err(Refusal::head_too_large(format!("more than {HEADERS_MAX} header fields")));
    }
    headers::check_request(request.headers())?;
    Host::of(request.uri(), request.headers(), request.version())
}

fn status(status: StatusCode) -> Response<Content> {
    let mut response = Response::new(Content::Whole(None));
    *response.status_mut() = status;
    response
}

/// What a node says that is ready, and of its disk: a node whose disk is full serves on.
fn ready(DiskSpace { free, reserve, low }: DiskSpace) -> String {
    let Some(free) = free else { return "ready".into() };
    let (free, reserve) = (format_bytes(free), format_bytes(reserve));
    let taken = if low { "only deletes are taken" } else { "all is taken" };
    format!("ready\ndisk: {free} free, the reserve is {reserve}, {taken}")
}

fn plain(method: &Method, text: impl Into<Bytes>, media_type: &'static str) -> Answer {
    if method != Method::GET && method != Method::HEAD {
        return Err(Refusal::method(method, "GET, HEAD"));
    }
    let mut response = Response::new(Content::from(text.into()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok((RequestId::new(), response))
}

/// Has `api` answer.
async fn call(doors: &Doors, api: Api, mut request: Request<RequestBody>) -> Answer {
    let scope = auth::scope(&doors.app, request.headers()).await?;
    let id = RequestId::new();
    request.extensions_mut().insert(id);
    request.extensions_mut().insert(scope);
    // The service's records of changes, which it makes within, are of this request.
    let span = tracing::info_span!("request", %id);
    let call = TowerToHyperService::new(doors.router(api)).call(request);
    let Ok(mut response) = call.instrument(span).await;
    if let Some(refusal) = response.extensions_mut().remove::<Refusal>() {
        let mut rendered = refused(Door::Api(api), refusal, id);
        keep_known(response.headers(), rendered.headers_mut());
        return Ok((id, rendered));
    }
    Ok((id, response.map(Content::Api)))
}

/// What only the door knows: which methods a resource has, where its bytes end,
/// and what was ignored of the request.
fn keep_known(from: &HeaderMap, to: &mut HeaderMap) {
    for name in [ALLOW, CONTENT_RANGE, IGNORED] {
        if let Some(value) = from.get(&name) {
            to.insert(name, value.clone());
        }
    }
}
