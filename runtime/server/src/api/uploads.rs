//! Multipart uploads.

use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, RawPathParams};
use axum::response::{IntoResponse as _, Response};
use http::{Request, StatusCode, Uri};
use jiff::Timestamp;
use lambent_storage::{Part, Upload};
use lambent_types::bounds;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::conditions::Conditions;
use super::intake::{at_most, large_json};
use super::objects::{Bucket, ObjectView, bytes, condition, described, refused};
use super::openapi::Binary;
use super::parts::State;
use super::query::Params;
use crate::lineage;
use crate::problem::Refusal;

/// Most bytes of the list of an object's parts: 10,000 of them.
const LIST_BYTES_MAX: u64 = 2 << 20;

/// An upload as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UploadView {
    /// Its id.
    id: String,
    /// The key it will have.
    key: String,
    /// When it was begun.
    #[schema(value_type = String, format = DateTime)]
    started: Timestamp,
}

impl From<Upload> for UploadView {
    fn from(Upload { id, key, started }: Upload) -> Self {
        Self { id, key, started }
    }
}

/// Unfinished uploads.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Uploads {
    /// The uploads, oldest first.
    uploads: Vec<UploadView>,
}

/// A part as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PartView {
    /// Its number.
    number: u32,
    /// MD5 of its bytes.
    etag: String,
    /// Its size in bytes.
    size: u64,
}

impl From<Part> for PartView {
    fn from(Part { number, etag, size }: Part) -> Self {
        Self { number, etag, size }
    }
}

/// The parts of an upload.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Parts {
    /// The parts, by number.
    parts: Vec<PartView>,
}

/// A part that an object is made of.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NamedPart {
    /// Its number.
    number: u32,
    /// Its etag.
    etag: String,
}

/// What an object is made of.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Completion {
    /// The parts, in their order.
    #[serde(deserialize_with = "at_most::<_, _, { bounds::PART_NUMBER_MAX as usize }>")]
    parts: Vec<NamedPart>,
}

fn upload(bucket: &Bucket) -> &str {
    bucket.item.as_deref().unwrap_or_default()
}

/// Lists unfinished uploads.
#[utoipa::path(
    get, path = "/v1/buckets/{name}/uploads", operation_id = "list_uploads",
    params(("name" = String, Path, description = "The bucket")),
    responses((status = 200, description = "Uploads, oldest first", body = Uploads)),
)]
pub(super) async fn list(app: State, bucket: Bucket, uri: Uri) -> Result<Json<Uploads>, Refusal> {
    Params::read(&uri, &[])?;
    let found = app.stores.objects.uploads(&bucket.namespace, &bucket.name).await;
    let found = found.map_err(|error| refused(&bucket, "", error))?;
    Ok(Json(Uploads { uploads: found.into_iter().map(Into::into).collect() }))
}

/// Begins an upload in parts.
#[utoipa::path(
    post, path = "/v1/buckets/{name}/uploads", operation_id = "begin_upload",
    params(("name" = String, Path, description = "The bucket"),
           ("key" = String, Query, description = "The key the object will have"),
           ("If-Match" = Option<String>, Header,
            description = "As of a PUT of the object; must hold when the upload is completed"),
           ("If-None-Match" = Option<String>, Header, description = "Likewise"),
           ("If-Unmodified-Since" = Option<String>, Header, description = "Likewise")),
    responses((status = 201, description = "The upload", body = UploadView)),
)]
pub(super) async fn begin(
    app: State,
    bucket: Bucket,
    Extension(conditions): Extension<Conditions>,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    let params = Params::read(request.uri(), &["key"])?;
    let key = params.text("key").ok_or_else(|| Refusal::invalid("give the query parameter key"))?;
    let described = described(request.headers(), conditions)?;
    let objects = &app.stores.objects;
    let begun = objects.begin_upload(&bucket.namespace, &bucket.name, key, described).await;
    let begun = begun.map_err(|error| refused(&bucket, key, error))?;
    Ok((StatusCode::CREATED, Json(UploadView::from(begun))).into_response())
}

