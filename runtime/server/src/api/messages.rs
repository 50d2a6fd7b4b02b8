//! Messages: sent, received, deleted, given back.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request, StatusCode, Uri};
use jiff::Timestamp;
use lambent_service::{Message, NewMessage, Receipt, Receive, Sent};
use lambent_types::{bounds, parse_duration};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::binary::Binary;
use super::header;
use super::limited_body::{LimitedBody, at_most, json, media_type, read_large_json};
use super::parts::State;
use super::query::Params;
use super::resource::Resource;
use crate::problem::Refusal;

/// Several messages at once.
const BATCH: &str = "application/vnd.lambent.messages+json";
/// Most bytes of several messages: as many as one transaction takes.
const BATCH_BYTES_MAX: u64 = 8 << 20;
/// Most bytes of a media type, as of an object's.
const CONTENT_TYPE_BYTES_MAX: usize = 256;
/// The longest a receiver may wait; SQS's.
const WAIT_MAX: Duration = Duration::from_secs(20);
/// Messages received where none says how many.
const LIMIT: usize = 10;
/// What the names of headers with a message's attributes begin with.
const ATTRIBUTE: &str = "lambent-attr-";

/// A message to send, among several.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MessageToSend {
    /// The body, if it is text.
    #[serde(default)]
    pub(super) text: Option<String>,
    /// The body in base64, if it is not.
    #[serde(default)]
    pub(super) base64: Option<String>,
    /// Its media type.
    #[serde(default)]
    pub(super) content_type: Option<String>,
    /// What goes along.
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, String>,
    /// Its group, which a FIFO queue needs.
    #[serde(default)]
    pub(super) group: Option<String>,
    /// What a FIFO queue recognises it by when it is sent again.
    #[serde(default)]
    pub(super) deduplication: Option<String>,
    /// Milliseconds before it can be received.
    #[serde(default)]
    pub(super) delay_ms: Option<u64>,
}

/// Messages to send, all or none.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MessagesToSend {
    /// The messages: 1 to 1,000.
    #[serde(deserialize_with = "at_most::<_, _, { bounds::BATCH_MAX }>")]
    pub(super) messages: Vec<MessageToSend>,
}

/// A message that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(super) struct SentView {
    /// Its id.
    pub(super) id: String,
    /// Its place in the queue.
    pub(super) sequence: u64,
    /// Whether it had been sent before, so that it was not kept.
    pub(super) duplicate: bool,
}

impl From<Sent> for SentView {
    fn from(sent: Sent) -> Self {
        let Sent { id, sequence, duplicate } = sent;
        Self { id, sequence, duplicate }
    }
}

/// A message that was received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(super) struct MessageView {
    /// Its id, the same at every receipt.
    pub(super) id: String,
    /// What to delete it with.
    pub(super) receipt: String,
    /// The body, if it is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
    /// The body in base64, if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) base64: Option<String>,
    /// Its media type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) content_type: Option<String>,
    /// What went along.
    pub(super) attributes: BTreeMap<String, String>,
    /// Its group, on a FIFO queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) group: Option<String>,
    /// Its place in the queue.
    pub(super) sequence: u64,
    /// When it was sent.
    #[schema(value_type = String, format = DateTime)]
    pub(super) sent: Timestamp,
    /// How often it was received, this time included.
    pub(super) receives: u32,
}

impl From<Message> for MessageView {
    fn from(message: Message) -> Self {
        let text = std::str::from_utf8(&message.body).ok().map(str::to_owned);
        let base64 = text.is_none().then(|| STANDARD.encode(&message.body));
        Self {
            id: message.id,
            receipt: message.receipt.0,
            text,
            base64,
            content_type: message.content_type,
            attributes: message.attributes,
            group: message.group,
            sequence: message.sequence,
            sent: message.sent,
            receives: message.receives,
        }
    }
}

/// Messages that were received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(super) struct Received {
    /// The messages.
    pub(super) messages: Vec<MessageView>,
}

/// Receipts of messages to delete.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Receipts {
    /// The receipts.
    pub(super) receipts: Vec<String>,
}

/// When a message that was received can be received again.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Visibility {
    /// Milliseconds from now; 0 gives it back at once.
    pub(super) visibility_ms: u64,
}

