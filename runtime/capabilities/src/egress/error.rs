use lambent_engine::wasi_http::Error;

/// Bytes that are read ahead of the guest; the head of a response fits.
pub(super) const BUFFER_BYTES_MAX: usize = 64 << 10;

/// The error that the guest gets for a failure of HTTP.
pub(super) fn protocol_error(error: &hyper::Error) -> Error {
    tracing::debug!(%error, "a request of a function failed");
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref());
    if let Some(Error::HttpRequestBodySize(limit)) = cause {
        Error::HttpRequestBodySize(*limit)
    } else if error.is_parse_too_large() {
        Error::HttpResponseHeaderSectionSize(u32::try_from(BUFFER_BYTES_MAX).ok())
    } else if error.is_incomplete_message() {
        Error::HttpResponseIncomplete
    } else if error.is_timeout() {
        Error::HttpResponseTimeout
    } else if error.is_closed() || error.is_canceled() {
        Error::ConnectionTerminated
    } else {
        Error::HttpProtocolError
    }
}
