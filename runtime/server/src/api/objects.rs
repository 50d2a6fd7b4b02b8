//! Objects, streamed both ways.

use std::collections::BTreeMap;
use std::ops::Range;

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use futures::{StreamExt as _, TryStreamExt as _};
use http::header::{
    ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED, RANGE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, Uri};
use http_body_util::BodyDataStream;
use jiff::Timestamp;
use lambent_storage::{ByteStream, Condition, ListObjects, Object, ObjectError, PutObject};
use lambent_types::{BucketName, Origin, bounds};
use serde::Serialize;
use utoipa::ToSchema;

use super::condition::{self, Expected};
use super::intake::Intake;
use super::openapi::Binary;
use super::parts::State;
use super::query::Params;
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
    lambent_control::explain::object(&bucket.namespace, &bucket.name, what, error).into()
}

fn key(bucket: &Bucket) -> &str {
    bucket.item.as_deref().unwrap_or_default()
}

/// What a request says of the object it writes.
pub(super) fn described(headers: &HeaderMap) -> Result<PutObject, Refusal> {
    let text = |name: &str| {
        let value = headers.get(name).map(|value| value.to_str().map(str::to_owned));
        value.transpose().map_err(|_| Refusal::invalid(format!("header {name:?} is not ASCII")))
    };
    let mut metadata = BTreeMap::new();
    for header in headers.keys() {
        let Some(name) = header.as_str().strip_prefix(METADATA) else { continue };
        metadata.extend(text(header.as_str())?.map(|value| (name.to_owned(), value)));
    }
    let condition = match condition::of_write(headers)? {
        Expected::Any => Condition::None,
        Expected::Absent => Condition::Absent,
        Expected::Tag(tag) => Condition::Etag(tag),
    };
    Ok(PutObject { content_type: text(CONTENT_TYPE.as_str())?, metadata, condition })
}

/// The body of a request, as it comes; slow ones end in an error.
pub(super) fn bytes(
    app: &State,
    headers: &HeaderMap,
    body: Body,
    limit: u64,
) -> Result<ByteStream, Refusal> {
    let intake = Intake::new(headers, body, limit, app.stall)?;
    Ok(BodyDataStream::new(intake).map_err(std::io::Error::other).boxed())
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
        description = "Its bytes; headers `lambent-meta-<name>` are kept with it"),
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
    let bytes = bytes(&app, &parts.headers, body, bounds::OBJECT_BYTES_MAX)?;
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
        if let Ok(value) = HeaderValue::from_str(value) {
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

/// Which part of an object is asked for: one range of bytes, as RFC 9110 has
/// it. What is no such range asks for the whole.
fn range(headers: &HeaderMap, size: u64) -> Option<Range<u64>> {
    let text = headers.get(RANGE)?.to_str().ok()?.trim().strip_prefix("bytes=")?;
    let (first, last) = text.split_once('-')?;
    match (first.trim(), last.trim()) {
        ("", last) => {
            let last: u64 = last.parse().ok()?;
            // The last bytes; none of them is a range that cannot be.
            Some(size.saturating_sub(last).min(if last == 0 { u64::MAX } else { size })..size)
        }
        (first, "") => Some(first.parse().ok()?..size.max(first.parse::<u64>().ok()? + 1)),
        (first, last) => {
            let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
            (first <= last).then(|| first..last.saturating_add(1))
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
        ("If-None-Match" = Option<String>, Header, description = "Etags that are known"),
    ),
    responses(
        (status = 200, description = "Its bytes", body = Binary,
         content_type = "application/octet-stream"),
        (status = 206, description = "The part that was asked for", body = Binary,
         content_type = "application/octet-stream"),
        (status = 304, description = "It has the etag that is known"),
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
    let head = objects.head(namespace, name, key).await;
    let head = head.map_err(|error| refused(&bucket, key, error))?;
    let mut response = Response::default();
    if condition::is_known(&headers, &head.etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        describe(response.headers_mut(), &head);
        response.headers_mut().remove(CONTENT_TYPE);
        return Ok(response);
    }
    if method == http::Method::HEAD {
        describe(response.headers_mut(), &head);
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(head.size));
        return Ok(response);
    }
    let part = range(&headers, head.size);
    let found = objects.get(namespace, name, key, part.clone()).await;
    let (object, bytes) = found.map_err(|error| refused(&bucket, key, error))?;
    *response.body_mut() = Body::from_stream(bytes);
    describe(response.headers_mut(), &object);
    let mut length = object.size;
    if let Some(part) = part {
        let end = part.end.min(object.size);
        length = end.saturating_sub(part.start);
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        let text = format!("bytes {}-{}/{}", part.start, end.saturating_sub(1), object.size);
        if let Ok(text) = HeaderValue::try_from(text) {
            response.headers_mut().insert(CONTENT_RANGE, text);
        }
    }
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    Ok(response)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_of_http() {
        let read = |text: &'static str| {
            let headers = HeaderMap::from_iter([(RANGE, HeaderValue::from_static(text))]);
            range(&headers, 10)
        };
        assert_eq!(read("bytes=2-4"), Some(2..5));
        assert_eq!(read("bytes=7-"), Some(7..10));
        assert_eq!(read("bytes=-3"), Some(7..10));
        assert_eq!(read("bytes=-30"), Some(0..10));
        assert_eq!(read("bytes=10-"), Some(10..11));
        for none in ["bytes=4-2", "bytes=x-", "lines=1-2", "bytes=1-2,4-5"] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}
