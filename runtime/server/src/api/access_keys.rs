//! Access keys of a namespace.

use axum::Json;
use axum::body::Body;
use axum::extract::Extension;
use axum::response::{IntoResponse as _, Response};
use http::header::CACHE_CONTROL;
use http::{Request, StatusCode, Uri};
use jiff::Timestamp;
use lambent_service::{AccessKey, CreatedKey};
use lambent_types::Namespace;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::limited_body::json;
use super::parts::{Scope, State};
use super::query::Params;
use super::resource::Resource;
use crate::problem::Refusal;

/// An access key as the API shows it; its secret is shown once, when it is made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AccessKeyView {
    /// Its id, which is no secret.
    id: String,
    /// The namespace that it opens, and no other.
    namespace: Namespace,
    /// What it is for.
    description: String,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    created: Timestamp,
    /// From when on it opens nothing; never if null.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires: Option<Timestamp>,
    /// The secret, to be sent as `Authorization: Bearer <secret>`; only in the
    /// answer to its creation.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl From<AccessKey> for AccessKeyView {
    fn from(AccessKey { id, namespace, description, created, expires }: AccessKey) -> Self {
        Self { id, namespace, description, created, expires, secret: None }
    }
}

/// Access keys.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AccessKeys {
    /// The keys, by id.
    access_keys: Vec<AccessKeyView>,
}

/// A key to create.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAccessKey {
    /// What it is for.
    #[serde(default)]
    description: String,
    /// From when on it is to open nothing; never if absent.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires: Option<Timestamp>,
}

/// Lists the access keys of the namespace. Needs the root key.
#[utoipa::path(
    get, path = "/v1/access-keys", operation_id = "list_access_keys",
    responses((status = 200, description = "The keys, by id", body = AccessKeys)),
)]
pub(super) async fn list(Extension(scope): Scope, uri: Uri) -> Result<Json<AccessKeys>, Refusal> {
    Params::read(&uri, &[])?;
    let found = scope.access_keys().await?;
    Ok(Json(AccessKeys { access_keys: found.into_iter().map(Into::into).collect() }))
}

/// Creates an access key of the namespace. Needs the root key.
#[utoipa::path(
    post, path = "/v1/access-keys", operation_id = "create_access_key",
    request_body = NewAccessKey,
    responses((status = 201, description = "The key with its secret, which is not shown again",
               body = AccessKeyView)),
)]
pub(super) async fn create(
    app: State,
    Extension(scope): Scope,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    Params::read(request.uri(), &[])?;
    let given: NewAccessKey = json(request, &["application/json"], "access key", app.stall).await?;
    let CreatedKey { key, secret } =
        scope.create_access_key(given.description, given.expires).await?;
    let view = AccessKeyView { secret: Some(secret), ..key.into() };
    Ok((StatusCode::CREATED, [(CACHE_CONTROL, "no-store")], Json(view)).into_response())
}

/// Describes an access key. Needs the root key.
#[utoipa::path(
    get, path = "/v1/access-keys/{name}", operation_id = "describe_access_key",
    params(("name" = String, Path, description = "The key's id")),
    responses((status = 200, description = "The key", body = AccessKeyView)),
)]
pub(super) async fn describe(resource: Resource, uri: Uri) -> Result<Json<AccessKeyView>, Refusal> {
    Params::read(&uri, &[])?;
    Ok(Json(resource.scope.access_key(&resource.name).await?.into()))
}

/// Deletes an access key: from then on it opens nothing. Needs the root key.
#[utoipa::path(
    delete, path = "/v1/access-keys/{name}", operation_id = "delete_access_key",
    params(("name" = String, Path, description = "The key's id")),
    responses((status = 204, description = "Deleted")),
)]
pub(super) async fn delete(resource: Resource, uri: Uri) -> Result<StatusCode, Refusal> {
    Params::read(&uri, &[])?;
    resource.scope.delete_access_key(&resource.name).await?;
    Ok(StatusCode::NO_CONTENT)
}
