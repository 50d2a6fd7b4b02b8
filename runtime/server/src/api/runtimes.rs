//! Runtimes.

use axum::Json;
use axum::body::Body;
use axum::extract::Extension;
use axum::response::{IntoResponse as _, Response};
use http::{Request, StatusCode, Uri};
use lambent_api::{Binary, InstallRuntime, RuntimeView, Runtimes, WASM, paths};
use lambent_types::{Runtime, RuntimeName};

use super::extractors::{Scope, State};
use super::functions::whole;
use super::limited_body::{media_type, unsupported};
use super::query;
use super::resource::{Resource, status};
use crate::problem::Refusal;

fn view(Runtime { name, versions }: Runtime) -> RuntimeView {
    let aliases = RuntimeName::aliases()
        .filter(|alias| alias.parse::<RuntimeName>().is_ok_and(|alias| alias.serving() == name));
    RuntimeView { aliases: aliases.map(str::to_owned).collect(), name, versions }
}

/// Lists runtimes.
#[utoipa::path(
    get, path = paths::RUNTIMES, operation_id = "list_runtimes",
    responses((status = 200, description = "Runtimes, by name", body = Runtimes)),
)]
pub(super) async fn list(Extension(scope): Scope, uri: Uri) -> Result<Json<Runtimes>, Refusal> {
    query::none(&uri)?;
    let found = scope.runtimes().await?;
    Ok(Json(Runtimes { runtimes: found.into_iter().map(view).collect() }))
}

/// Installs a runtime, or a new version of one, which its functions take up. Answers when it is
/// ready to serve. Needs the root key.
#[utoipa::path(
    put, path = paths::RUNTIME, operation_id = "put_runtime",
    params(("name" = String, Path, description = "The runtime"), InstallRuntime),
    request_body(content((Binary = "application/wasm")), description = "The component"),
    responses(
        (status = 200, description = "It was there already", body = RuntimeView),
        (status = 201, description = "It is new", body = RuntimeView),
        (status = 422, description = "The component cannot be served",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn put(
    app: State,
    resource: Resource,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    let InstallRuntime { source } = query::read(request.uri())?;
    if media_type(request.headers()).as_deref() != Some(WASM) {
        return Err(unsupported(request.headers(), WASM));
    }
    let (code, _upload) = whole(&app, resource.scope.namespace(), request).await?;
    let put = resource.scope.install_runtime(&resource.name, code, source).await?;
    Ok((status(put.created), Json(view(put.value))).into_response())
}

/// Describes a runtime; by a name of AWS's the one that serves it.
#[utoipa::path(
    get, path = paths::RUNTIME, operation_id = "describe_runtime",
    params(("name" = String, Path, description = "The runtime")),
    responses((status = 200, description = "The runtime", body = RuntimeView)),
)]
pub(super) async fn describe(resource: Resource, uri: Uri) -> Result<Json<RuntimeView>, Refusal> {
    query::none(&uri)?;
    Ok(Json(view(resource.scope.describe_runtime(&resource.name).await?)))
}

/// Deletes a runtime. Functions that run on it keep the version that they were deployed with.
/// Needs the root key.
#[utoipa::path(
    delete, path = paths::RUNTIME, operation_id = "delete_runtime",
    params(("name" = String, Path, description = "The runtime")),
    responses((status = 204, description = "Deleted")),
)]
pub(super) async fn delete(resource: Resource, uri: Uri) -> Result<StatusCode, Refusal> {
    query::none(&uri)?;
    resource.scope.delete_runtime(&resource.name).await?;
    Ok(StatusCode::NO_CONTENT)
}