/// Sends a message, or several of them.
///
/// The body is the message's, `Content-Type` its media type, and headers
/// `lambent-attr-<name>` its attributes.
#[utoipa::path(
    post, path = "/v1/queues/{name}/messages", operation_id = "send_messages",
    params(
        ("name" = String, Path, description = "The queue"),
        ("delay" = Option<String>, Query, description = "How long before it can be received: `5s`"),
        ("lambent-group" = Option<String>, Header, description = "Its group, on a FIFO queue"),
        ("lambent-deduplication" = Option<String>, Header,
         description = "What a FIFO queue recognises it by"),
    ),
    request_body(description = "The message, at most 1 MiB; or several",
        content((Binary = "application/octet-stream"),
                (MessagesToSend = "application/vnd.lambent.messages+json"))),
    responses((status = 201, description = "Sent; of several, `messages` of these", body = SentView)),
)]
pub(super) async fn send(
    app: State,
    resource: Resource,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    let queue = resource.queue()?;
    let params = Params::read(request.uri(), &["delay"])?;
    let delay = params.parse("delay", "a duration such as 5s", |text| parse_duration(text).ok())?;
    let (parts, body) = request.into_parts();
    let several = media_type(&parts.headers).as_deref() == Some(BATCH);
    let limit = if several { BATCH_BYTES_MAX } else { bounds::VALUE_BYTES_MAX as u64 };
    let intake = LimitedBody::new(&parts.headers, body, limit, app.stall)?;
    let bytes = intake.charged(&app.hold(queue.namespace()))?.whole().await?;
    let messages = if several {
        let given: MessagesToSend = read_large_json(bytes, "list of messages").await?;
        given.messages.into_iter().enumerate().map(one_of_several).collect::<Result<_, _>>()?
    } else {
        vec![alone(&parts.headers, bytes, delay)?]
    };
    let sent: Vec<SentView> = queue.send(messages).await?.into_iter().map(Into::into).collect();
    Ok(match (several, <[SentView; 1]>::try_from(sent)) {
        (false, Ok([one])) => (StatusCode::CREATED, Json(one)).into_response(),
        (_, sent) => {
            let sent = sent.map_or_else(|sent| sent, Vec::from);
            let json = serde_json::json!({ "messages": sent });
            (StatusCode::CREATED, Json(json)).into_response()
        }
    })
}

fn one_of_several((index, given): (usize, MessageToSend)) -> Result<NewMessage, Refusal> {
    let wrong = |problem: &str| Refusal::invalid(format!("message {}: {problem}", index + 1));
    let body = match (given.text, given.base64) {
        (Some(text), None) => Bytes::from(text),
        (None, Some(base64)) => {
            STANDARD.decode(base64).map_err(|_| wrong("its base64 is malformed"))?.into()
        }
        _ => return Err(wrong("give either text or base64")),
    };
    Ok(NewMessage {
        body,
        content_type: checked(given.content_type).map_err(|problem| wrong(&problem))?,
        attributes: given.attributes,
        delay: given.delay_ms.map(Duration::from_millis),
        group: given.group,
        deduplication: given.deduplication,
    })
}

/// A media type that can be handed to a function as a header is.
fn checked(media_type: Option<String>) -> Result<Option<String>, String> {
    let fits = |text: &String| {
        (1..=CONTENT_TYPE_BYTES_MAX).contains(&text.len())
            && text.bytes().all(|c| matches!(c, b' '..=b'~'))
    };
    if media_type.as_ref().is_none_or(fits) {
        return Ok(media_type);
    }
    Err(format!("the content type is not 1 to {CONTENT_TYPE_BYTES_MAX} printable ASCII characters"))
}

fn alone(headers: &HeaderMap, body: Bytes, delay: Option<Duration>) -> Result<NewMessage, Refusal> {
    let text = |name: &str| header::text(headers, name).map(|text| text.map(str::to_owned));
    Ok(NewMessage {
        body,
        content_type: checked(text(CONTENT_TYPE.as_str())?).map_err(Refusal::invalid)?,
        attributes: header::below(headers, ATTRIBUTE)?,
        delay,
        group: text("lambent-group")?,
        deduplication: text("lambent-deduplication")?,
    })
}

/// Receives messages, and waits for the first if there is none.
#[utoipa::path(
    post, path = "/v1/queues/{name}/receive", operation_id = "receive_messages",
    params(
        ("name" = String, Path, description = "The queue"),
        ("limit" = Option<u32>, Query, description = "At most this many: 1 to 1,000; 10 if absent"),
        ("visibility" = Option<String>, Query,
         description = "How long nobody else receives them: `30s`; the queue's if absent"),
        ("wait" = Option<String>, Query, description = "How long to wait, at most `20s`"),
    ),
    responses((status = 200, description = "Messages, perhaps none", body = Received)),
)]
pub(super) async fn receive(resource: Resource, uri: Uri) -> Result<Json<Received>, Refusal> {
    let queue = resource.queue()?;
    let params = Params::read(&uri, &["limit", "visibility", "wait"])?;
    let limit = params.limit(LIMIT, bounds::BATCH_MAX)?;
    let duration = |text: &str| parse_duration(text).ok();
    let visibility = params.parse("visibility", "a duration such as 30s", duration)?;
    let visibility =
        visibility.map_or(lambent_service::Visibility::Queue, lambent_service::Visibility::For);
    let wait = params.parse("wait", "a duration of at most 20s", |text| {
        duration(text).filter(|wait| *wait <= WAIT_MAX)
    })?;
    let wait = wait.unwrap_or_default();
    let messages = queue.receive(Receive { limit, visibility, wait }).await?;
    Ok(Json(Received { messages: messages.into_iter().map(Into::into).collect() }))
}

