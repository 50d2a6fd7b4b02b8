//! Messages: sent, received, deleted, given back.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request, StatusCode, Uri};
use lambent_api::headers::{ATTRIBUTE_PREFIX, DEDUPLICATION, GROUP};
use lambent_api::{
    Binary, Deleted, MESSAGES, MessageStateView, MessageToSend, MessageView, MessagesToSend,
    PeekMessages, PeekedMessages, PeekedView, Purged, Receipts, ReceiveMessages, Received,
    RedriveMessages, Redriven, SendMessage, SentMessages, SentView, Visibility, paths,
};
use lambent_service::{
    Message, MessageState, MoveBack, NewMessage, Peeked, Receipt, Receive, Sent,
};
use lambent_types::{QueueName, bounds};

use super::extractors::State;
use super::header;
use super::limited_body::{LimitedBody, json, media_type, read_large_json};
use super::query;
use super::resource::Resource;
use crate::problem::Refusal;

/// Most bytes of several messages: as many as one transaction takes.
const BATCH_BYTES_MAX: u64 = 8 << 20;
/// Most bytes of a media type, as of an object's.
const CONTENT_TYPE_BYTES_MAX: usize = 256;
/// Messages received where none says how many.
const LIMIT: usize = 10;

fn sent_view(sent: Sent) -> SentView {
    let Sent { id, sequence, duplicate } = sent;
    SentView { id, sequence, duplicate }
}

fn message_view(message: Message) -> MessageView {
    let text = std::str::from_utf8(&message.body).ok().map(str::to_owned);
    let base64 = text.is_none().then(|| STANDARD.encode(&message.body));
    let attributes = message.all_attributes();
    MessageView {
        id: message.id,
        receipt: message.receipt.0,
        text,
        base64,
        content_type: message.content_type,
        attributes,
        attribute_types: message.attribute_types,
        group: message.group,
        sequence: message.sequence,
        sent: message.sent,
        receives: message.receives,
    }
}

/// Sends a message, or several of them.
///
/// The body is the message's, `Content-Type` its media type, and headers
/// `lambent-attr-<name>` its attributes.
#[utoipa::path(
    post, path = paths::MESSAGES, operation_id = "send_messages",
    params(
        ("name" = String, Path, description = "The queue"),
        SendMessage,
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
    let queue = resource.handle::<QueueName>()?;
    let SendMessage { delay } = query::read(request.uri())?;
    let (parts, body) = request.into_parts();
    let several = media_type(&parts.headers).as_deref() == Some(MESSAGES);
    let limit = if several { BATCH_BYTES_MAX } else { bounds::VALUE_BYTES_MAX as u64 };
    let intake = LimitedBody::new(&parts.headers, body, limit, app.stall)?;
    let bytes = intake.charged(&app.hold(queue.namespace()))?.whole().await?;
    let messages = if several {
        let given: MessagesToSend = read_large_json(bytes, "list of messages").await?;
        given.messages.into_iter().enumerate().map(one_of_several).collect::<Result<_, _>>()?
    } else {
        vec![alone(&parts.headers, bytes, delay)?]
    };
    let sent: Vec<SentView> = queue.send(messages).await?.into_iter().map(sent_view).collect();
    Ok(match (several, <[SentView; 1]>::try_from(sent)) {
        (false, Ok([one])) => (StatusCode::CREATED, Json(one)).into_response(),
        (_, sent) => {
            let messages = sent.map_or_else(|sent| sent, Vec::from);
            (StatusCode::CREATED, Json(SentMessages { messages })).into_response()
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
        attribute_types: given.attribute_types,
        delay: given.delay_ms.map(Duration::from_millis),
        group: given.group,
        deduplication: given.deduplication,
        ..NewMessage::default()
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
        attributes: header::below(headers, ATTRIBUTE_PREFIX)?,
        delay,
        group: text(GROUP.as_str())?,
        deduplication: text(DEDUPLICATION.as_str())?,
        ..NewMessage::default()
    })
}

/// Receives messages, and waits for the first if there is none.
#[utoipa::path(
    post, path = paths::RECEIVE, operation_id = "receive_messages",
    params(
        ("name" = String, Path, description = "The queue"),
        ReceiveMessages,
    ),
    responses((status = 200, description = "Messages, perhaps none", body = Received)),
)]
pub(super) async fn receive(resource: Resource, uri: Uri) -> Result<Json<Received>, Refusal> {
    let queue = resource.handle::<QueueName>()?;
    let query: ReceiveMessages = query::read(&uri)?;
    let visibility = query
        .visibility
        .map_or(lambent_service::Visibility::Queue, lambent_service::Visibility::For);
    let (limit, wait) = (query.limit.unwrap_or(LIMIT), query.wait);
    let messages = queue.receive(Receive { limit, visibility, wait }).await?;
    Ok(Json(Received { messages: messages.into_iter().map(message_view).collect() }))
}

