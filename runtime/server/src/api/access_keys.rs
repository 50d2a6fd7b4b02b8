//! Access keys of a namespace.

use axum::Json;
use axum::body::Body;
use axum::extract::Extension;
use axum::response::{IntoResponse as _, Response};
use http::header::CACHE_CONTROL;
use http::{Request, StatusCode, Uri};
use lambent_api::{AccessKeyView, AccessKeys, NewAccessKey, paths};
use lambent_service::{AccessKey, CreatedKey};

use super::extractors::{Scope, State};
use super::limited_body::json;
use super::query;
use super::resource::Resource;
use crate::problem::Refusal;

fn view(key: AccessKey) -> AccessKeyView {
    let AccessKey { id, namespace, description, created, expires } = key;
    AccessKeyView { id, namespace, description, created, expires, secret: None }
}

/// Lists the access keys of the namespace. Needs the root key.
#[utoipa::path(
    get, path = paths::ACCESS_KEYS, operation_id = "list_access_keys",
    responses((status = 200, description = "The keys, by id", body = AccessKeys)),
)]
pub(super) async fn list(Extension(scope): Scope, uri: Uri) -> Result<Json<AccessKeys>, Refusal> {
    query::none(&uri)?;
    let found = scope.access_keys().await?;
    Ok(Json(AccessKeys { access_keys: found.into_iter().map(view).collect() }))
}

/// Creates an access key of the namespace. Needs the root key.
#[utoipa::path(
    post, path = paths::ACCESS_KEYS, operation_id = "create_access_key",
    request_body = NewAccessKey,
    responses((status = 201, description = "The key with its secret, which is not shown again",
               body = AccessKeyView)),
)]
pub(super) async fn create(
    app: State,
    Extension(scope): Scope,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    query::none(request.uri())?;
    let given: NewAccessKey = json(request, &["application/json"], "access key", app.stall).await?;
    let CreatedKey { key, secret } =
        scope.create_access_key(given.description, given.expires).await?;
    let view = AccessKeyView { secret: Some(secret), ..view(key) };
    Ok((StatusCode::CREATED, [(CACHE_CONTROL, "no-store")], Json(view)).into_response())
}

/// Describes an access key. Needs the root key.
#[utoipa::path(
    get, path = paths::ACCESS_KEY, operation_id = "describe_access_key",
    params(("name" = String, Path, description = "The key's id")),
    responses((status = 200, description = "The key", body = AccessKeyView)),
)]
pub(super) async fn describe(resource: Resource, uri: Uri) -> Result<Json<AccessKeyView>, Refusal> {
    query::none(&uri)?;
    Ok(Json(view(resource.scope.access_key(&resource.name).await?)))
}

/// Deletes an access key: from then on it opens nothing. Needs the root key.
#[utoipa::path(
    delete, path = paths::ACCESS_KEY, operation_id = "delete_access_key",
    params(("name" = String, Path, description = "The key's id")),
    responses((status = 204, description = "Deleted")),
)]
pub(super) async fn delete(resource: Resource, uri: Uri) -> Result<StatusCode, Refusal> {
    query::none(&uri)?;
    resource.scope.delete_access_key(&resource.name).await?;
    Ok(StatusCode::NO_CONTENT)
}
