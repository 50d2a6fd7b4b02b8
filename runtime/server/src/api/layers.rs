//! Layers.

use axum::Json;
use axum::body::Body;
use axum::extract::Extension;
use axum::response::{IntoResponse as _, Response};
use http::{Request, StatusCode, Uri};
use lambent_api::{Binary, LayerList, PACKAGES, paths};
use lambent_types::{Annotations, Layer, LayerName};

use super::extractors::{Scope, State};
use super::functions::whole;
use super::limited_body::{media_type, unsupported};
use super::query;
use super::resource::{Resource, status};
use crate::problem::Refusal;

/// Lists the layers of the namespace.
#[utoipa::path(
    get, path = paths::LAYERS, operation_id = "list_layers",
    responses((status = 200, description = "Layers, by name", body = LayerList)),
)]
pub(super) async fn list(Extension(scope): Scope, uri: Uri) -> Result<Json<LayerList>, Refusal> {
    query::none(&uri)?;
    let found = scope.all::<LayerName>().await?;
    let layers = found.into_iter().map(|stored| stored.specification).collect();
    Ok(Json(LayerList { layers }))
}

/// Publishes a version of a layer, and creates the layer if there is none. What its newest
/// version has already changes nothing.
#[utoipa::path(
    put, path = paths::LAYER, operation_id = "put_layer",
    params(("name" = String, Path, description = "The layer")),
    request_body(content((Binary = "application/zip")), description = "The files, as a zip or a tar"),
    responses(
        (status = 200, description = "The layer was there already", body = Layer),
        (status = 201, description = "The layer is new", body = Layer),
        (status = 422, description = "The archive is no package",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn put(
    app: State,
    resource: Resource,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    query::none(request.uri())?;
    let kind = media_type(request.headers());
    if !kind.as_deref().is_some_and(|kind| PACKAGES.contains(&kind)) {
        return Err(unsupported(request.headers(), "application/zip or application/x-tar"));
    }
    let layer = resource.handle::<LayerName>()?;
    let (archive, _upload) = whole(&app, layer.namespace(), request).await?;
    let put = layer.publish(archive, Annotations::default()).await?;
    Ok((status(put.created), Json(put.value)).into_response())
}

/// Describes a layer and its versions.
#[utoipa::path(
    get, path = paths::LAYER, operation_id = "describe_layer",
    params(("name" = String, Path, description = "The layer")),
    responses((status = 200, description = "The layer", body = Layer)),
)]
pub(super) async fn describe(resource: Resource, uri: Uri) -> Result<Json<Layer>, Refusal> {
    query::none(&uri)?;
    Ok(Json(resource.handle::<LayerName>()?.describe().await?.specification))
}

/// Deletes a layer with all its versions. Functions that have one keep it.
#[utoipa::path(
    delete, path = paths::LAYER, operation_id = "delete_layer",
    params(("name" = String, Path, description = "The layer")),
    responses((status = 204, description = "Deleted")),
)]
pub(super) async fn delete(resource: Resource, uri: Uri) -> Result<StatusCode, Refusal> {
    query::none(&uri)?;
    resource.handle::<LayerName>()?.delete().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes a version of a layer. Functions that have it keep it.
#[utoipa::path(
    delete, path = paths::LAYER_VERSION, operation_id = "delete_layer_version",
    params(
        ("name" = String, Path, description = "The layer"),
        ("version" = u64, Path, description = "The number of the version"),
    ),
    responses((status = 204, description = "Deleted")),
)]
pub(super) async fn delete_version(resource: Resource, uri: Uri) -> Result<StatusCode, Refusal> {
    query::none(&uri)?;
    let wrong = || Refusal::invalid("the version of a layer is a number from 1");
    let number = resource.item().parse().map_err(|_| wrong())?;
    resource.handle::<LayerName>()?.delete_version(number).await?;
    Ok(StatusCode::NO_CONTENT)
}
