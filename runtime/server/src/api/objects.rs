//! Objects, streamed both ways.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Body;
use axum::extract::Extension;
use axum::response::{IntoResponse as _, Response};
use http::header::{
    ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use lambent_api::headers::METADATA_PREFIX;
use lambent_api::{Binary, ObjectView, Objects, paths};
use lambent_service::{BucketHandle, ByteStream, Condition, ListObjects, Object, PutObject};
use lambent_types::{BucketName, Precondition, Unmet, bounds};

use super::conditions::{self, Conditions, Honours};
use super::extractors::State;
use super::header;
use super::limited_body::LimitedBody;
use super::query;
use super::ranges::Part;
use super::resource::{Resource, status};
use crate::problem::Refusal;

/// Objects on a page where none says how many; S3's.
const LIMIT: usize = 1000;

/// An object as the API shows it.
pub(super) fn view(object: Object) -> ObjectView {
    let Object { key, size, etag, content_type, headers, metadata, modified, sequence, .. } =
        object;
    ObjectView { key, size, etag, content_type, headers, metadata, modified, sequence }
}

/// What a request says of the object it writes.
pub(super) fn described(headers: &HeaderMap, conditions: Conditions) -> Result<PutObject, Refusal> {
    let text = |name: &str| header::text(headers, name).map(|text| text.map(str::to_owned));
    let mut kept = BTreeMap::new();
    for name in bounds::OBJECT_HEADERS {
        kept.extend(text(name)?.map(|value| (name.to_owned(), value)));
    }
    Ok(PutObject {
        content_type: text(CONTENT_TYPE.as_str())?,
        headers: kept,
        metadata: header::below(headers, METADATA_PREFIX)?,
        condition: condition(conditions.precondition),
        ..PutObject::default()
    })
}

/// The condition of a change.
pub(super) fn condition(precondition: Precondition) -> Condition {
    if precondition.is_empty() { Condition::None } else { Condition::When(precondition) }
}

/// The body of a request, as it comes; slow ones end in an error.
pub(super) fn bytes(
    app: &State,
    headers: &HeaderMap,
    body: Body,
    limit: u64,
) -> Result<ByteStream, Refusal> {
    Ok(LimitedBody::new(headers, body, limit, app.stall)?.stream())
}

/// Lists objects.
#[utoipa::path(
    get, path = paths::OBJECTS, operation_id = "list_objects",
    params(
        ("name" = String, Path, description = "The bucket"),
        lambent_api::ListObjects,
    ),
    responses((status = 200, description = "Objects", body = Objects)),
)]
pub(super) async fn list(resource: Resource, uri: Uri) -> Result<Json<Objects>, Refusal> {
    let bucket = resource.handle::<BucketName>()?;
    let query: lambent_api::ListObjects = query::read(&uri)?;
    let list = ListObjects {
        prefix: query.prefix.unwrap_or_default(),
        delimiter: query.delimiter,
        after: query.after,
        limit: query.limit.unwrap_or(LIMIT),
    };
    let page = bucket.list(list).await?;
    Ok(Json(Objects {
        objects: page.objects.into_iter().map(view).collect(),
        common_prefixes: page.common_prefixes,
        next: page.next,
    }))
}

