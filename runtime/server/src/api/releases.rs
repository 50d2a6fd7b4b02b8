//! Releases: how aliases go over from one version of a function to another.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use http::{Request, StatusCode, Uri};
use lambent_api::{ChangeRelease, ReleaseList, ReleaseView, paths};
use lambent_service::ReleaseStatus;
use lambent_types::{FunctionName, ReleasePlan};
use serde::de::DeserializeOwned;

use super::aliases::named;
use super::extractors::State;
use super::limited_body::json;
use super::query;
use super::resource::Resource;
use crate::problem::Refusal;

fn view(ReleaseStatus { alias, release, statistics }: ReleaseStatus) -> ReleaseView {
    ReleaseView { alias, release, statistics }
}

/// Lists the releases of a function's aliases: each that is under way, or else the last.
#[utoipa::path(
    get, path = paths::RELEASES, operation_id = "list_releases",
    params(("name" = String, Path, description = "The function")),
    responses((status = 200, description = "By alias", body = ReleaseList)),
)]
pub(super) async fn list(resource: Resource, uri: Uri) -> Result<Json<ReleaseList>, Refusal> {
    query::none(&uri)?;
    let all = resource.handle::<FunctionName>()?.releases().await?;
    Ok(Json(ReleaseList { releases: all.into_iter().map(view).collect() }))
}

/// Describes the release of an alias, with what was seen of its versions.
#[utoipa::path(
    get, path = paths::RELEASE, operation_id = "describe_release",
    params(
        ("name" = String, Path, description = "The function"),
        ("alias" = String, Path, description = "The alias"),
    ),
    responses(
        (status = 200, description = "The release", body = ReleaseView),
        (status = 404, description = "No such function or alias, or it was never released",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn describe(resource: Resource, uri: Uri) -> Result<Json<ReleaseView>, Refusal> {
    query::none(&uri)?;
    let release = resource.handle::<FunctionName>()?.release(&named(&resource)?).await?;
    Ok(Json(view(release)))
}

/// Begins to have an alias go over to another version: by steps, or, without any, at once.
#[utoipa::path(
    put, path = paths::RELEASE, operation_id = "put_release",
    params(
        ("name" = String, Path, description = "The function"),
        ("alias" = String, Path, description = "The alias"),
    ),
    request_body = ReleasePlan,
    responses(
        (status = 201, description = "It has begun", body = ReleaseView),
        (status = 404, description = "No such function, alias or version",
         body = lambent_types::Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is being released, or leads to what it cannot go over from",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn put(
    app: State,
    resource: Resource,
    request: Request<Body>,
) -> Result<(StatusCode, Json<ReleaseView>), Refusal> {
    let (function, alias) = (resource.handle::<FunctionName>()?, named(&resource)?);
    let plan: ReleasePlan = body(request, "release", app.stall).await?;
    let release = function.start_release(&alias, plan).await?;
    Ok((StatusCode::CREATED, Json(view(release))))
}

/// Pauses, resumes, promotes or rolls back the release of an alias, in one step: what begins after the
/// answer goes by it.
#[utoipa::path(
    patch, path = paths::RELEASE, operation_id = "change_release",
    params(
        ("name" = String, Path, description = "The function"),
        ("alias" = String, Path, description = "The alias"),
    ),
    request_body = ChangeRelease,
    responses(
        (status = 200, description = "The release", body = ReleaseView),
        (status = 404, description = "No such function or alias, or it was never released",
         body = lambent_types::Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is in a state from which that is not possible",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn change(
    app: State,
    resource: Resource,
    request: Request<Body>,
) -> Result<Json<ReleaseView>, Refusal> {
    let (function, alias) = (resource.handle::<FunctionName>()?, named(&resource)?);
    let ChangeRelease { state, reason } = body(request, "state of a release", app.stall).await?;
    Ok(Json(view(function.change_release(&alias, state, reason).await?)))
}

/// What a request without a query asks for.
async fn body<T: DeserializeOwned + Send + 'static>(
    request: Request<Body>,
    what: &str,
    stall: Duration,
) -> Result<T, Refusal> {
    query::none(request.uri())?;
    json(request, &["application/json"], what, stall).await
}