/// Deletes the message of a receipt for good.
#[utoipa::path(
    delete, path = paths::RECEIPT, operation_id = "delete_message",
    params(("name" = String, Path, description = "The queue"),
           ("receipt" = String, Path, description = "The receipt")),
    responses((status = 204, description = "Deleted"),
        (status = 410, description = "The message was received again since",
         body = lambent_types::Problem, content_type = "application/problem+json")),
)]
pub(super) async fn delete_one(resource: Resource, uri: Uri) -> Result<StatusCode, Refusal> {
    let queue = resource.handle::<QueueName>()?;
    query::none(&uri)?;
    queue.delete_message(Receipt(resource.item().to_owned())).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets when the message of a receipt can be received again.
#[utoipa::path(
    patch, path = paths::RECEIPT, operation_id = "change_visibility",
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
    let queue = resource.handle::<QueueName>()?;
    query::none(request.uri())?;
    let given: Visibility = json(request, &["application/json"], "visibility", app.stall).await?;
    let receipt = Receipt(resource.item().to_owned());
    queue.change_visibility(&receipt, Duration::from_millis(given.visibility_ms)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes several messages; `deleted` says of each whether its receipt was good.
#[utoipa::path(
    post, path = paths::DELETE_MESSAGES, operation_id = "delete_messages",
    params(("name" = String, Path, description = "The queue")),
    request_body(content((Receipts = "application/json"))),
    responses((status = 200, description = "Which were deleted", body = Deleted)),
)]
pub(super) async fn delete(
    app: State,
    resource: Resource,
    request: Request<Body>,
) -> Result<Json<Deleted>, Refusal> {
    let queue = resource.handle::<QueueName>()?;
    query::none(request.uri())?;
    let given: Receipts =
        json(request, &["application/json"], "list of receipts", app.stall).await?;
    let receipts: Vec<_> = given.receipts.into_iter().map(Receipt).collect();
    let deleted = queue.delete_messages(&receipts).await?;
    Ok(Json(Deleted { deleted }))
}

/// Deletes everything in a queue.
#[utoipa::path(
    post, path = paths::PURGE, operation_id = "purge_queue",
    params(("name" = String, Path, description = "The queue")),
    responses((status = 200, description = "How many messages there were",
               body = Purged)),
)]
pub(super) async fn purge(resource: Resource, uri: Uri) -> Result<Json<Purged>, Refusal> {
    let queue = resource.handle::<QueueName>()?;
    query::none(&uri)?;
    let deleted = queue.purge().await?;
    Ok(Json(Purged { deleted }))
}

/// Looks at messages without receiving them.
///
/// Nobody's receiving is held up, and nothing is counted.
#[utoipa::path(
    get, path = paths::MESSAGES, operation_id = "peek_messages",
    params(
        ("name" = String, Path, description = "The queue"),
        PeekMessages,
    ),
    responses((status = 200, description = "Messages, by their place in the queue",
               body = PeekedMessages)),
)]
pub(super) async fn peek(resource: Resource, uri: Uri) -> Result<Json<PeekedMessages>, Refusal> {
    let queue = resource.handle::<QueueName>()?;
    let PeekMessages { after, limit } = query::read(&uri)?;
    let limit = limit.unwrap_or(LIMIT);
    let peeked = queue.peek(after.unwrap_or(0), limit).await?;
    let next = peeked.last().filter(|_| peeked.len() == limit);
    let next = next.map(|last| last.message.sequence);
    Ok(Json(PeekedMessages { messages: peeked.into_iter().map(peeked_view).collect(), next }))
}

fn peeked_view(Peeked { message, state }: Peeked) -> PeekedView {
    let MessageView {
        id,
        text,
        base64,
        content_type,
        attributes,
        attribute_types,
        group,
        sequence,
        sent,
        receives,
        ..
    } = message_view(message);
    let state = match state {
        MessageState::Ready => MessageStateView::Ready,
        MessageState::InFlight => MessageStateView::InFlight,
        MessageState::Delayed => MessageStateView::Delayed,
    };
    PeekedView {
        id,
        state,
        text,
        base64,
        content_type,
        attributes,
        attribute_types,
        group,
        sequence,
        sent,
        receives,
    }
}

/// Moves dead letters back to the queues they came from, and events to be delivered again.
#[utoipa::path(
    post, path = paths::REDRIVE, operation_id = "redrive_queue",
    params(
        ("name" = String, Path, description = "The dead-letter queue"),
        RedriveMessages,
    ),
    responses((status = 200, description = "How many were moved", body = Redriven)),
)]
pub(super) async fn redrive(resource: Resource, uri: Uri) -> Result<Json<Redriven>, Refusal> {
    let queue = resource.handle::<QueueName>()?;
    let RedriveMessages { limit, to, filter, dry_run } = query::read(&uri)?;
    let dry_run = dry_run.unwrap_or(false);
    let limit = limit.unwrap_or(if dry_run { usize::MAX } else { bounds::BATCH_MAX });
    let what = MoveBack { limit, to, only: filter, dry_run };
    let moved = resource.scope.redrive(queue.name(), what).await?;
    Ok(Json(Redriven { moved: moved.count }))
}
