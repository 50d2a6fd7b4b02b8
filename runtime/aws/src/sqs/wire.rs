//! How requests and answers are written: as JSON, or, by clients of before 2023, as a form that is
//! answered in XML. Operations see JSON's form of both.

use http::{Response, StatusCode};
use lambent_dispatch::Body;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::serialization;
use super::query;
use crate::call::Call;
use crate::fault::Fault;
use crate::protocol;

/// The media type of SQS's JSON protocol.
const JSON: &str = "application/x-amz-json-1.0";

/// Whether a request is of the JSON protocol.
pub(super) fn is_json(call: &Call) -> bool {
    call.head.headers.contains_key(protocol::TARGET)
}

/// The operation that a request names.
pub(super) fn operation(call: &Call) -> Result<Option<String>, Fault> {
    match call.header(protocol::TARGET.as_str()) {
        Some(target) => Ok(target.rsplit('.').next().map(str::to_owned)),
        None => {
            let action = query::parameters(call)?.into_iter().find(|(name, _)| name == "Action");
            Ok(action.map(|(_, value)| value))
        }
    }
}

/// What an operation is given. Members that are not known are left out.
pub(super) fn input<T: DeserializeOwned>(call: &Call, operation: &str) -> Result<T, Fault> {
    if is_json(call) {
        return protocol::members(&call.body).map_err(serialization);
    }
    let value = query::read(query::parameters(call)?, operation)?;
    serde_json::from_value(value)
        .map_err(|error| serialization(format!("the request cannot be read: {error}")))
}

/// The answer of an operation.
pub(super) fn output(
    call: &Call,
    operation: &str,
    result: &impl Serialize,
) -> Result<Response<Body>, Fault> {
    let unwritable = |error: serde_json::Error| {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Fault::new(status, "InternalFailure", format!("the answer cannot be written: {error}"))
    };
    if is_json(call) {
        let bytes = serde_json::to_vec(result).map_err(unwritable)?;
        return Ok(protocol::of(StatusCode::OK, JSON, bytes));
    }
    let value = serde_json::to_value(result).map_err(unwritable)?;
    let text = query::write(&value, operation, call.id);
    Ok(protocol::of(StatusCode::OK, "text/xml", text))
}
