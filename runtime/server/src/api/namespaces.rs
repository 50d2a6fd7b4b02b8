//! Namespaces.

use axum::Json;
use axum::body::Body;
use axum::extract::Extension;
use axum::response::{IntoResponse as _, Response};
use http::{Request, StatusCode, Uri};
use jiff::Timestamp;
use lambent_service::{Holding, NamespaceInfo, OwnQuotas, Quota};
use lambent_types::Namespace;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::limited_body::optional_json;
use super::parts::{Scope, State};
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
    /// The quotas that differ from the node's: numbers by their names, or null for no limit.
    #[schema(value_type = BTreeMap<Quota, Option<u64>>)]
    quotas: OwnQuotas,
    /// What it holds of each quota, and how much it may; only where one is described.
    #[serde(skip_serializing_if = "Option::is_none")]
    holdings: Option<Vec<Holding>>,
}

/// What a namespace is to be.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NamespaceSpec {
    /// The quotas that differ from the node's, all of them: numbers by their names, or null
    /// for no limit. Left out, a namespace that is there keeps those that it has.
    #[schema(value_type = Option<BTreeMap<Quota, Option<u64>>>)]
    quotas: Option<OwnQuotas>,
}

impl From<NamespaceInfo> for NamespaceView {
    fn from(NamespaceInfo { name, created, deleting, quotas }: NamespaceInfo) -> Self {
        Self { name, created, deleting, quotas, holdings: None }
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

/// Creates a namespace, or gives the one that is there other quotas. Needs the root key.
#[utoipa::path(
    put, path = "/v1/namespaces/{name}", operation_id = "put_namespace",
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
    Params::read(request.uri(), &[])?;
    let spec = optional_json::<NamespaceSpec>(request, "namespace", app.stall).await?;
    let made = resource.scope.put_namespace(&resource.name, spec.quotas).await?;
    Ok((status(made.created), Json(NamespaceView::from(made.value))).into_response())
}

/// Describes a namespace with what it holds.
#[utoipa::path(
    get, path = "/v1/namespaces/{name}", operation_id = "describe_namespace",
    params(("name" = String, Path, description = "The namespace")),
    responses((status = 200, description = "The namespace", body = NamespaceView)),
)]
pub(super) async fn describe(resource: Resource, uri: Uri) -> Result<Json<NamespaceView>, Refusal> {
    Params::read(&uri, &[])?;
    let (found, holdings) = resource.scope.describe_namespace(&resource.name).await?;
    Ok(Json(NamespaceView { holdings: Some(holdings), ..found.into() }))
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