/// Writes an object, of any size.
#[utoipa::path(
    put, path = paths::OBJECT, operation_id = "put_object",
    params(
        ("name" = String, Path, description = "The bucket"),
        ("key" = String, Path, description = "The key: all that follows, percent-encoded"),
        ("If-Match" = Option<String>, Header,
         description = "Etags, one of which the object must have; `*`: there must be one"),
        ("If-None-Match" = Option<String>, Header,
         description = "Etags, none of which it may have; `*`: there must be none"),
        ("If-Unmodified-Since" = Option<String>, Header,
         description = "A date since which it must not have changed"),
    ),
    request_body(content((Binary = "application/octet-stream")),
        description = "Its bytes, at most 5 GiB: more come in parts; headers \
                       `Cache-Control`, `Content-Disposition`, `Content-Encoding`, \
                       `Content-Language`, `Expires` and `lambent-meta-<name>` are kept with it"),
    responses(
        (status = 200, description = "It replaced one", body = ObjectView),
        (status = 201, description = "It is new", body = ObjectView),
        (status = 412, description = "The object is not as expected",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn put(
    app: State,
    resource: Resource,
    Extension(conditions): Extension<Conditions>,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    let bucket = resource.handle::<BucketName>()?;
    query::none(request.uri())?;
    let (parts, body) = request.into_parts();
    let described = described(&parts.headers, conditions)?;
    let bytes = bytes(&app, &parts.headers, body, bounds::PART_BYTES_MAX)?;
    let made = bucket.put(resource.item(), described, bytes).await?;
    let tag = HeaderValue::try_from(format!("\"{}\"", made.value.etag)).ok();
    let mut response = (status(made.created), Json(view(made.value))).into_response();
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
    set(LAST_MODIFIED, &conditions::http_date(object.modified));
    set(ACCEPT_RANGES, "bytes");
    set(CONTENT_TYPE, object.content_type.as_deref().unwrap_or("application/octet-stream"));
    let metadata =
        object.metadata.iter().map(|(name, value)| (format!("{METADATA_PREFIX}{name}"), value));
    let kept = object.headers.iter().map(|(name, value)| (name.clone(), value));
    for (name, value) in kept.chain(metadata) {
        if let Ok(name) = HeaderName::try_from(name) {
            set(name, value);
        }
    }
}

/// Reads an object, or a part of it.
#[utoipa::path(
    get, path = paths::OBJECT, operation_id = "get_object",
    params(
        ("name" = String, Path, description = "The bucket"),
        ("key" = String, Path, description = "The key: all that follows, percent-encoded"),
        ("Range" = Option<String>, Header, description = "One range: `bytes=0-1023`"),
        ("If-Range" = Option<String>, Header,
         description = "An etag or its `Last-Modified`: all is sent if it has another"),
        ("If-Match" = Option<String>, Header, description = "Etags: 412 if it has another"),
        ("If-None-Match" = Option<String>, Header, description = "Etags that are known"),
        ("If-Modified-Since" = Option<String>, Header, description = "A date: 304 if it is older"),
        ("If-Unmodified-Since" = Option<String>, Header, description = "A date: 412 if it is newer"),
    ),
    responses(
        (status = 200, description = "Its bytes", body = Binary,
         content_type = "application/octet-stream"),
        (status = 206, description = "The part that was asked for", body = Binary,
         content_type = "application/octet-stream"),
        (status = 304, description = "It is what is known"),
        (status = 412, description = "It is not as expected",
         body = lambent_types::Problem, content_type = "application/problem+json"),
        (status = 416, description = "The range begins after its end",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn get(
    resource: Resource,
    Extension(conditions): Extension<Conditions>,
    method: Method,
    uri: Uri,
) -> Result<Response, Refusal> {
    query::none(&uri)?;
    let bucket = resource.handle::<BucketName>()?;
    give_out(&bucket, resource.item(), &method, &conditions).await
}

/// Reads an object as a request asks for it that is not to the API.
///
/// # Errors
/// `BucketNotFound`, `ObjectNotFound`, `PreconditionFailed`, `InvalidRequest`; the store failed.
pub(crate) async fn read_object<B>(
    bucket: &BucketHandle<'_>,
    key: &str,
    request: &Request<B>,
) -> Result<Response, Refusal> {
    let method = request.method();
    let conditions =
        Conditions::read(method, request.headers(), &[(Method::GET, Honours::Ranges)])?;
    give_out(bucket, key, method, &conditions).await
}

async fn give_out(
    bucket: &BucketHandle<'_>,
    key: &str,
    method: &Method,
    conditions: &Conditions,
) -> Result<Response, Refusal> {
    loop {
        let head = bucket.head(key).await?;
        if let Some(answer) = without_bytes(method, conditions, &head)? {
            return Ok(answer);
        }
        let part = conditions.part(head.validators(), head.size);
        if part.is_some_and(|part| part.start >= head.size) {
            let refusal = bucket.range_not_satisfiable(key, head.size).into();
            return Ok(not_satisfiable(refusal, &head));
        }
        let range = part.map(|part| part.start..part.end);
        let (object, bytes) = bucket.get(key, range).await?;
        // Otherwise it was written anew meanwhile, and the part was worked out of what it was.
        if object.sequence == head.sequence {
            return Ok(with_bytes(&object, bytes, part));
        }
    }
}

/// The answer to a client that does not want the bytes, or not of this object.
fn without_bytes(
    method: &Method,
    conditions: &Conditions,
    object: &Object,
) -> Result<Option<Response>, Refusal> {
    let mut response = Response::default();
    describe(response.headers_mut(), object);
    match conditions.check(object.validators()) {
        Err(Unmet::Changed) => Err(conditions::changed(object.validators())),
        Err(Unmet::Known) => Ok(Some(conditions::not_modified(response.headers()))),
        Ok(()) if method == Method::HEAD => {
            response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(object.size));
            Ok(Some(response))
        }
        Ok(()) => Ok(None),
    }
}

fn with_bytes(object: &Object, bytes: ByteStream, part: Option<Part>) -> Response {
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
    delete, path = paths::OBJECT, operation_id = "delete_object",
    params(("name" = String, Path, description = "The bucket"),
           ("key" = String, Path, description = "The key: all that follows, percent-encoded"),
           ("If-Match" = Option<String>, Header, description = "Etags, one of which it must have"),
           ("If-None-Match" = Option<String>, Header, description = "Etags it may not have"),
           ("If-Unmodified-Since" = Option<String>, Header,
            description = "A date since which it must not have changed")),
    responses((status = 204, description = "Deleted, or not there"),
        (status = 412, description = "The object is not as expected",
         body = lambent_types::Problem, content_type = "application/problem+json")),
)]
pub(super) async fn delete(
    resource: Resource,
    Extension(conditions): Extension<Conditions>,
    uri: Uri,
) -> Result<StatusCode, Refusal> {
    let bucket = resource.handle::<BucketName>()?;
    query::none(&uri)?;
    bucket.delete_object(resource.item(), condition(conditions.precondition)).await?;
    Ok(StatusCode::NO_CONTENT)
}
