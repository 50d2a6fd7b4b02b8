//! Invocations.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use lambent_dispatch::{Body, Invoked};
use lambent_service::{FunctionHandle, Invocable};
use lambent_types::{Error, Event, FunctionName, bounds};
use serde::de::IgnoredAny;
use serde_json::json;

use super::error::{fault, invalid, of_function};
use super::{event_stream, function_error, input, log_tail};
use crate::arn::{self, NamedFunction};
use crate::call::Call;
use crate::fault::Fault;
use crate::protocol;

const INVOCATION_TYPE: &str = "x-amz-invocation-type";
/// What the attempts of one invocation have in common.
const INVOCATION_ID: &str = "amz-sdk-invocation-id";
const LOG_TYPE: &str = "x-amz-log-type";
const EXECUTED_VERSION: HeaderName = HeaderName::from_static("x-amz-executed-version");
const FUNCTION_ERROR: HeaderName = HeaderName::from_static("x-amz-function-error");
const LOG_RESULT: HeaderName = HeaderName::from_static("x-amz-log-result");

/// What a client wants of an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InvocationType {
    RequestResponse,
    Event,
    DryRun,
}

impl InvocationType {
    fn of(call: &Call) -> Result<Self, Fault> {
        match call.header(INVOCATION_TYPE).unwrap_or("RequestResponse") {
            "RequestResponse" => Ok(Self::RequestResponse),
            "Event" => Ok(Self::Event),
            "DryRun" => Ok(Self::DryRun),
            other => {
                let shown: String = other.chars().take(40).collect();
                Err(Fault::bad_request(
                    "ValidationException",
                    format!(
                        "1 validation error detected: Value '{shown}' at 'invocationType' failed to \
                         satisfy constraint: Member must satisfy enum value set: [Event, \
                         RequestResponse, DryRun]"
                    ),
                ))
            }
        }
    }
}

/// Whether a client wants the end of the log.
fn wants_log(call: &Call) -> Result<bool, Fault> {
    match call.header(LOG_TYPE).unwrap_or("None") {
        "None" => Ok(false),
        "Tail" => Ok(true),
        _ => Err(invalid("LogType is None or Tail")),
    }
}

pub(super) async fn invoke(call: &Call) -> Result<Response<Body>, Fault> {
    let named = input::qualified(call)?;
    let kind = InvocationType::of(call)?;
    let wants_log = wants_log(call)?;
    let arn = arn::function(call, &named.name, named.qualifier.as_deref());
    let handle = call.scope.handle::<FunctionName>(named.name.as_str()).map_err(fault)?;
    let invocable = handle.invocable(named.version()?).await;
    let invocable = invocable.map_err(|error| of_function(error, &arn))?;
    if kind == InvocationType::DryRun {
        return Ok(protocol::empty(StatusCode::NO_CONTENT));
    }
    let event = event(call, &named)?;
    if kind == InvocationType::Event {
        check_size(&event.data, bounds::VALUE_BYTES_MAX as u64)?;
        handle
            .invoke_later(invocable, call.id, event)
            .await
            .map_err(|error| of_function(error, &arn))?;
        return Ok(protocol::empty(StatusCode::ACCEPTED));
    }
    let version = invocable.version().clone();
    let invoked =
        run(call, &handle, invocable, event).await.map_err(|error| of_function(error, &arn))?;
    let Invoked { record, output } = &*invoked;
    let mut response = match function_error::payload(&record.outcome, record.id) {
        Some(payload) => {
            let mut response = protocol::json(StatusCode::OK, &payload);
            let unhandled = HeaderValue::from_static(function_error::UNHANDLED);
            response.headers_mut().insert(FUNCTION_ERROR, unhandled);
            response
        }
        None => protocol::json_bytes(payload(output.as_ref().map(|output| output.data.clone()))),
    };
    let headers = response.headers_mut();
    if let Ok(executed) = HeaderValue::try_from(record.version.to_string()) {
        headers.insert(EXECUTED_VERSION, executed);
    }
    if wants_log {
        let tail = STANDARD.encode(log_tail::tail(record, &version.configuration));
        if let Ok(tail) = HeaderValue::try_from(tail) {
            headers.insert(LOG_RESULT, tail);
        }
    }
    Ok(response)
}

