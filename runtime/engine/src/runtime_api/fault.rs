use http::StatusCode;

/// What is answered to a request that the protocol forbids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) status: StatusCode,
    pub(crate) kind: &'static str,
    pub(crate) message: String,
}

impl Fault {
    pub(crate) fn forbidden(kind: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::FORBIDDEN, kind, message: message.into() }
    }

    pub(crate) fn bad_request(kind: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, kind, message: message.into() }
    }

    pub(crate) fn too_large(limit: u64) -> Self {
        let message = format!("Exceeded maximum allowed payload size ({limit} bytes).");
        Self { status: StatusCode::PAYLOAD_TOO_LARGE, kind: "RequestEntityTooLarge", message }
    }

    /// The body of the request ended before it was complete.
    pub(super) fn truncated() -> Self {
        Self::bad_request("TruncatedHTTPRequest", "HTTP request detected as truncated")
    }
}
