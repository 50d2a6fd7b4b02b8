use std::time::Duration;

use futures::FutureExt;
use futures::future::{FusedFuture, ready};
use http::{HeaderValue, Method, StatusCode, Uri, header};
use http_body_util::BodyExt;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use lambent_engine::Exchange;
use lambent_engine::wasi_http::{Error, RequestOptions, WasiBody};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use crate::egress::body::{RequestBody, ResponseBody};
use crate::egress::error::{BUFFER_BYTES_MAX, protocol_error};
use crate::egress::network::Io;
use crate::egress::own_doors::LINEAGE;
use crate::egress::target::Target;

/// The longest wait for the head of a response, or between two pieces of its
/// body; the invocation's own timeout usually comes first.
const PATIENCE_MAX: Duration = Duration::from_secs(600);
/// Bytes of a request's path and query.
const PATH_BYTES_MAX: usize = 16 << 10;
/// Bytes of a request's header fields.
const HEADER_BYTES_MAX: usize = 64 << 10;
/// Fields in the head of a response.
const HEADER_FIELDS_MAX: usize = 128;

/// Checks a request and makes it one for the connection to `target`.
pub(super) fn prepare(
    request: http::Request<WasiBody>,
    target: &Target,
) -> Result<http::Request<RequestBody>, Error> {
    let (mut head, inner) = request.into_parts();
    // It would turn the connection into a tunnel.
    if head.method == Method::CONNECT {
        return Err(Error::HttpRequestMethodInvalid);
    }
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    if path.len() > PATH_BYTES_MAX {
        return Err(Error::HttpRequestUriTooLong);
    }
    let bytes: usize =
        head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if bytes > HEADER_BYTES_MAX {
        let bytes = u32::try_from(bytes).ok();
        return Err(Error::HttpRequestHeaderSectionSize(bytes));
    }
    head.uri = path.parse::<Uri>().map_err(|_| Error::HttpRequestUriInvalid)?;
    // Whatever the guest called it: the host that was checked.
    let host = HeaderValue::try_from(target.authority());
    head.headers.remove(LINEAGE);
    head.headers.insert(header::HOST, host.map_err(|_| Error::HttpRequestUriInvalid)?);
    Ok(http::Request::from_parts(head, RequestBody::new(inner)))
}

/// Says whether a request has a body, where neither its method nor its length
/// does: a GET may have one (RFC 9110, section 9.3.1), and mostly has none.
///
/// # Errors
/// TRACE must have none.
pub(super) async fn settle_body(
    mut request: http::Request<RequestBody>,
) -> Result<http::Request<RequestBody>, Error> {
    let usual = [Method::POST, Method::PUT, Method::PATCH].contains(request.method());
    let declared = request.headers().contains_key(header::CONTENT_LENGTH);
    if usual || (declared && request.method() != Method::TRACE) {
        return Ok(request);
    }
    let has_bytes = request.body_mut().has_bytes().await;
    if has_bytes && request.method() == Method::TRACE {
        return Err(Error::HttpRequestBodySize(Some(0)));
    }
    if has_bytes && !declared {
        // Without it, hyper leaves out the bodies of GET and HEAD.
        let chunked = HeaderValue::from_static("chunked");
        request.headers_mut().insert(header::TRANSFER_ENCODING, chunked);
    }
    Ok(request)
}

/// How long is waited, of what a guest asks for.
pub(super) fn patience(asked: Option<Duration>) -> Duration {
    asked.map_or(PATIENCE_MAX, |asked| asked.min(PATIENCE_MAX))
}

/// Sends a request over a connection of its own.
pub(super) async fn exchange(
    request: http::Request<RequestBody>,
    io: Box<dyn Io>,
    options: RequestOptions,
    connection: OwnedSemaphorePermit,
) -> Result<Exchange, Error> {
    let mut builder = http1::Builder::new();
    builder.max_buf_size(BUFFER_BYTES_MAX).max_headers(HEADER_FIELDS_MAX);
    let (mut sender, driver) =
        builder.handshake(TokioIo::new(io)).await.map_err(|error| protocol_error(&error))?;
    let mut driver = driver.boxed().fuse();
    let head = async {
        let response = sender.send_request(request);
        tokio::pin!(response);
        tokio::select! {
            biased;
            response = &mut response => response,
            ended = &mut driver => match ended {
                Ok(()) => response.await,
                // An answer that came before the whole request was sent counts.
                Err(error) => match response.now_or_never() {
                    Some(Ok(answer)) => Ok(answer),
                    _ => Err(error),
                },
            },
        }
    };
    let response = timeout(patience(options.first_byte_timeout), head)
        .await
        .map_err(|_| Error::HttpResponseTimeout)?
        .map_err(|error| protocol_error(&error))?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Err(Error::HttpUpgradeFailed);
    }
    let patience = patience(options.between_bytes_timeout);
    let response =
        response.map(|body| ResponseBody::new(body, patience, connection).boxed_unsync());
    let driver = if driver.is_terminated() {
        ready(Ok(())).boxed()
    } else {
        driver.map(|ended| ended.map_err(|error| protocol_error(&error))).boxed()
    };
    Ok((response, driver))
}
