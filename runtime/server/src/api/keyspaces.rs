//! Keyspaces.

use axum::Json;
use axum::extract::Extension;
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, Uri};
use jiff::Timestamp;
use lambent_service::Keyspace;
use lambent_types::KeyspaceName;
use serde::Serialize;
use utoipa::ToSchema;

use super::parts::Scope;
use super::query::Params;
use super::resource::{Resource, status};
use crate::problem::Refusal;

/// A keyspace as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeyspaceView {
    /// Its name.
    #[schema(value_type = String)]
    name: KeyspaceName,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    created: Timestamp,
}

impl From<Keyspace> for KeyspaceView {
    fn from(Keyspace { name, created }: Keyspace) -> Self {
        Self { name, created }
    }
}

/// Keyspaces.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Keyspaces {
    /// The keyspaces, by name.
    keyspaces: Vec<KeyspaceView>,
}

/// Lists all keyspaces.
#[utoipa::path(
    get, path = "/v1/keyspaces", operation_id = "list_keyspaces",
    responses((status = 200, description = "All keyspaces, by name", body = Keyspaces)),
)]
pub(super) async fn list(Extension(scope): Scope, uri: Uri) -> Result<Json<Keyspaces>, Refusal> {
    Params::read(&uri, &[])?;
    let found = scope.keyspaces().await?;
    Ok(Json(Keyspaces { keyspaces: found.into_iter().map(Into::into).collect() }))
}

/// Creates a keyspace, if it is not there.
#[utoipa::path(
    put, path = "/v1/keyspaces/{name}", operation_id = "put_keyspace",
    params(("name" = String, Path, description = "The keyspace")),
    responses(
        (status = 200, description = "It was there already", body = KeyspaceView),
        (status = 201, description = "It is new", body = KeyspaceView),
    ),
)]
pub(super) async fn put(resource: Resource, uri: Uri) -> Result<Response, Refusal> {
    let keyspace = resource.keyspace()?;
    Params::read(&uri, &[])?;
    let made = keyspace.create().await?;
    Ok((status(made.created), Json(KeyspaceView::from(made.value))).into_response())
}

/// Describes a keyspace.
#[utoipa::path(
    get, path = "/v1/keyspaces/{name}", operation_id = "describe_keyspace",
    params(("name" = String, Path, description = "The keyspace")),
    responses((status = 200, description = "The keyspace", body = KeyspaceView)),
)]
pub(super) async fn describe(resource: Resource, uri: Uri) -> Result<Json<KeyspaceView>, Refusal> {
    let keyspace = resource.keyspace()?;
    Params::read(&uri, &[])?;
    Ok(Json(keyspace.describe().await?.into()))
}

/// Deletes an empty keyspace.
#[utoipa::path(
    delete, path = "/v1/keyspaces/{name}", operation_id = "delete_keyspace",
    params(("name" = String, Path, description = "The keyspace")),
    responses((status = 204, description = "Deleted"),
        (status = 409, description = "It is not empty, or a trigger is for its changes",
         body = lambent_types::Problem, content_type = "application/problem+json")),
)]
pub(super) async fn delete(resource: Resource, uri: Uri) -> Result<StatusCode, Refusal> {
    let keyspace = resource.keyspace()?;
    Params::read(&uri, &[])?;
    keyspace.delete().await?;
    Ok(StatusCode::NO_CONTENT)
}
