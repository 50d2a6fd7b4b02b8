//! HTTP/1.1 over the connections of an instance.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _};
use http::{Method, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;

use super::connection::{Connection, HostEnd};
use super::reply::{self, Reply};
use super::session::AsSession;
use super::{extension_routes, runtime_routes};

/// The most bytes of a request's head; Go's library sends reports of errors in a header of
/// nearly a MiB.
const HEAD_BYTES_MAX: usize = (1 << 20) + (64 << 10);

/// What a request costs besides its bytes: it is parsed, routed and answered.
const REQUEST: u64 = 10_000;

/// Serves the connections of an instance.
pub(crate) struct Server {
    session: Arc<dyn AsSession>,
    serving: FuturesUnordered<BoxFuture<'static, ()>>,
}

impl Server {
    pub(crate) fn new(session: Arc<dyn AsSession>) -> Self {
        Self { session, serving: FuturesUnordered::new() }
    }

    /// Serves whatever there is to serve now; it is woken when there is more.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) {
        for connection in self.session.session().arrivals(cx.waker()) {
            self.serving.push(serve(self.session.clone(), connection).boxed());
        }
        while let Poll::Ready(Some(())) = self.serving.poll_next_unpin(cx) {}
    }
}

/// Serves one connection to its end.
async fn serve(session: Arc<dyn AsSession>, connection: Arc<Connection>) {
    let own = connection.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        let session = session.clone();
        request.extensions_mut().insert(own.clone());
        async move { Ok::<_, Infallible>(handle(&*session, request).await) }
    });
    let served = http1::Builder::new()
        .title_case_headers(true)
        .auto_date_header(false)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(HostEnd(connection), service);
    // Whatever a guest sends that is no HTTP is its own affair; the connection is closed.
    if let Err(error) = served.await {
        tracing::debug!(%error, "a connection to the Runtime API broke");
    }
}

/// The parts of a path that the API has.
enum Route<'p> {
    Runtime(&'p str),
    Extension(&'p str),
    Unknown,
}

fn route(path: &str) -> Route<'_> {
    if let Some(rest) = path.strip_prefix("/2018-06-01/") {
        Route::Runtime(rest)
    } else if let Some(rest) = path.strip_prefix("/2020-01-01/extension/") {
        Route::Extension(rest)
    } else {
        Route::Unknown
    }
}

async fn handle(session: &dyn AsSession, request: Request<Incoming>) -> Reply {
    let session = session.session();
    session.charge(REQUEST);
    let path = request.uri().path().to_owned();
    match route(&path) {
        Route::Runtime(path) => runtime_routes::handle(session, path, request).await,
        Route::Extension(path) => extension_routes::handle(session, path, request).await,
        Route::Unknown => telemetry(&path, request.method()),
    }
}

/// The APIs of telemetry and logs are known and not served.
fn telemetry(path: &str, method: &Method) -> Reply {
    let (kind, message) = match path {
        "/2022-07-01/telemetry" => ("Telemetry.NotSupported", "Telemetry API is not supported"),
        "/2020-08-15/logs" => ("Logs.NotSupported", "Logs API is not supported"),
        _ => return reply::not_found(),
    };
    if method != Method::PUT {
        return reply::not_allowed("PUT");
    }
    let status = http::StatusCode::ACCEPTED;
    super::fault::Fault { status, kind, message: message.into() }.into()
}
