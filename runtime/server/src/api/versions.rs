//! Versions: publish, list, delete, roll back to.

use axum::Json;
use axum::body::Body;
use axum::extract::Extension;
use axum::response::{IntoResponse as _, Response};
use http::header::LOCATION;
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri};
use lambent_api::{
    CompareVersions, FunctionView, ListVersions, PAGE_DEFAULT, Rollback, Versions, paths,
};
use lambent_types::{FunctionName, VersionDiff, VersionNumber};

use super::conditions::Conditions;
use super::extractors::{State, version_number};
use super::limited_body::json;
use super::query;
use super::resource::Resource;
use super::view;
use crate::problem::Refusal;

/// Lists the versions of a function.
#[utoipa::path(
    get, path = paths::VERSIONS, operation_id = "list_versions",
    params(
        ("name" = String, Path, description = "The function"),
        ListVersions,
    ),
    responses(
        (status = 200, description = "Versions, ascending", body = Versions),
        (status = 404, description = "No such function",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn list(resource: Resource, uri: Uri) -> Result<Json<Versions>, Refusal> {
    let function = resource.handle::<FunctionName>()?;
    let query: ListVersions = query::read(&uri)?;
    let limit = query.limit.unwrap_or(PAGE_DEFAULT);
    let mut found = function.versions(query.after.unwrap_or(0), limit + 1).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).and_then(|last| match last.version {
        VersionNumber::Number(number) => Some(number),
        VersionNumber::Latest => None,
    });
    let versions = found.iter().map(|version| view::of_version(version)).collect();
    Ok(Json(Versions { versions, next }))
}

/// Compares two versions of a function: code, handlers, imports, grants and configuration. Of its
/// environment the names are told, and no values.
#[utoipa::path(
    get, path = paths::DIFF, operation_id = "diff_versions",
    params(
        ("name" = String, Path, description = "The function"),
        CompareVersions,
    ),
    responses(
        (status = 200, description = "What differs", body = VersionDiff),
        (status = 404, description = "No such function, version or alias",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn diff(resource: Resource, uri: Uri) -> Result<Json<VersionDiff>, Refusal> {
    let function = resource.handle::<FunctionName>()?;
    let CompareVersions { from, to } = query::read(&uri)?;
    let none = || Refusal::invalid("no version to compare with is given; give one as from=3");
    Ok(Json(function.diff(&from.ok_or_else(none)?, &to.unwrap_or_default()).await?))
}

/// Publishes the function as it is now as its next version.
#[utoipa::path(
    post, path = paths::VERSIONS, operation_id = "publish_version",
    params(
        ("name" = String, Path, description = "The function"),
        ("If-Match" = Option<String>, Header, description = "The revision to publish, or `*`"),
    ),
    responses(
        (status = 200, description = "Unchanged since the last version, which is this",
         body = FunctionView),
        (status = 201, description = "The new version", body = FunctionView),
        (status = 404, description = "No such function",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn publish(
    resource: Resource,
    Extension(Conditions { precondition, .. }): Extension<Conditions>,
    uri: Uri,
) -> Result<Response, Refusal> {
    let function = resource.handle::<FunctionName>()?;
    query::none(&uri)?;
    let published = function.publish(&precondition).await?;
    let view = view::of_version(&published.version);
    if !published.created {
        return Ok(Json(view).into_response());
    }
    let mut headers = HeaderMap::new();
    let location = format!("/v1/functions/{}?qualifier={}", view.name, view.version);
    if let Ok(location) = HeaderValue::from_str(&location) {
        headers.insert(LOCATION, location);
    }
    Ok((StatusCode::CREATED, headers, Json(view)).into_response())
}

/// Deletes one version; its number is never used again.
#[utoipa::path(
    delete, path = paths::VERSION, operation_id = "delete_version",
    params(
        ("name" = String, Path, description = "The function"),
        ("version" = u64, Path, description = "The version's number"),
    ),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "No such function or version",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn delete(resource: Resource, uri: Uri) -> Result<StatusCode, Refusal> {
    let function = resource.handle::<FunctionName>()?;
    let number = version_number(resource.item())?;
    query::none(&uri)?;
    function.delete_version(number).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a function the code and the configuration of one of its versions.
#[utoipa::path(
    post, path = paths::ROLLBACK, operation_id = "rollback_function",
    params(
        ("name" = String, Path, description = "The function"),
        ("If-Match" = Option<String>, Header, description = "The revision to replace, or `*`"),
    ),
    request_body = Rollback,
    responses(
        (status = 200, description = "The function", body = FunctionView),
        (status = 404, description = "No such function or version",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn rollback(
    app: State,
    resource: Resource,
    Extension(Conditions { precondition, .. }): Extension<Conditions>,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    let function = resource.handle::<FunctionName>()?;
    query::none(request.uri())?;
    let to: Rollback = json(request, &["application/json"], "rollback", app.stall).await?;
    let function = function.rollback(to.version, &precondition).await?;
    let view = view::of(&function, &app.urls);
    Ok((view::headers(&view), Json(view)).into_response())
}
