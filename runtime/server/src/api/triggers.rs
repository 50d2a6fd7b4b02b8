//! Triggers.

use axum::Json;
use axum::body::Body;
use axum::extract::Extension;
use axum::response::{IntoResponse as _, Response};
use http::{Request, StatusCode, Uri};
use lambent_types::Trigger;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::limited_body::{JSON_BYTES_MAX, json_bytes};
use super::named::named;
use super::parts::{Scope, State};
use super::query::Params;
use super::queues::DepthView;
use super::resource::{Resource, status};
use crate::problem::Refusal;

/// A trigger as the API shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub(super) struct TriggerView {
    /// The trigger.
    #[serde(flatten)]
    pub(super) trigger: Trigger,
    /// What waits for it: its events, or the messages of its queue.
    pub(super) depth: DepthView,
}

/// Triggers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub(super) struct Triggers {
    /// The triggers, by name.
    pub(super) triggers: Vec<TriggerView>,
}

async fn view(scope: &lambent_service::Scope, trigger: Trigger) -> Result<TriggerView, Refusal> {
    let depth = scope.trigger_depth(&trigger).await?.into();
    Ok(TriggerView { trigger, depth })
}

/// Lists all triggers.
#[utoipa::path(
    get, path = "/v1/triggers", operation_id = "list_triggers",
    responses((status = 200, description = "All triggers, by name", body = Triggers)),
)]
pub(super) async fn list(Extension(scope): Scope, uri: Uri) -> Result<Json<Triggers>, Refusal> {
    Params::read(&uri, &[])?;
    let mut triggers = Vec::new();
    for trigger in scope.triggers().await? {
        triggers.push(view(&scope, trigger).await?);
    }
    Ok(Json(Triggers { triggers }))
}

/// Creates or replaces a trigger.
#[utoipa::path(
    put, path = "/v1/triggers/{name}", operation_id = "put_trigger",
    params(("name" = String, Path, description = "The trigger")),
    request_body(content((Trigger = "application/json")),
        description = "The trigger; its name may be left out"),
    responses(
        (status = 200, description = "It was there already", body = TriggerView),
        (status = 201, description = "It is new", body = TriggerView),
    ),
)]
pub(super) async fn put(
    app: State,
    resource: Resource,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    let handle = resource.trigger()?;
    Params::read(request.uri(), &[])?;
    let given = json_bytes(request, &["application/json"], JSON_BYTES_MAX, app.stall).await?;
    let trigger: Trigger = named(&given, handle.name().as_str(), "trigger")?;
    let made = resource.scope.put_trigger(trigger).await?;
    let view = view(&resource.scope, made.value).await?;
    Ok((status(made.created), Json(view)).into_response())
}

/// Describes a trigger and what waits for it.
#[utoipa::path(
    get, path = "/v1/triggers/{name}", operation_id = "describe_trigger",
    params(("name" = String, Path, description = "The trigger")),
    responses((status = 200, description = "The trigger", body = TriggerView)),
)]
pub(super) async fn describe(resource: Resource, uri: Uri) -> Result<Json<TriggerView>, Refusal> {
    let trigger = resource.trigger()?;
    Params::read(&uri, &[])?;
    let found = trigger.describe().await?;
    Ok(Json(view(&resource.scope, found).await?))
}

/// Deletes a trigger with the events that wait for it.
#[utoipa::path(
    delete, path = "/v1/triggers/{name}", operation_id = "delete_trigger",
    params(("name" = String, Path, description = "The trigger")),
    responses((status = 204, description = "Deleted")),
)]
pub(super) async fn delete(resource: Resource, uri: Uri) -> Result<StatusCode, Refusal> {
    let trigger = resource.trigger()?;
    Params::read(&uri, &[])?;
    trigger.delete().await?;
    Ok(StatusCode::NO_CONTENT)
}
