//! How services of AWS's JSON 1.1 protocol read requests and write answers, and what they have in common.

use http::{Response, StatusCode};
use jiff::Timestamp;
use lambent_dispatch::Body;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::call::Call;
use crate::fault::Fault;
use crate::operation::{self, Operation};
use crate::protocol;

const JSON: &str = "application/x-amz-json-1.1";

/// What an operation is given. Members that are not known are left out.
pub(crate) fn input<T: DeserializeOwned>(call: &Call) -> Result<T, Fault> {
    protocol::members(&call.body)
        .map_err(|reason| Fault::bad_request("SerializationException", reason))
}

/// The same where members are secret: what cannot be read is not said back, which would be logged.
pub(crate) fn secret_input<T: DeserializeOwned>(call: &Call) -> Result<T, Fault> {
    protocol::members(&call.body).map_err(|_| {
        let message =
            "the request is no JSON object whose members have the types of the operation's";
        Fault::bad_request("SerializationException", message)
    })
}

/// The answer of an operation.
pub(crate) fn output(result: &impl Serialize) -> Response<Body> {
    protocol::of(StatusCode::OK, JSON, serde_json::to_vec(result).unwrap_or_default())
}

/// Does what a request asks of a service, by the operation that its header names.
pub(crate) async fn answer(
    call: &Call,
    service: &'static str,
    operations: &'static [Operation],
    name: &str,
) -> Result<Response<Body>, Fault> {
    let operation = operation::named(operations, name).ok_or_else(|| unknown(name))?;
    operation.carry_out(service, call).await
}

/// An operation that there is none of.
fn unknown(name: &str) -> Fault {
    let name: String = name.chars().take(64).collect();
    Fault::bad_request("UnknownOperationException", format!("There is no operation {name:?}"))
}

/// A time as the protocol has it: seconds since 1970, with milliseconds.
pub(crate) fn time(time: Timestamp) -> f64 {
    time.as_millisecond() as f64 / 1_000.0
}
