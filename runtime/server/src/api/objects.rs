//! Objects, streamed both ways.

use std::collections::BTreeMap;
use std::ops::Range;

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::header::{
    ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_MATCH, LAST_MODIFIED,
};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, Uri};
use jiff::Timestamp;
use lambent_storage::{ByteStream, Condition, ListObjects, Object, ObjectError, PutObject};
use lambent_types::{BucketName, ErrorCode, Origin, bounds};
use serde::Serialize;
use utoipa::ToSchema;

use super::condition::{self, Expected};
use super::header;
use super::intake::{Intake, IntakeError};
use super::openapi::Binary;
use super::parts::State;
use super::query::Params;
use super::ranges;
use super::resource::Resource;
use crate::problem::Refusal;
use crate::traffic::trace_parent;

/// Objects on a page where none says how many; S3's.
const LIMIT: usize = 1000;
/// What the names of headers with an object's own metadata begin with.
const METADATA: &str = "lambent-meta-";

pub(super) type Bucket = Resource<BucketName>;

/// An object as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ObjectView {
    /// Its key.
    key: String,
    /// Its size in bytes.
    size: u64,
    /// What `ETag` carries.
    etag: String,
    /// Its media type.
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<String>,
    /// What its writer attached.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<String, String>,
    /// When it was written.
    #[schema(value_type = String, format = DateTime)]
    modified: Timestamp,
    /// Grows with every change of the bucket.
    sequence: u64,
}

impl From<Object> for ObjectView {
    fn from(object: Object) -> Self {
        let Object { key, size, etag, content_type, metadata, modified, sequence } = object;
        Self { key, size, etag, content_type, metadata, modified, sequence }
    }
}

/// A page of objects.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Objects {
    /// The objects, in the order of their keys' bytes.
    objects: Vec<ObjectView>,
    /// With a delimiter: what keys below it begin with, each once.
    common_prefixes: Vec<String>,
    /// What to give as `after` for the next page; null if this is the last.
    next: Option<String>,
}

/// What a store refused, told of `what`: a key, or an upload.
pub(super) fn refused(bucket: &Bucket, what: &str, error: ObjectError) -> Refusal {
    if let ObjectError::Input(input) = &error
        && let Some(cause) = input.get_ref().and_then(|cause| cause.downcast_ref::<IntakeError>())
    {
        return (*cause).into();
    }
    lambent_control::explain::object(&bucket.namespace, &bucket.name, what, error).into()
}

fn key(bucket: &Bucket) -> &str {
    bucket.item.as_deref().unwrap_or_default()
}

/// What a request says of the object it writes.
pub(super) fn described(headers: &HeaderMap) -> Result<PutObject, Refusal> {
    let condition = match condition::of_write(headers)? {
        Expected::Any => Condition::None,
        Expected::Absent => Condition::Absent,
        Expected::Tag(tag) => Condition::Etag(tag),
    };
    let content_type = header::text(headers, CONTENT_TYPE.as_str())?.map(str::to_owned);
    Ok(PutObject { content_type, metadata: header::below(headers, METADATA)?, condition })
}

/// The body of a request, as it comes; slow ones end in an error.
pub(super) fn bytes(
    app: &State,
    headers: &HeaderMap,
    body: Body,
    limit: u64,
) -> Result<ByteStream, Refusal> {
    Ok(Intake::new(headers, body, limit, app.stall)?.stream())
}

