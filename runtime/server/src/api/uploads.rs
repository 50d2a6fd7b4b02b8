//! Multipart uploads.

use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, RawPathParams};
use axum::response::{IntoResponse as _, Response};
use http::{Request, StatusCode, Uri};
use lambent_api::{
    BeginUpload, Binary, Completion, ObjectView, PartView, Parts, UploadView, Uploads, paths,
};
use lambent_service::{CompleteUpload, Part, Upload};
use lambent_types::{BucketName, bounds};

use super::conditions::Conditions;
use super::extractors::State;
use super::limited_body::large_json;
use super::objects::{bytes, condition, described, view};
use super::query;
use super::resource::Resource;
use crate::problem::Refusal;

/// Most bytes of the list of an object's parts: 10,000 of them.
const LIST_BYTES_MAX: u64 = 2 << 20;

fn upload_view(Upload { id, key, started, .. }: Upload) -> UploadView {
    UploadView { id, key, started }
}

fn part_view(Part { number, etag, size, .. }: Part) -> PartView {
    PartView { number, etag, size }
}

/// Lists unfinished uploads.
#[utoipa::path(
    get, path = paths::UPLOADS, operation_id = "list_uploads",
    params(("name" = String, Path, description = "The bucket")),
    responses((status = 200, description = "Uploads, oldest first", body = Uploads)),
)]
pub(super) async fn list(resource: Resource, uri: Uri) -> Result<Json<Uploads>, Refusal> {
    let bucket = resource.handle::<BucketName>()?;
    query::none(&uri)?;
    let found = bucket.uploads().await?;
    Ok(Json(Uploads { uploads: found.into_iter().map(upload_view).collect() }))
}

/// Begins an upload in parts.
#[utoipa::path(
    post, path = paths::UPLOADS, operation_id = "begin_upload",
    params(("name" = String, Path, description = "The bucket"),
           BeginUpload,
           ("If-Match" = Option<String>, Header,
            description = "As of a PUT of the object; must hold when the upload is completed"),
           ("If-None-Match" = Option<String>, Header, description = "Likewise"),
           ("If-Unmodified-Since" = Option<String>, Header, description = "Likewise")),
    responses((status = 201, description = "The upload", body = UploadView)),
)]
pub(super) async fn begin(
    resource: Resource,
    Extension(conditions): Extension<Conditions>,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    let bucket = resource.handle::<BucketName>()?;
    let BeginUpload { key } = query::read(request.uri())?;
    let described = described(request.headers(), conditions)?;
    let begun = bucket.begin_upload(&key, described).await?;
    Ok((StatusCode::CREATED, Json(upload_view(begun))).into_response())
}

/// Writes one part: at least 5 MiB, but for the last.
#[utoipa::path(
    put, path = paths::PART, operation_id = "put_part",
    params(("name" = String, Path, description = "The bucket"),
           ("upload" = String, Path, description = "The upload"),
           ("number" = u32, Path, description = "The part: 1 to 10,000")),
    request_body(content((Binary = "application/octet-stream"))),
    responses((status = 200, description = "The part", body = PartView)),
)]
pub(super) async fn put_part(
    app: State,
    resource: Resource,
    params: RawPathParams,
    request: Request<Body>,
) -> Result<Json<PartView>, Refusal> {
    let bucket = resource.handle::<BucketName>()?;
    query::none(request.uri())?;
    let of_path = |name: &str| {
        let found = params.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| value.to_owned()).unwrap_or_default()
    };
    let (upload, number) = (of_path("upload"), of_path("number"));
    let number: u32 = number.parse().map_err(|_| {
        Refusal::invalid(format!("part {number:?} is not a number from 1 to 10000"))
    })?;
    let (parts, body) = request.into_parts();
    let bytes = bytes(&app, &parts.headers, body, bounds::PART_BYTES_MAX)?;
    Ok(Json(part_view(bucket.put_part(&upload, number, bytes).await?)))
}

/// Lists the parts of an upload.
#[utoipa::path(
    get, path = paths::UPLOAD, operation_id = "describe_upload",
    params(("name" = String, Path, description = "The bucket"),
           ("upload" = String, Path, description = "The upload")),
    responses((status = 200, description = "Its parts", body = Parts)),
)]
pub(super) async fn describe(resource: Resource, uri: Uri) -> Result<Json<Parts>, Refusal> {
    let bucket = resource.handle::<BucketName>()?;
    query::none(&uri)?;
    let found = bucket.parts(resource.item()).await?;
    Ok(Json(Parts { parts: found.into_iter().map(part_view).collect() }))
}

/// Makes an object of the parts.
#[utoipa::path(
    post, path = paths::UPLOAD, operation_id = "complete_upload",
    params(("name" = String, Path, description = "The bucket"),
           ("upload" = String, Path, description = "The upload"),
           ("If-Match" = Option<String>, Header,
            description = "Etags, one of which the object of the upload's key must have"),
           ("If-None-Match" = Option<String>, Header,
            description = "Etags, none of which it may have; `*`: there must be none"),
           ("If-Unmodified-Since" = Option<String>, Header,
            description = "A date since which it must not have changed")),
    request_body(content((Completion = "application/json"))),
    responses((status = 200, description = "The object", body = ObjectView),
        (status = 412, description = "The object is not as expected; the upload goes on",
         body = lambent_types::Problem, content_type = "application/problem+json")),
)]
pub(super) async fn complete(
    app: State,
    resource: Resource,
    Extension(conditions): Extension<Conditions>,
    request: Request<Body>,
) -> Result<Json<ObjectView>, Refusal> {
    let bucket = resource.handle::<BucketName>()?;
    query::none(request.uri())?;
    let given: Completion =
        large_json(request, &["application/json"], LIST_BYTES_MAX, "list of parts", app.stall)
            .await?;
    let parts: Vec<_> = given.parts.into_iter().map(|part| (part.number, part.etag)).collect();
    let complete = CompleteUpload::of(&parts, condition(conditions.precondition));
    Ok(Json(view(bucket.complete_upload(resource.item(), complete).await?)))
}

/// Forgets an upload and its parts.
#[utoipa::path(
    delete, path = paths::UPLOAD, operation_id = "abort_upload",
    params(("name" = String, Path, description = "The bucket"),
           ("upload" = String, Path, description = "The upload")),
    responses((status = 204, description = "Forgotten")),
)]
pub(super) async fn abort(resource: Resource, uri: Uri) -> Result<StatusCode, Refusal> {
    let bucket = resource.handle::<BucketName>()?;
    query::none(&uri)?;
    bucket.abort_upload(resource.item()).await?;
    Ok(StatusCode::NO_CONTENT)
}
