//! How requests and answers are written: JSON 1.1.

use http::{Response, StatusCode};
use lambent_dispatch::Body;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::call::Call;
use crate::fault::Fault;
use crate::protocol;

const JSON: &str = "application/x-amz-json-1.1";

/// What an operation is given. Members that are not known are left out.
pub(super) fn input<T: DeserializeOwned>(call: &Call) -> Result<T, Fault> {
    let unreadable = |error: serde_json::Error| {
        Fault::bad_request("SerializationException", format!("the request cannot be read: {error}"))
    };
    let body: &[u8] = if call.body.is_empty() { b"{}" } else { &call.body };
    let value: Value = serde_json::from_slice(body).map_err(unreadable)?;
    if !value.is_object() {
        return Err(Fault::bad_request("SerializationException", "the request is not an object"));
    }
    serde_json::from_value(value).map_err(unreadable)
}

/// The answer of an operation.
pub(super) fn output(result: &impl Serialize) -> Response<Body> {
    protocol::of(StatusCode::OK, JSON, serde_json::to_vec(result).unwrap_or_default())
}
