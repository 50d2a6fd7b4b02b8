//! Namespaces.

use axum::Json;
use axum::body::Body;
use axum::extract::Extension;
use axum::response::{IntoResponse as _, Response};
use http::{Request, StatusCode, Uri};
use lambent_api::{Contents, DeleteNamespace, NamespaceSpec, NamespaceView, Namespaces, paths};
use lambent_service::NamespaceInfo;

use super::extractors::{Scope, State};
use super::limited_body::optional_json;
use super::query;
use super::resource::{Resource, status};
use crate::problem::Refusal;

fn view(NamespaceInfo { name, created, deleting, quotas }: NamespaceInfo) -> NamespaceView {
    NamespaceView { name, created, deleting, quotas, holdings: None }
}

/// Lists the namespaces that the key may enter: with the root key all of them.
#[utoipa::path(
    get, path = paths::NAMESPACES, operation_id = "list_namespaces",
    responses((status = 200, description = "Namespaces, by name", body = Namespaces)),
)]
pub(super) async fn list(Extension(scope): Scope, uri: Uri) -> Result<Json<Namespaces>, Refusal> {
    query::none(&uri)?;
    let found = scope.namespaces().await?;
    Ok(Json(Namespaces { namespaces: found.into_iter().map(view).collect() }))
}

/// Creates a namespace, or gives the one that is there other quotas. Needs the root key.
#[utoipa::path(
    put, path = paths::NAMESPACE, operation_id = "put_namespace",
    params(("name" = String, Path, description = "The namespace")),
    request_body(content((NamespaceSpec = "application/json")), description = "Its quotas, if any"),
    responses(
        (status = 200, description = "It was there already", body = NamespaceView),
        (status = 201, description = "It is new", body = NamespaceView),
        (status = 409, description = "It is being deleted",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn put(
    app: State,
    resource: Resource,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    query::none(request.uri())?;
    let spec = optional_json::<NamespaceSpec>(request, "namespace", app.stall).await?;
    let made = resource.scope.put_namespace(&resource.name, spec.quotas).await?;
    Ok((status(made.created), Json(view(made.value))).into_response())
}

/// Describes a namespace with what it holds.
#[utoipa::path(
    get, path = paths::NAMESPACE, operation_id = "describe_namespace",
    params(("name" = String, Path, description = "The namespace")),
    responses((status = 200, description = "The namespace", body = NamespaceView)),
)]
pub(super) async fn describe(resource: Resource, uri: Uri) -> Result<Json<NamespaceView>, Refusal> {
    query::none(&uri)?;
    let (found, holdings) = resource.scope.describe_namespace(&resource.name).await?;
    Ok(Json(NamespaceView { holdings: Some(holdings), ..view(found) }))
}

/// Deletes a namespace with its access keys, and with `contents=delete` all that
/// it holds. Needs the root key.
#[utoipa::path(
    delete, path = paths::NAMESPACE, operation_id = "delete_namespace",
    params(
        ("name" = String, Path, description = "The namespace"),
        DeleteNamespace,
    ),
    responses((status = 204, description = "Deleted"),
        (status = 409, description = "It is not empty, or it is `default`",
         body = lambent_types::Problem, content_type = "application/problem+json")),
)]
pub(super) async fn delete(resource: Resource, uri: Uri) -> Result<StatusCode, Refusal> {
    let DeleteNamespace { contents } = query::read(&uri)?;
    let contents = contents == Some(Contents::Delete);
    resource.scope.delete_namespace(&resource.name, contents).await?;
    Ok(StatusCode::NO_CONTENT)
}