/// Deletes the message of a receipt for good.
#[utoipa::path(
    delete, path = "/v1/queues/{name}/receipts/{receipt}", operation_id = "delete_message",
    params(("name" = String, Path, description = "The queue"),
           ("receipt" = String, Path, description = "The receipt")),
    responses((status = 204, description = "Deleted"),
        (status = 410, description = "The message was received again since",
         body = lambent_types::Problem, content_type = "application/problem+json")),
)]
pub(super) async fn delete_one(resource: Resource, uri: Uri) -> Result<StatusCode, Refusal> {
    let queue = resource.queue()?;
    Params::read(&uri, &[])?;
    queue.delete_message(Receipt(resource.item().to_owned())).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets when the message of a receipt can be received again.
#[utoipa::path(
    patch, path = "/v1/queues/{name}/receipts/{receipt}", operation_id = "change_visibility",
    params(("name" = String, Path, description = "The queue"),
           ("receipt" = String, Path, description = "The receipt")),
    request_body(content((Visibility = "application/json"))),
    responses((status = 204, description = "Done")),
)]
pub(super) async fn change_visibility(
    app: State,
    resource: Resource,
    request: Request<Body>,
) -> Result<StatusCode, Refusal> {
    let queue = resource.queue()?;
    Params::read(request.uri(), &[])?;
    let given: Visibility = json(request, &["application/json"], "visibility", app.stall).await?;
    let receipt = Receipt(resource.item().to_owned());
    queue.change_visibility(&receipt, Duration::from_millis(given.visibility_ms)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes several messages; `deleted` says of each whether its receipt was good.
#[utoipa::path(
    post, path = "/v1/queues/{name}/delete", operation_id = "delete_messages",
    params(("name" = String, Path, description = "The queue")),
    request_body(content((Receipts = "application/json"))),
    responses((status = 200, description = "Which were deleted", body = serde_json::Value)),
)]
pub(super) async fn delete(
    app: State,
    resource: Resource,
    request: Request<Body>,
) -> Result<Json<serde_json::Value>, Refusal> {
    let queue = resource.queue()?;
    Params::read(request.uri(), &[])?;
    let given: Receipts =
        json(request, &["application/json"], "list of receipts", app.stall).await?;
    let receipts: Vec<_> = given.receipts.into_iter().map(Receipt).collect();
    let deleted = queue.delete_messages(&receipts).await?;
    Ok(Json(serde_json::json!({ "deleted": deleted })))
}

/// Deletes everything in a queue.
#[utoipa::path(
    post, path = "/v1/queues/{name}/purge", operation_id = "purge_queue",
    params(("name" = String, Path, description = "The queue")),
    responses((status = 200, description = "How many messages there were",
               body = serde_json::Value)),
)]
pub(super) async fn purge(
    resource: Resource,
    uri: Uri,
) -> Result<Json<serde_json::Value>, Refusal> {
    let queue = resource.queue()?;
    Params::read(&uri, &[])?;
    let deleted = queue.purge().await?;
    Ok(Json(serde_json::json!({ "deleted": deleted })))
}

/// Moves dead letters back to the queues they came from.
#[utoipa::path(
    post, path = "/v1/queues/{name}/redrive", operation_id = "redrive_queue",
    params(
        ("name" = String, Path, description = "The dead-letter queue"),
        ("limit" = Option<u32>, Query, description = "At most this many; 1,000 if absent"),
    ),
    responses((status = 200, description = "How many were moved", body = serde_json::Value)),
)]
pub(super) async fn redrive(
    resource: Resource,
    uri: Uri,
) -> Result<Json<serde_json::Value>, Refusal> {
    let queue = resource.queue()?;
    let params = Params::read(&uri, &["limit"])?;
    let limit = params.limit(bounds::BATCH_MAX, bounds::BATCH_MAX)?;
    let moved = queue.redrive(limit).await?;
    Ok(Json(serde_json::json!({ "moved": moved })))
}