/// Lists objects.
#[utoipa::path(
    get, path = "/v1/buckets/{name}/objects", operation_id = "list_objects",
    params(
        ("name" = String, Path, description = "The bucket"),
        ("prefix" = Option<String>, Query, description = "Only keys that begin so"),
        ("delimiter" = Option<String>, Query,
         description = "Groups keys by what comes before it after the prefix"),
        ("after" = Option<String>, Query, description = "Only keys and prefixes after this"),
        ("limit" = Option<u32>, Query, description = "At most this many: 1 to 1,000"),
    ),
    responses((status = 200, description = "Objects", body = Objects)),
)]
pub(super) async fn list(app: State, bucket: Bucket, uri: Uri) -> Result<Json<Objects>, Refusal> {
    let params = Params::read(&uri, &["prefix", "delimiter", "after", "limit"])?;
    let list = ListObjects {
        prefix: params.text("prefix").unwrap_or_default().to_owned(),
        delimiter: params.text("delimiter").map(str::to_owned),
        after: params.text("after").map(str::to_owned),
        limit: params.limit(LIMIT, bounds::PAGE_MAX)?,
    };
    let page = app.stores.objects.list(&bucket.namespace, &bucket.name, list).await;
    let page = page.map_err(|error| refused(&bucket, "", error))?;
    Ok(Json(Objects {
        objects: page.objects.into_iter().map(Into::into).collect(),
        common_prefixes: page.common_prefixes,
        next: page.next,
    }))
}

/// Writes an object, of any size.
#[utoipa::path(
    put, path = "/v1/buckets/{name}/objects/{key}", operation_id = "put_object",
    params(
        ("name" = String, Path, description = "The bucket"),
        ("key" = String, Path, description = "The key: all that follows, percent-encoded"),
        ("If-Match" = Option<String>, Header, description = "The etag the object must have"),
        ("If-None-Match" = Option<String>, Header, description = "`*`: there must be none"),
    ),
    request_body(content((Binary = "application/octet-stream")),
        description = "Its bytes, at most 5 GiB: more come in parts; headers \
                       `lambent-meta-<name>` are kept with it"),
    responses(
        (status = 200, description = "It replaced one", body = ObjectView),
        (status = 201, description = "It is new", body = ObjectView),
        (status = 412, description = "The object is not as expected",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn put(
    app: State,
    bucket: Bucket,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    Params::read(request.uri(), &[])?;
    let (parts, body) = request.into_parts();
    let described = described(&parts.headers)?;
    let bytes = bytes(&app, &parts.headers, body, bounds::PART_BYTES_MAX)?;
    let origin = Origin { trace_parent: trace_parent(&parts.headers), ..Origin::default() };
    let (Resource { namespace, name, .. }, key) = (&bucket, key(&bucket));
    let objects = &app.stores.objects;
    let known = objects.head(namespace, name, key).await.is_ok();
    let made = objects.put(namespace, name, key, described, bytes, &origin).await;
    let object = made.map_err(|error| refused(&bucket, key, error))?;
    let status = if known { StatusCode::OK } else { StatusCode::CREATED };
    let tag = HeaderValue::try_from(format!("\"{}\"", object.etag)).ok();
    let mut response = (status, Json(ObjectView::from(object))).into_response();
    response.headers_mut().extend(tag.map(|tag| (ETAG, tag)));
    Ok(response)
}

/// Puts what is known of an object into the headers of an answer.
fn describe(headers: &mut HeaderMap, object: &Object) {
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            headers.insert(name, value);
        }
    };
    set(ETAG, &format!("\"{}\"", object.etag));
    let modified = object.modified.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    set(LAST_MODIFIED, &modified);
    set(ACCEPT_RANGES, "bytes");
    set(CONTENT_TYPE, object.content_type.as_deref().unwrap_or("application/octet-stream"));
    for (name, value) in &object.metadata {
        if let Ok(name) = HeaderName::try_from(format!("{METADATA}{name}")) {
            set(name, value);
        }
    }
}

