//! Invocations.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use lambent_dispatch::{Body, BoxError, Invoked, InvokedStream};
use lambent_service::{FunctionHandle, Invocable};
use lambent_types::{Event, FunctionName, FunctionVersion, bounds};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::error::{fault, invalid, of_function};
use super::{event_stream, function_error, input, log_tail};
use crate::arn::{self, NamedFunction};
use crate::call::Call;
use crate::fault::Fault;
use crate::protocol;

const INVOCATION_TYPE: &str = "x-amz-invocation-type";
/// What the attempts of one invocation have in common.
const INVOCATION_ID: &str = "amz-sdk-invocation-id";
/// What a client says of itself.
const CLIENT_CONTEXT: &str = "x-amz-client-context";
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

/// An invocation as it is asked for, of a function that there is.
struct Asked<'a> {
    named: NamedFunction,
    kind: InvocationType,
    wants_log: bool,
    arn: String,
    handle: FunctionHandle<'a>,
    invocable: Invocable,
}

impl<'a> Asked<'a> {
    async fn read(call: &'a Call) -> Result<Self, Fault> {
        let named = input::qualified(call)?;
        let kind = InvocationType::of(call)?;
        let wants_log = wants_log(call)?;
        let arn = arn::function(call, &named.name, named.qualifier.as_deref());
        let handle = call.scope.handle::<FunctionName>(named.name.as_str()).map_err(fault)?;
        let invocable = handle.invocable(named.version()?).await;
        let mut invocable = invocable.map_err(|error| of_function(error, &arn))?;
        if let Some(text) = call.header(CLIENT_CONTEXT) {
            invocable = invocable.with_client_context(text).map_err(|error| {
                let code = "InvalidRequestContentException";
                Fault::bad_request(code, error.detail().to_owned())
            })?;
        }
        Ok(Self { named, kind, wants_log, arn, handle, invocable })
    }

    /// Stores an event for an invocation that nobody waits for.
    async fn store(self, call: &Call) -> Result<(), Fault> {
        let event = event(call, &self.named)?;
        check_size(&event.data, bounds::VALUE_BYTES_MAX as u64)?;
        let stored = self.handle.invoke_later(self.invocable, call.id, event).await;
        stored.map_err(|error| of_function(error, &self.arn))
    }

    /// Runs an invocation that somebody waits for.
    async fn run(self, call: &Call, event: Event) -> Result<Done, Fault> {
        let Self { wants_log, arn, handle, invocable, .. } = self;
        let asked = invocable.clone();
        let invoked = match call.header(INVOCATION_ID) {
            // An SDK gives each of its attempts the same.
            Some(key) => handle.invoke_once(key, asked, call.id, event).await,
            None => handle.invoke(asked, call.id, event).await.map(Arc::new),
        };
        let invoked = invoked.map_err(|error| of_function(error, &arn))?;
        let ran = invocable.version_of(&invoked.record);
        let log = wants_log.then(|| log(&invoked, ran));
        Ok(Done { invoked, log })
    }
}

/// An invocation that has ended, with the end of its log if that is wanted.
struct Done {
    invoked: Arc<Invoked>,
    log: Option<String>,
}

