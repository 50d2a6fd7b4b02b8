//! How requests are read and answers written: JSON 1.0, with a checksum of what is answered.

use crc_fast::CrcAlgorithm;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use lambent_dispatch::Body;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::serialization;
use crate::call::Call;
use crate::fault::Fault;
use crate::protocol;

const JSON: &str = "application/x-amz-json-1.0";
/// Some clients compare it with what they read.
const CHECKSUM: HeaderName = HeaderName::from_static("x-amz-crc32");

/// What an operation is given. Members that are not known are left out.
pub(super) fn input<T: DeserializeOwned>(call: &Call) -> Result<T, Fault> {
    protocol::members(&call.body).map_err(serialization)
}

/// The answer of an operation.
pub(super) fn output(result: &impl Serialize) -> Result<Response<Body>, Fault> {
    let bytes = serde_json::to_vec(result).map_err(|error| {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Fault::new(status, "InternalServerError", format!("the answer cannot be written: {error}"))
    })?;
    let checksum = crc_fast::checksum(CrcAlgorithm::Crc32IsoHdlc, &bytes);
    let mut response = protocol::of(StatusCode::OK, JSON, bytes);
    if let Ok(value) = HeaderValue::try_from(checksum.to_string()) {
        response.headers_mut().insert(CHECKSUM, value);
    }
    Ok(response)
}