/// Runs an invocation that somebody waits for.
async fn run(
    call: &Call,
    handle: &FunctionHandle<'_>,
    invocable: Invocable,
    event: Event,
) -> Result<Arc<Invoked>, Error> {
    match call.header(INVOCATION_ID) {
        // An SDK gives each of its attempts the same.
        Some(key) => handle.invoke_once(key, invocable, call.id, event).await,
        None => handle.invoke(invocable, call.id, event).await.map(Arc::new),
    }
}

/// An invocation whose answer comes as a stream of frames. What a function returns is there when it is
/// done, as of a handler of Lambda that does not stream.
pub(super) async fn invoke_with_stream(call: &Call) -> Result<Response<Body>, Fault> {
    let named = input::qualified(call)?;
    let kind = InvocationType::of(call)?;
    let wants_log = wants_log(call)?;
    let arn = arn::function(call, &named.name, named.qualifier.as_deref());
    let handle = call.scope.handle::<FunctionName>(named.name.as_str()).map_err(fault)?;
    let invocable = handle.invocable(named.version()?).await;
    let invocable = invocable.map_err(|error| of_function(error, &arn))?;
    match kind {
        InvocationType::RequestResponse => {}
        InvocationType::DryRun => return Ok(protocol::empty(StatusCode::NO_CONTENT)),
        InvocationType::Event => {
            return Err(invalid("InvocationType Event is not for InvokeWithResponseStream"));
        }
    }
    let version = invocable.version().clone();
    let event = event(call, &named)?;
    let invoked =
        run(call, &handle, invocable, event).await.map_err(|error| of_function(error, &arn))?;
    let Invoked { record, output } = &*invoked;
    let mut end = json!({});
    let failure = function_error::payload(&record.outcome, record.id);
    if let Some(failure) = &failure {
        end["ErrorCode"] = function_error::UNHANDLED.into();
        end["ErrorDetails"] = failure.to_string().into();
    }
    if wants_log {
        end["LogResult"] = STANDARD.encode(log_tail::tail(record, &version.configuration)).into();
    }
    let data = match failure {
        Some(_) => Bytes::new(),
        None => payload(output.as_ref().map(|output| output.data.clone())),
    };
    let frames = event_stream::frames(&data, &end)?;
    let mut response = Response::new(protocol::whole(frames));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(event_stream::MEDIA_TYPE));
    if let Ok(executed) = HeaderValue::try_from(record.version.to_string()) {
        headers.insert(EXECUTED_VERSION, executed);
    }
    Ok(response)
}

/// What a function returned; of one that returned nothing, as Lambda has it.
fn payload(output: Option<Bytes>) -> Bytes {
    output.filter(|output| !output.is_empty()).unwrap_or(Bytes::from_static(b"null"))
}

/// The old form of an invocation that nobody waits for.
pub(super) async fn invoke_async(call: &Call) -> Result<Response<Body>, Fault> {
    let named = input::function(call)?;
    let arn = arn::function(call, &named.name, None);
    let handle = call.scope.handle::<FunctionName>(named.name.as_str()).map_err(fault)?;
    let invocable = handle.invocable(named.version()?).await;
    let invocable = invocable.map_err(|error| of_function(error, &arn))?;
    let event = event(call, &named)?;
    check_size(&event.data, bounds::VALUE_BYTES_MAX as u64)?;
    handle
        .invoke_later(invocable, call.id, event)
        .await
        .map_err(|error| of_function(error, &arn))?;
    let status = StatusCode::ACCEPTED;
    Ok(protocol::json(status, &json!({ "Status": status.as_u16() })))
}

/// The event of an invocation. Without a payload it is an empty object, as on Lambda.
fn event(call: &Call, named: &NamedFunction) -> Result<Event, Fault> {
    let data = if call.body.is_empty() { Bytes::from_static(b"{}") } else { call.body.clone() };
    if let Err(error) = serde_json::from_slice::<IgnoredAny>(&data) {
        let message = format!("Could not parse request body into json: {error}");
        return Err(Fault::bad_request("InvalidRequestContentException", message));
    }
    Ok(Event {
        id: call.id.to_string(),
        source: format!("/2015-03-31/functions/{}/invocations", named.name),
        kind: Event::INVOCATION.into(),
        subject: None,
        time_ns: None,
        content_type: Some("application/json".into()),
        schema: None,
        extensions: Vec::new(),
        attempt: 1,
        data,
    })
}

fn check_size(data: &Bytes, most: u64) -> Result<(), Fault> {
    let size = data.len() as u64;
    if size <= most {
        return Ok(());
    }
    let message = format!(
        "{size} byte payload is too large for the Event invocation type (limit {most} bytes)"
    );
    Err(Fault::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", message))
}
