//! Buckets.

use axum::Json;
use axum::extract::Extension;
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, Uri};
use jiff::Timestamp;
use lambent_service::Bucket;
use lambent_types::BucketName;
use serde::Serialize;
use utoipa::ToSchema;

use super::parts::Scope;
use super::query::Params;
use super::resource::{Resource, status};
use crate::problem::Refusal;

/// A bucket as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BucketView {
    /// Its name.
    #[schema(value_type = String)]
    name: BucketName,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    created: Timestamp,
}

impl From<Bucket> for BucketView {
    fn from(Bucket { name, created }: Bucket) -> Self {
        Self { name, created }
    }
}

/// Buckets.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Buckets {
    /// The buckets, by name.
    buckets: Vec<BucketView>,
}

/// Lists all buckets.
#[utoipa::path(
    get, path = "/v1/buckets", operation_id = "list_buckets",
    responses((status = 200, description = "All buckets, by name", body = Buckets)),
)]
pub(super) async fn list(Extension(scope): Scope, uri: Uri) -> Result<Json<Buckets>, Refusal> {
    Params::read(&uri, &[])?;
    let found = scope.buckets().await?;
    Ok(Json(Buckets { buckets: found.into_iter().map(Into::into).collect() }))
}

/// Creates a bucket, if it is not there.
#[utoipa::path(
    put, path = "/v1/buckets/{name}", operation_id = "put_bucket",
    params(("name" = String, Path, description = "The bucket")),
    responses(
        (status = 200, description = "It was there already", body = BucketView),
        (status = 201, description = "It is new", body = BucketView),
    ),
)]
pub(super) async fn put(resource: Resource, uri: Uri) -> Result<Response, Refusal> {
    let bucket = resource.bucket()?;
    Params::read(&uri, &[])?;
    let made = bucket.create().await?;
    Ok((status(made.created), Json(BucketView::from(made.value))).into_response())
}

/// Describes a bucket.
#[utoipa::path(
    get, path = "/v1/buckets/{name}", operation_id = "describe_bucket",
    params(("name" = String, Path, description = "The bucket")),
    responses((status = 200, description = "The bucket", body = BucketView)),
)]
pub(super) async fn describe(resource: Resource, uri: Uri) -> Result<Json<BucketView>, Refusal> {
    let bucket = resource.bucket()?;
    Params::read(&uri, &[])?;
    Ok(Json(bucket.describe().await?.into()))
}

/// Deletes an empty bucket.
#[utoipa::path(
    delete, path = "/v1/buckets/{name}", operation_id = "delete_bucket",
    params(("name" = String, Path, description = "The bucket")),
    responses((status = 204, description = "Deleted"),
        (status = 409, description = "It is not empty, or a trigger is for its changes",
         body = lambent_types::Problem, content_type = "application/problem+json")),
)]
pub(super) async fn delete(resource: Resource, uri: Uri) -> Result<StatusCode, Refusal> {
    let bucket = resource.bucket()?;
    Params::read(&uri, &[])?;
    bucket.delete().await?;
    Ok(StatusCode::NO_CONTENT)
}
