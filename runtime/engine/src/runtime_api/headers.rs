use http::HeaderMap;

/// The type of an error, in the head or in the trailers.
pub(super) const ERROR_TYPE: &str = "lambda-runtime-function-error-type";
/// Its body, in trailers, as base64.
pub(super) const ERROR_BODY: &str = "lambda-runtime-function-error-body";

/// A header as text; empty if there is none, or it is none.
pub(super) fn text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
