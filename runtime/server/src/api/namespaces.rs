//! Namespaces.

use axum::Json;
use axum::extract::Extension;
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, Uri};
use jiff::Timestamp;
use lambent_service::NamespaceInfo;
use lambent_types::Namespace;
use serde::Serialize;
use utoipa::ToSchema;

use super::parts::Scope;
use super::query::Params;
use super::resource::{Resource, status};
use crate::problem::Refusal;

/// A namespace as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NamespaceView {
    /// Its name.
    name: Namespace,
    /// When it was created; 1970 for `default`, which is always there.
    #[schema(value_type = String, format = DateTime)]
    created: Timestamp,
    /// Whether it is being deleted: nothing can be done in it.
    deleting: bool,
}

impl From<NamespaceInfo> for NamespaceView {
    fn from(NamespaceInfo { name, created, deleting }: NamespaceInfo) -> Self {
        Self { name, created, deleting }
    }
}

/// Namespaces.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Namespaces {
    /// The namespaces that the key may enter, by name.
    namespaces: Vec<NamespaceView>,
}

/// Lists the namespaces that the key may enter: with the root key all of them.
#[utoipa::path(
    get, path = "/v1/namespaces", operation_id = "list_namespaces",
    responses((status = 200, description = "Namespaces, by name", body = Namespaces)),
)]
pub(super) async fn list(Extension(scope): Scope, uri: Uri) -> Result<Json<Namespaces>, Refusal> {
    Params::read(&uri, &[])?;
    let found = scope.namespaces().await?;
    Ok(Json(Namespaces { namespaces: found.into_iter().map(Into::into).collect() }))
}

/// Creates a namespace, if it is not there. Needs the root key.
#[utoipa::path(
    put, path = "/v1/namespaces/{name}", operation_id = "put_namespace",
    params(("name" = String, Path, description = "The namespace")),
    responses(
        (status = 200, description = "It was there already", body = NamespaceView),
        (status = 201, description = "It is new", body = NamespaceView),
        (status = 409, description = "It is being deleted",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn put(resource: Resource, uri: Uri) -> Result<Response, Refusal> {
    Params::read(&uri, &[])?;
    let made = resource.scope.create_namespace(&resource.name).await?;
    Ok((status(made.created), Json(NamespaceView::from(made.value))).into_response())
}

/// Describes a namespace.
#[utoipa::path(
    get, path = "/v1/namespaces/{name}", operation_id = "describe_namespace",
    params(("name" = String, Path, description = "The namespace")),
    responses((status = 200, description = "The namespace", body = NamespaceView)),
)]
pub(super) async fn describe(resource: Resource, uri: Uri) -> Result<Json<NamespaceView>, Refusal> {
    Params::read(&uri, &[])?;
    Ok(Json(resource.scope.describe_namespace(&resource.name).await?.into()))
}

/// Deletes a namespace with its access keys, and with `contents=delete` all that
/// it holds. Needs the root key.
#[utoipa::path(
    delete, path = "/v1/namespaces/{name}", operation_id = "delete_namespace",
    params(
        ("name" = String, Path, description = "The namespace"),
        ("contents" = Option<String>, Query,
         description = "`delete`: everything in it too; otherwise it must be empty"),
    ),
    responses((status = 204, description = "Deleted"),
        (status = 409, description = "It is not empty, or it is `default`",
         body = lambent_types::Problem, content_type = "application/problem+json")),
)]
pub(super) async fn delete(resource: Resource, uri: Uri) -> Result<StatusCode, Refusal> {
    let params = Params::read(&uri, &["contents"])?;
    let contents = params
        .parse("contents", "delete, or leave it out", |text| (text == "delete").then_some(true))?;
    resource.scope.delete_namespace(&resource.name, contents.unwrap_or(false)).await?;
    Ok(StatusCode::NO_CONTENT)
}
