//! Schedules.

use axum::Json;
use axum::body::Body;
use axum::extract::Extension;
use axum::response::{IntoResponse as _, Response};
use http::{Request, StatusCode, Uri};
use jiff::Timestamp;
use lambent_service::Scheduled;
use lambent_types::Schedule;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::limited_body::{JSON_BYTES_MAX, json_bytes};
use super::named::named;
use super::parts::{Scope, State};
use super::query::Params;
use super::resource::{Resource, status};
use crate::problem::Refusal;

/// A schedule as the API shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub(super) struct ScheduleView {
    /// The schedule.
    #[serde(flatten)]
    pub(super) schedule: Schedule,
    /// When it fires next; never if null.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) next: Option<Timestamp>,
    /// Why it does not fire again, in the answer to a change of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) warning: Option<String>,
}

impl From<Scheduled> for ScheduleView {
    fn from(scheduled: Scheduled) -> Self {
        Self { schedule: scheduled.schedule, next: scheduled.next, warning: None }
    }
}

impl ScheduleView {
    /// One that was changed.
    fn changed(scheduled: Scheduled) -> Self {
        let ended = scheduled.schedule.enabled && scheduled.next.is_none();
        let reason = || scheduled.schedule.first_after(Timestamp::now()).err();
        let warning = ended.then(reason).flatten().map(|error| error.detail().to_owned());
        Self { warning, ..scheduled.into() }
    }
}

/// Schedules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub(super) struct Schedules {
    /// The schedules, by name.
    pub(super) schedules: Vec<ScheduleView>,
}

/// Lists all schedules.
#[utoipa::path(
    get, path = "/v1/schedules", operation_id = "list_schedules",
    responses((status = 200, description = "All schedules, by name", body = Schedules)),
)]
pub(super) async fn list(Extension(scope): Scope, uri: Uri) -> Result<Json<Schedules>, Refusal> {
    Params::read(&uri, &[])?;
    let found = scope.schedules().await?;
    Ok(Json(Schedules { schedules: found.into_iter().map(Into::into).collect() }))
}

/// Creates or replaces a schedule; one that would never fire is not created.
#[utoipa::path(
    put, path = "/v1/schedules/{name}", operation_id = "put_schedule",
    params(("name" = String, Path, description = "The schedule")),
    request_body(content((Schedule = "application/json")),
        description = "The schedule; its name may be left out"),
    responses(
        (status = 200, description = "It was there already", body = ScheduleView),
        (status = 201, description = "It is new", body = ScheduleView),
    ),
)]
pub(super) async fn put(
    app: State,
    resource: Resource,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    let handle = resource.schedule()?;
    Params::read(request.uri(), &[])?;
    let given = json_bytes(request, &["application/json"], JSON_BYTES_MAX, app.stall).await?;
    let schedule: Schedule = named(&given, handle.name().as_str(), "schedule")?;
    let made = resource.scope.put_schedule(schedule).await?;
    Ok((status(made.created), Json(ScheduleView::changed(made.value))).into_response())
}

/// Describes a schedule and when it fires next.
#[utoipa::path(
    get, path = "/v1/schedules/{name}", operation_id = "describe_schedule",
    params(("name" = String, Path, description = "The schedule")),
    responses((status = 200, description = "The schedule", body = ScheduleView)),
)]
pub(super) async fn describe(resource: Resource, uri: Uri) -> Result<Json<ScheduleView>, Refusal> {
    let schedule = resource.schedule()?;
    Params::read(&uri, &[])?;
    Ok(Json(schedule.describe().await?.into()))
}

/// Deletes a schedule with the events that wait for it.
#[utoipa::path(
    delete, path = "/v1/schedules/{name}", operation_id = "delete_schedule",
    params(("name" = String, Path, description = "The schedule")),
    responses((status = 204, description = "Deleted")),
)]
pub(super) async fn delete(resource: Resource, uri: Uri) -> Result<StatusCode, Refusal> {
    let schedule = resource.schedule()?;
    Params::read(&uri, &[])?;
    schedule.delete().await?;
    Ok(StatusCode::NO_CONTENT)
}