/// Reads an object, or a part of it.
#[utoipa::path(
    get, path = "/v1/buckets/{name}/objects/{key}", operation_id = "get_object",
    params(
        ("name" = String, Path, description = "The bucket"),
        ("key" = String, Path, description = "The key: all that follows, percent-encoded"),
        ("Range" = Option<String>, Header, description = "One range: `bytes=0-1023`"),
        ("If-Range" = Option<String>, Header, description = "An etag: all is sent if it has another"),
        ("If-Match" = Option<String>, Header, description = "Etags: 412 if it has another"),
        ("If-None-Match" = Option<String>, Header, description = "Etags that are known"),
    ),
    responses(
        (status = 200, description = "Its bytes", body = Binary,
         content_type = "application/octet-stream"),
        (status = 206, description = "The part that was asked for", body = Binary,
         content_type = "application/octet-stream"),
        (status = 304, description = "It has the etag that is known"),
        (status = 416, description = "The range begins after its end",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn get(
    app: State,
    bucket: Bucket,
    method: http::Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    Params::read(&uri, &[])?;
    let (Resource { namespace, name, .. }, key) = (&bucket, key(&bucket));
    let objects = &app.stores.objects;
    loop {
        let head = objects.head(namespace, name, key).await;
        let head = head.map_err(|error| refused(&bucket, key, error))?;
        if let Some(answer) = without_bytes(&method, &headers, &head)? {
            return Ok(answer);
        }
        let part = ranges::wanted(&headers, &head.etag, head.size);
        if part.as_ref().is_some_and(|part| part.start >= head.size) {
            return Ok(not_satisfiable(
                refused(&bucket, key, ObjectError::Range { size: head.size }),
                &head,
            ));
        }
        let found = objects.get(namespace, name, key, part.clone()).await;
        let (object, bytes) = found.map_err(|error| refused(&bucket, key, error))?;
        // Otherwise it was written anew meanwhile, and the part was worked out of what it was.
        if object.sequence == head.sequence {
            return Ok(with_bytes(&object, bytes, part));
        }
    }
}

/// The answer to a client that does not want the bytes, or not of this object.
fn without_bytes(
    method: &http::Method,
    headers: &HeaderMap,
    object: &Object,
) -> Result<Option<Response>, Refusal> {
    if headers.contains_key(IF_MATCH) && !condition::is_expected(headers, &object.etag) {
        let detail = format!("the object has the etag \"{}\"", object.etag);
        return Err(Refusal::new(ErrorCode::PreconditionFailed, detail));
    }
    let mut response = Response::default();
    if condition::is_known(headers, &object.etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        describe(response.headers_mut(), object);
        response.headers_mut().remove(CONTENT_TYPE);
        return Ok(Some(response));
    }
    if method == http::Method::HEAD {
        describe(response.headers_mut(), object);
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(object.size));
        return Ok(Some(response));
    }
    Ok(None)
}

fn with_bytes(object: &Object, bytes: ByteStream, part: Option<Range<u64>>) -> Response {
    let mut response = Body::from_stream(bytes).into_response();
    describe(response.headers_mut(), object);
    let mut length = object.size;
    if let Some(part) = part {
        let end = part.end.min(object.size);
        length = end - part.start;
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        let text = format!("bytes {}-{}/{}", part.start, end - 1, object.size);
        if let Ok(text) = HeaderValue::try_from(text) {
            response.headers_mut().insert(CONTENT_RANGE, text);
        }
    }
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    response
}

fn not_satisfiable(refusal: Refusal, object: &Object) -> Response {
    let mut response = axum::response::IntoResponse::into_response(refusal);
    if let Ok(text) = HeaderValue::try_from(format!("bytes */{}", object.size)) {
        response.headers_mut().insert(CONTENT_RANGE, text);
    }
    response
}

/// Deletes an object, if there is one.
#[utoipa::path(
    delete, path = "/v1/buckets/{name}/objects/{key}", operation_id = "delete_object",
    params(("name" = String, Path, description = "The bucket"),
           ("key" = String, Path, description = "The key: all that follows, percent-encoded"),
           ("If-Match" = Option<String>, Header, description = "The etag the object must have")),
    responses((status = 204, description = "Deleted, or not there")),
)]
pub(super) async fn delete(
    app: State,
    bucket: Bucket,
    uri: Uri,
    headers: HeaderMap,
) -> Result<StatusCode, Refusal> {
    Params::read(&uri, &[])?;
    let condition = described(&headers)?.condition;
    let origin = Origin { trace_parent: trace_parent(&headers), ..Origin::default() };
    let (Resource { namespace, name, .. }, key) = (&bucket, key(&bucket));
    let deleted = app.stores.objects.delete(namespace, name, key, condition, &origin).await;
    deleted.map_err(|error| refused(&bucket, key, error))?;
    Ok(StatusCode::NO_CONTENT)
}
