//! How requests and answers are written: JSON 1.1.

use http::{Response, StatusCode};
use lambent_dispatch::Body;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::call::Call;
use crate::fault::Fault;
use crate::protocol;

const JSON: &str = "application/x-amz-json-1.1";

/// What an operation is given. Members that are not known are left out.
pub(super) fn input<T: DeserializeOwned>(call: &Call) -> Result<T, Fault> {
    protocol::members(&call.body)
        .map_err(|reason| Fault::bad_request("SerializationException", reason))
}

/// The answer of an operation.
pub(super) fn output(result: &impl Serialize) -> Response<Body> {
    protocol::of(StatusCode::OK, JSON, serde_json::to_vec(result).unwrap_or_default())
}