/// Writes one part: at least 5 MiB, but for the last.
#[utoipa::path(
    put, path = "/v1/buckets/{name}/uploads/{upload}/parts/{number}", operation_id = "put_part",
    params(("name" = String, Path, description = "The bucket"),
           ("upload" = String, Path, description = "The upload"),
           ("number" = u32, Path, description = "The part: 1 to 10,000")),
    request_body(content((Binary = "application/octet-stream"))),
    responses((status = 200, description = "The part", body = PartView)),
)]
pub(super) async fn put_part(
    app: State,
    bucket: Bucket,
    params: RawPathParams,
    request: Request<Body>,
) -> Result<Json<PartView>, Refusal> {
    Params::read(request.uri(), &[])?;
    let of_path = |name: &str| {
        let found = params.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| value.to_owned()).unwrap_or_default()
    };
    let (upload, number) = (of_path("upload"), of_path("number"));
    let number = number.parse().map_err(|_| {
        Refusal::invalid(format!("part {number:?} is not a number from 1 to 10000"))
    })?;
    let (parts, body) = request.into_parts();
    let bytes = bytes(&app, &parts.headers, body, bounds::PART_BYTES_MAX)?;
    let objects = &app.stores.objects;
    let part = objects.put_part(&bucket.namespace, &bucket.name, &upload, number, bytes).await;
    Ok(Json(part.map_err(|error| refused(&bucket, &upload, error))?.into()))
}

/// Lists the parts of an upload.
#[utoipa::path(
    get, path = "/v1/buckets/{name}/uploads/{upload}", operation_id = "describe_upload",
    params(("name" = String, Path, description = "The bucket"),
           ("upload" = String, Path, description = "The upload")),
    responses((status = 200, description = "Its parts", body = Parts)),
)]
pub(super) async fn describe(app: State, bucket: Bucket, uri: Uri) -> Result<Json<Parts>, Refusal> {
    Params::read(&uri, &[])?;
    let upload = upload(&bucket);
    let found = app.stores.objects.parts(&bucket.namespace, &bucket.name, upload).await;
    let found = found.map_err(|error| refused(&bucket, upload, error))?;
    Ok(Json(Parts { parts: found.into_iter().map(Into::into).collect() }))
}

/// Makes an object of the parts.
#[utoipa::path(
    post, path = "/v1/buckets/{name}/uploads/{upload}", operation_id = "complete_upload",
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
    bucket: Bucket,
    Extension(conditions): Extension<Conditions>,
    request: Request<Body>,
) -> Result<Json<ObjectView>, Refusal> {
    Params::read(request.uri(), &[])?;
    let origin = lineage::origin(request.headers());
    let given: Completion =
        large_json(request, &["application/json"], LIST_BYTES_MAX, "list of parts", app.stall)
            .await?;
    let parts: Vec<_> = given.parts.into_iter().map(|part| (part.number, part.etag)).collect();
    let upload = upload(&bucket);
    let objects = &app.stores.objects;
    let Bucket { namespace, name, .. } = &bucket;
    let condition = condition(conditions.precondition);
    let made = objects.complete_upload(namespace, name, upload, &parts, condition, &origin).await;
    Ok(Json(made.map_err(|error| refused(&bucket, upload, error))?.into()))
}

/// Forgets an upload and its parts.
#[utoipa::path(
    delete, path = "/v1/buckets/{name}/uploads/{upload}", operation_id = "abort_upload",
    params(("name" = String, Path, description = "The bucket"),
           ("upload" = String, Path, description = "The upload")),
    responses((status = 204, description = "Forgotten")),
)]
pub(super) async fn abort(app: State, bucket: Bucket, uri: Uri) -> Result<StatusCode, Refusal> {
    Params::read(&uri, &[])?;
    let upload = upload(&bucket);
    let aborted = app.stores.objects.abort_upload(&bucket.namespace, &bucket.name, upload).await;
    aborted.map_err(|error| refused(&bucket, upload, error))?;
    Ok(StatusCode::NO_CONTENT)
}
