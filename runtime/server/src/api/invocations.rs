//! Invocations: one event in, one answer out.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Extension;
use axum::response::{IntoResponse as _, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use lambent_api::{Binary, Qualified, headers, paths};
use lambent_dispatch::Invoked;
use lambent_engine::Hold;
use lambent_types::{
    Failure, FunctionName, InvocationRecord, ItemFailure, Output, RequestId, Retry, bounds,
};

use super::event;
use super::extractors::State;
use super::limited_body::{LimitedBody, LimitedBodyError, held};
use super::query;
use super::resource::Resource;
use crate::problem::Refusal;

/// Invokes a function and waits for its answer.
///
/// The body is the event's data, `Content-Type` its type, and `ce-` headers its
/// CloudEvents attributes.
#[utoipa::path(
    post, path = paths::INVOCATIONS, operation_id = "invoke_function",
    params(
        ("name" = String, Path, description = "The function"),
        Qualified,
        ("Prefer" = Option<String>, Header,
         description = "`respond-async`: answer when the event is stored, and deliver it later, at \
                        least once; its data is at most 1 MiB"),
        ("lambent-client-context" = Option<String>, Header,
         description = "What the client says of itself, for the context of functions of a runtime: a \
                        JSON object in base64, at most 3,583 bytes; not for what is delivered later"),
        ("ce-id" = Option<String>, Header, description = "The request's id if absent"),
        ("ce-source" = Option<String>, Header, description = "This resource's path if absent"),
        ("ce-type" = Option<String>, Header, description = "`lambent.invocation.v1` if absent"),
        ("ce-subject" = Option<String>, Header, description = "What the event is about"),
        ("ce-time" = Option<String>, Header, description = "When it happened, by RFC 3339"),
        ("ce-dataschema" = Option<String>, Header, description = "The schema of the data"),
    ),
    request_body(description = "The event's data, at most 6 MiB",
        content((Binary = "application/octet-stream"), (serde_json::Value = "application/json"))),
    responses(
        (status = 200, description = "What the function returned; or, with \
          `lambent-function-error`, how it failed",
         content((Binary = "application/octet-stream"), (lambent_types::Failure = "application/json")),
         headers(
            ("lambent-request-id" = String, description = "The invocation"),
            ("lambent-version" = String, description = "The version that ran"),
            ("lambent-outcome" = String, description = "How it ended"),
            ("lambent-function-error" = String, description = "How it failed, if it did"),
            ("lambent-start" = String, description = "`mapped` (cold) or `loaded`"),
            ("lambent-duration-us" = u64, description = "Wall-clock microseconds"),
            ("lambent-fuel" = u64, description = "Fuel used"),
            ("lambent-memory-bytes" = u64, description = "Most memory held at once"),
         )),
        (status = 202, description = "The event is stored and will be delivered"),
        (status = 404, description = "No such function or version",
         body = lambent_types::Problem, content_type = "application/problem+json"),
        (status = 413, description = "The data is too large",
         body = lambent_types::Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many invocations at once",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn invoke(
    app: State,
    resource: Resource,
    Extension(id): Extension<RequestId>,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    let handle = resource.handle::<FunctionName>()?;
    let query: Qualified = query::read(request.uri())?;
    let qualifier = query.qualifier.unwrap_or_default();
    let (parts, body) = request.into_parts();
    let once = idempotency_key(&parts.headers)?;
    let mut event = event::read(&parts.headers, id, handle.name())?;
    let mut function = handle.invocable(qualifier).await?;
    if let Some(text) = parts.headers.get(headers::CLIENT_CONTEXT) {
        function = function.with_client_context(text.to_str().unwrap_or_default())?;
    }
    let later = respond_async(&parts.headers);
    let limit = if later { bounds::VALUE_BYTES_MAX as u64 } else { bounds::PAYLOAD_BYTES_MAX };
    let intake = LimitedBody::new(&parts.headers, body, limit, app.stall)?;
    let hold = app.hold(handle.namespace());
    event.data = intake.charged(&hold)?.whole().await?;
    if later {
        if once.is_some() {
            // To run it anyway could run it twice.
            let detail = "Idempotency-Key is not served with Prefer: respond-async";
            return Err(Refusal::not_implemented(detail));
        }
        handle.invoke_later(function, id, event).await?;
        return Ok(StatusCode::ACCEPTED.into_response());
    }
    let Invoked { record, output } = match once {
        None => handle.invoke(function, id, event).await?,
        Some(key) => {
            let Invoked { record, output } =
                &*handle.invoke_once(&key, function, id, event).await?;
            Invoked { record: record.clone(), output: output.clone() }
        }
    };
    let output = output.map(|output| kept(output, &hold)).transpose()?;
    Ok(answer(&record, output))
}

/// The key with which the client sends the same invocation again, if it does not hear how it ended.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let mut given = headers.get_all("idempotency-key").iter();
    let Some(key) = given.next() else { return Ok(None) };
    if given.next().is_some() {
        return Err(Refusal::invalid("more than one Idempotency-Key header"));
    }
    let key = key.to_str().map_err(|_| Refusal::invalid("Idempotency-Key is not text"))?;
    Ok(Some(key.to_owned()))
}

/// Whether the client does not wait for the answer: `Prefer: respond-async`
/// (RFC 7240).
fn respond_async(headers: &HeaderMap) -> bool {
    headers
        .get_all("prefer")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|preference| preference.trim().eq_ignore_ascii_case("respond-async"))
}

/// What a function returned, charged until the client has taken it.
fn kept(output: Output, hold: &Arc<Hold>) -> Result<Output, Refusal> {
    hold.grow(output.data.len() as u64).map_err(|_| LimitedBodyError::NoMemory)?;
    Ok(Output { data: held(output.data, hold.clone()), ..output })
}

fn answer(record: &InvocationRecord, output: Option<Output>) -> Response {
    let mut response = match record.outcome.failure().or_else(|| item_failure(record)) {
        None => {
            let output = output.unwrap_or_default();
            let mut response = output.data.into_response();
            let media_type = output.content_type.and_then(|text| HeaderValue::try_from(text).ok());
            response.headers_mut().insert(
                CONTENT_TYPE,
                media_type.unwrap_or(HeaderValue::from_static("application/octet-stream")),
            );
            response
        }
        Some(failure) => {
            let mut response = axum::Json(failure).into_response();
            let kind = if record.outcome.is_ok() { "item-failed" } else { record.outcome.kind() };
            let kind = HeaderValue::from_static(kind);
            response.headers_mut().insert(headers::FUNCTION_ERROR, kind);
            response
        }
    };
    describe(response.headers_mut(), record);
    response
}

/// Why the message failed that was handled as a batch of one.
fn item_failure(record: &InvocationRecord) -> Option<Failure> {
    let ItemFailure { kind, message, .. } = record.items.as_ref()?.failures.first()?;
    let (kind, message) = (kind.clone(), message.clone());
    Some(Failure { kind, message, trace: Vec::new(), retry: Retry::default() })
}

fn describe(fields: &mut HeaderMap, record: &InvocationRecord) {
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            fields.insert(name, value);
        }
    };
    let meter = &record.meter;
    set(headers::VERSION, &record.version.to_string());
    set(headers::OUTCOME, record.outcome.kind());
    set(headers::START, meter.start.as_str());
    set(headers::DURATION_US, &meter.duration.as_micros().to_string());
    set(headers::FUEL, &meter.fuel.to_string());
    set(headers::MEMORY_BYTES, &meter.memory_bytes.to_string());
}
