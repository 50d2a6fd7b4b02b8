//! What is set aside for a function: invocations that are reserved, instances that are kept ready.

use axum::Json;
use axum::body::Body;
use http::{Request, StatusCode, Uri};
use lambent_api::{
    ConcurrencyView, ProvisionInstances, ProvisionedList, ProvisionedStatus, ProvisionedView,
    ReserveConcurrency, paths,
};
use lambent_service::{ConcurrencyStatus, ProvisionedState, ProvisionedStatus as Status};
use lambent_types::{ErrorCode, FunctionName, Qualifier};

use super::extractors::State;
use super::limited_body::json;
use super::query;
use super::resource::Resource;
use crate::problem::Refusal;

fn view(status: ConcurrencyStatus) -> Json<ConcurrencyView> {
    let ConcurrencyStatus { reserved, running, limit, unreserved } = status;
    Json(ConcurrencyView { reserved, running: running as u64, limit, unreserved })
}

fn provisioned_view(status: Status) -> ProvisionedView {
    let Status { qualifier, requested, allocated, available, state, changed } = status;
    let (status, reason) = match state {
        ProvisionedState::InProgress => (ProvisionedStatus::InProgress, None),
        ProvisionedState::Ready => (ProvisionedStatus::Ready, None),
        ProvisionedState::Failed(reason) => (ProvisionedStatus::Failed, Some(reason)),
    };
    ProvisionedView { qualifier, requested, allocated, available, status, reason, changed }
}

/// The version or the alias that the path names.
fn qualifier(resource: &Resource) -> Result<Qualifier, Refusal> {
    let parsed = resource.item().parse();
    parsed.map_err(|error: lambent_types::InvalidQualifier| {
        Refusal::new(ErrorCode::InvalidName, error.to_string())
    })
}

/// Reads what is reserved for a function, and how much of it is in use.
#[utoipa::path(
    get, path = paths::CONCURRENCY, operation_id = "describe_concurrency",
    params(("name" = String, Path, description = "The function")),
    responses((status = 200, description = "What is reserved", body = ConcurrencyView)),
)]
pub(super) async fn describe(
    resource: Resource,
    uri: Uri,
) -> Result<Json<ConcurrencyView>, Refusal> {
    query::none(&uri)?;
    Ok(view(resource.handle::<FunctionName>()?.concurrency().await?))
}

/// Reserves invocations at once for a function: others cannot use them, and it has none beyond.
#[utoipa::path(
    put, path = paths::CONCURRENCY, operation_id = "put_concurrency",
    params(("name" = String, Path, description = "The function")),
    request_body = ReserveConcurrency,
    responses(
        (status = 200, description = "What is reserved", body = ConcurrencyView),
        (status = 400, description = "So much cannot be reserved",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn put(
    app: State,
    resource: Resource,
    request: Request<Body>,
) -> Result<Json<ConcurrencyView>, Refusal> {
    query::none(request.uri())?;
    let function = resource.handle::<FunctionName>()?;
    let ReserveConcurrency { reserved } =
        json(request, &["application/json"], "what is reserved", app.stall).await?;
    Ok(view(function.reserve(Some(reserved)).await?))
}

/// Gives back what is reserved for a function, which shares the rest again.
#[utoipa::path(
    delete, path = paths::CONCURRENCY, operation_id = "delete_concurrency",
    params(("name" = String, Path, description = "The function")),
    responses((status = 200, description = "Nothing is reserved", body = ConcurrencyView)),
)]
pub(super) async fn delete(resource: Resource, uri: Uri) -> Result<Json<ConcurrencyView>, Refusal> {
    query::none(&uri)?;
    Ok(view(resource.handle::<FunctionName>()?.reserve(None).await?))
}

/// Lists the instances that are kept ready of a function's versions.
#[utoipa::path(
    get, path = paths::PROVISIONED, operation_id = "list_provisioned",
    params(("name" = String, Path, description = "The function")),
    responses((status = 200, description = "By qualifier", body = ProvisionedList)),
)]
pub(super) async fn list(resource: Resource, uri: Uri) -> Result<Json<ProvisionedList>, Refusal> {
    query::none(&uri)?;
    let all = resource.handle::<FunctionName>()?.all_provisioned().await?;
    let provisioned = all.into_iter().map(provisioned_view).collect();
    Ok(Json(ProvisionedList { provisioned }))
}

/// How it stands with the instances that are kept ready of a version, or of what an alias leads to.
#[utoipa::path(
    get, path = paths::PROVISIONED_OF, operation_id = "describe_provisioned",
    params(
        ("name" = String, Path, description = "The function"),
        ("qualifier" = String, Path, description = "The version or the alias"),
    ),
    responses(
        (status = 200, description = "How it stands", body = ProvisionedView),
        (status = 404, description = "None are kept ready",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn describe_provisioned(
    resource: Resource,
    uri: Uri,
) -> Result<Json<ProvisionedView>, Refusal> {
    query::none(&uri)?;
    let qualifier = qualifier(&resource)?;
    let status = resource.handle::<FunctionName>()?.provisioned(&qualifier).await?;
    Ok(Json(provisioned_view(status)))
}

/// Keeps instances of a version, or of what an alias leads to, ready. They are made in the
/// background.
#[utoipa::path(
    put, path = paths::PROVISIONED_OF, operation_id = "put_provisioned",
    params(
        ("name" = String, Path, description = "The function"),
        ("qualifier" = String, Path, description = "The version or the alias"),
    ),
    request_body = ProvisionInstances,
    responses(
        (status = 202, description = "How it stands", body = ProvisionedView),
        (status = 400, description = "So many cannot be kept ready",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn put_provisioned(
    app: State,
    resource: Resource,
    request: Request<Body>,
) -> Result<(StatusCode, Json<ProvisionedView>), Refusal> {
    query::none(request.uri())?;
    let qualifier = qualifier(&resource)?;
    let function = resource.handle::<FunctionName>()?;
    let ProvisionInstances { instances } =
        json(request, &["application/json"], "what is kept ready", app.stall).await?;
    let status = function.provision(&qualifier, instances).await?;
    Ok((StatusCode::ACCEPTED, Json(provisioned_view(status))))
}

/// Keeps no instances of a version, or of what an alias leads to, ready any more.
#[utoipa::path(
    delete, path = paths::PROVISIONED_OF, operation_id = "delete_provisioned",
    params(
        ("name" = String, Path, description = "The function"),
        ("qualifier" = String, Path, description = "The version or the alias"),
    ),
    responses(
        (status = 204, description = "None are kept ready"),
        (status = 404, description = "None were",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn delete_provisioned(
    resource: Resource,
    uri: Uri,
) -> Result<StatusCode, Refusal> {
    query::none(&uri)?;
    resource.handle::<FunctionName>()?.unprovision(&qualifier(&resource)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