/// The end of an invocation's log, as it is sent.
fn log(invoked: &Invoked, ran: &FunctionVersion) -> String {
    STANDARD.encode(log_tail::tail(&invoked.record, &ran.configuration))
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

pub(super) async fn invoke(call: &Call) -> Result<Response<Body>, Fault> {
    let asked = Asked::read(call).await?;
    match asked.kind {
        InvocationType::RequestResponse => {}
        InvocationType::DryRun => return Ok(protocol::empty(StatusCode::NO_CONTENT)),
        InvocationType::Event => {
            asked.store(call).await?;
            return Ok(protocol::empty(StatusCode::ACCEPTED));
        }
    }
    let event = event(call, &asked.named)?;
    let Done { invoked, log } = asked.run(call, event).await?;
    let Invoked { record, output } = &*invoked;
    let mut response = match function_error::payload(&record.outcome, record.id) {
        Some(payload) => {
            let mut response = protocol::json(StatusCode::OK, &payload);
            set(response.headers_mut(), FUNCTION_ERROR, function_error::UNHANDLED);
            response
        }
        None => protocol::json_bytes(payload(output.as_ref().map(|output| output.data.clone()))),
    };
    let headers = response.headers_mut();
    set(headers, EXECUTED_VERSION, &record.version.to_string());
    if let Some(log) = log {
        set(headers, LOG_RESULT, &log);
    }
    Ok(response)
}

/// An invocation whose answer comes as a stream of frames: as the function writes it, where it is a
/// program, and else when it is done, as of a handler of Lambda that does not stream.
pub(super) async fn invoke_with_stream(call: &Call) -> Result<Response<Body>, Fault> {
    let asked = Asked::read(call).await?;
    match asked.kind {
        InvocationType::RequestResponse => {}
        InvocationType::DryRun => return Ok(protocol::empty(StatusCode::NO_CONTENT)),
        InvocationType::Event => {
            return Err(invalid("InvocationType Event is not for InvokeWithResponseStream"));
        }
    }
    let event = event(call, &asked.named)?;
    // What streams is sent as it comes, so that there is nothing that a second attempt could be told.
    let (version, body) = if asked.invocable.version().configuration.is_program() {
        let Asked { handle, invocable, arn, wants_log, .. } = asked;
        let stream = handle.invoke_streamed(invocable, call.id, event).await;
        let stream = stream.map_err(|error| of_function(error, &arn))?;
        (stream.callee.function.version, streamed(stream, wants_log))
    } else {
        let Done { invoked, log } = asked.run(call, event).await?;
        (
            invoked.record.version,
            protocol::whole(event_stream::frames(output(&invoked), &end(&invoked, log))?),
        )
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(event_stream::MEDIA_TYPE));
    set(headers, EXECUTED_VERSION, &version.to_string());
    Ok(response)
}

/// How an invocation ended, as it is told at the end of a stream.
fn end(Invoked { record, .. }: &Invoked, log: Option<String>) -> Value {
    let mut end = json!({});
    if let Some(failure) = function_error::payload(&record.outcome, record.id) {
        end["ErrorCode"] = function_error::UNHANDLED.into();
        end["ErrorDetails"] = failure.to_string().into();
    }
    if let Some(log) = log {
        end["LogResult"] = log.into();
    }
    end
}

/// What a function that has ended returned; nothing if it failed.
fn output(Invoked { record, output }: &Invoked) -> Bytes {
    if !record.outcome.is_ok() {
        return Bytes::new();
    }
    payload(output.as_ref().map(|output| output.data.clone()))
}

fn broken(fault: Fault) -> BoxError {
    fault.message.to_string().into()
}

/// The frames of an invocation as its response comes.
fn streamed(stream: InvokedStream, wants_log: bool) -> Body {
    let InvokedStream { callee, pieces, end: ended } = stream;
    let is_streamed = pieces.is_some();
    let chunks = futures::stream::unfold(pieces, |pieces| async {
        let mut pieces = pieces?;
        // How it broke off, if it did, is told at the end.
        let piece = pieces.recv().await?.ok()??;
        Some((event_stream::chunks(piece).map_err(broken), Some(pieces)))
    });
    let last = futures::stream::once(async move {
        let invoked = ended.await.map_err(BoxError::from)?;
        let log = wants_log.then(|| log(&invoked, &callee.function));
        let data = if is_streamed { Bytes::new() } else { output(&invoked) };
        event_stream::frames(data, &end(&invoked, log)).map_err(broken)
    });
    let frames = chunks.chain(last).map_ok(|frames| Frame::data(Bytes::from(frames)));
    StreamBody::new(frames).boxed_unsync()
}

/// What a function returned; of one that returned nothing, as Lambda has it.
fn payload(output: Option<Bytes>) -> Bytes {
    output.filter(|output| !output.is_empty()).unwrap_or(Bytes::from_static(b"null"))
}

/// The old form of an invocation that nobody waits for.
pub(super) async fn invoke_async(call: &Call) -> Result<Response<Body>, Fault> {
    Asked::read(call).await?.store(call).await?;
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
