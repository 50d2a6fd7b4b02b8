//! Queues.

use axum::Json;
use axum::body::Body;
use axum::extract::Extension;
use axum::response::{IntoResponse as _, Response};
use http::{Request, StatusCode, Uri};
use jiff::Timestamp;
use lambent_service::{Depth, Queue, QueueAttributes};
use lambent_types::QueueName;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::limited_body::optional_json;
use super::parts::{Scope, State};
use super::query::Params;
use super::resource::{Resource, status};
use crate::problem::Refusal;

/// A queue as the API shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub(super) struct QueueView {
    /// Its name.
    #[schema(value_type = String)]
    pub(super) name: QueueName,
    /// How it behaves.
    #[schema(value_type = Object)]
    pub(super) attributes: QueueAttributes,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    pub(super) created: Timestamp,
    /// How much it holds; only where one queue is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) depth: Option<DepthView>,
}

/// How much a queue or a trigger holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(super) struct DepthView {
    /// What can be received now.
    pub(super) ready: u64,
    /// What was received and is not deleted.
    pub(super) in_flight: u64,
    /// What is delayed.
    pub(super) delayed: u64,
    /// When the oldest was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) oldest: Option<Timestamp>,
}

impl From<Depth> for DepthView {
    fn from(depth: Depth) -> Self {
        let Depth { ready, in_flight, delayed, oldest } = depth;
        Self { ready, in_flight, delayed, oldest }
    }
}

impl QueueView {
    fn of(queue: Queue, depth: Option<Depth>) -> Self {
        let Queue { name, attributes, created } = queue;
        Self { name, attributes, created, depth: depth.map(Into::into) }
    }
}

/// Queues.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub(super) struct Queues {
    /// The queues, by name.
    pub(super) queues: Vec<QueueView>,
}

/// Lists all queues.
#[utoipa::path(
    get, path = "/v1/queues", operation_id = "list_queues",
    responses((status = 200, description = "All queues, by name", body = Queues)),
)]
pub(super) async fn list(Extension(scope): Scope, uri: Uri) -> Result<Json<Queues>, Refusal> {
    Params::read(&uri, &[])?;
    let found = scope.queues().await?;
    Ok(Json(Queues { queues: found.into_iter().map(|queue| QueueView::of(queue, None)).collect() }))
}

/// Creates a queue, or gives an existing one other attributes. A name that ends
/// in `.fifo` makes a FIFO queue.
#[utoipa::path(
    put, path = "/v1/queues/{name}", operation_id = "put_queue",
    params(("name" = String, Path, description = "The queue")),
    request_body(content((serde_json::Value = "application/json")),
        description = "Its attributes; those that are not given have their defaults"),
    responses(
        (status = 200, description = "It was there already", body = QueueView),
        (status = 201, description = "It is new", body = QueueView),
    ),
)]
pub(super) async fn put(
    app: State,
    resource: Resource,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    let queue = resource.queue()?;
    Params::read(request.uri(), &[])?;
    let attributes = optional_json(request, "attributes of the queue", app.stall).await?;
    let made = queue.put(attributes).await?;
    Ok((status(made.created), Json(QueueView::of(made.value, None))).into_response())
}

/// Describes a queue and how much it holds.
#[utoipa::path(
    get, path = "/v1/queues/{name}", operation_id = "describe_queue",
    params(("name" = String, Path, description = "The queue")),
    responses((status = 200, description = "The queue", body = QueueView)),
)]
pub(super) async fn describe(resource: Resource, uri: Uri) -> Result<Json<QueueView>, Refusal> {
    let queue = resource.queue()?;
    Params::read(&uri, &[])?;
    let found = queue.describe().await?;
    let depth = queue.depth().await?;
    Ok(Json(QueueView::of(found, Some(depth))))
}

/// Deletes a queue with everything in it.
#[utoipa::path(
    delete, path = "/v1/queues/{name}", operation_id = "delete_queue",
    params(("name" = String, Path, description = "The queue")),
    responses((status = 204, description = "Deleted")),
)]
pub(super) async fn delete(resource: Resource, uri: Uri) -> Result<StatusCode, Refusal> {
    let queue = resource.queue()?;
    Params::read(&uri, &[])?;
    queue.delete().await?;
    Ok(StatusCode::NO_CONTENT)
}
