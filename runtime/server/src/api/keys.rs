//! Keys and their values.

use axum::Json;
use axum::body::Body;
use axum::extract::Extension;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG};
use http::{HeaderValue, Request, StatusCode, Uri};
use lambent_api::{
    Batch, BatchChange, Binary, Counter, Increment, Keys, PAGE_DEFAULT, Revisions, SetKey, headers,
    paths,
};
use lambent_service::{Change, Entry, Expect, ListKeys, SetOptions};
use lambent_types::{KeyspaceName, bounds};

use super::conditions::Conditions;
use super::extractors::State;
use super::limited_body::{LimitedBody, large_json};
use super::query;
use super::resource::Resource;
use super::view::tag;
use crate::problem::Refusal;

/// Most bytes of a batch: what one transaction takes, in base64.
const BATCH_BYTES_MAX: u64 = 24 << 20;

fn expect(conditions: Conditions) -> Expect {
    let precondition = conditions.precondition;
    if precondition.is_empty() { Expect::Any } else { Expect::When(precondition) }
}

fn tagged(mut response: Response, revision: Option<u64>) -> Response {
    response.headers_mut().extend(revision.and_then(tag).map(|tag| (ETAG, tag)));
    response
}

/// Lists keys.
#[utoipa::path(
    get, path = paths::KEYS, operation_id = "list_keys",
    params(
        ("name" = String, Path, description = "The keyspace"),
        lambent_api::ListKeys,
    ),
    responses((status = 200, description = "Keys", body = Keys)),
)]
pub(super) async fn list(resource: Resource, uri: Uri) -> Result<Json<Keys>, Refusal> {
    let keyspace = resource.handle::<KeyspaceName>()?;
    let query: lambent_api::ListKeys = query::read(&uri)?;
    let list = ListKeys {
        prefix: query.prefix.unwrap_or_default(),
        after: query.after,
        limit: query.limit.unwrap_or(PAGE_DEFAULT),
    };
    let page = keyspace.list(list).await?;
    Ok(Json(Keys { keys: page.keys, next: page.next }))
}

/// Reads a value.
#[utoipa::path(
    get, path = paths::KEY, operation_id = "get_key",
    params(("name" = String, Path, description = "The keyspace"),
           ("key" = String, Path, description = "The key: all that follows, percent-encoded"),
           ("If-Match" = Option<String>, Header, description = "Revisions: 412 if it has another"),
           ("If-None-Match" = Option<String>, Header, description = "Revisions that are known")),
    responses((status = 304, description = "It has a revision that is known"),
        (status = 200, description = "The value; `ETag` is its revision",
               body = Binary, content_type = "application/octet-stream")),
)]
pub(super) async fn get(resource: Resource, uri: Uri) -> Result<Response, Refusal> {
    let keyspace = resource.handle::<KeyspaceName>()?;
    query::none(&uri)?;
    let Entry { value, revision, expires } = keyspace.get(resource.item()).await?;
    let mut response = ([(CONTENT_TYPE, "application/octet-stream")], value).into_response();
    let expires = expires.and_then(|at| HeaderValue::try_from(at.to_string()).ok());
    if let Some(expires) = expires {
        response.headers_mut().insert(headers::EXPIRES, expires);
    }
    Ok(tagged(response, Some(revision)))
}

/// Sets a value.
#[utoipa::path(
    put, path = paths::KEY, operation_id = "set_key",
    params(
        ("name" = String, Path, description = "The keyspace"),
        ("key" = String, Path, description = "The key: all that follows, percent-encoded"),
        SetKey,
        ("If-Match" = Option<String>, Header,
         description = "Revisions, one of which it must have; `*`: it must have a value"),
        ("If-None-Match" = Option<String>, Header,
         description = "Revisions, none of which it may have; `*`: it must have no value"),
    ),
    request_body(content((Binary = "application/octet-stream")),
        description = "The value, at most 1 MiB"),
    responses((status = 204, description = "Set; `ETag` is its revision"),
        (status = 412, description = "It is not as expected",
         body = lambent_types::Problem, content_type = "application/problem+json")),
)]
pub(super) async fn set(
    app: State,
    resource: Resource,
    Extension(conditions): Extension<Conditions>,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    let keyspace = resource.handle::<KeyspaceName>()?;
    let SetKey { ttl } = query::read(request.uri())?;
    let (parts, body) = request.into_parts();
    let options = SetOptions { expect: expect(conditions), ttl };
    let limit = bounds::VALUE_BYTES_MAX as u64;
    let intake = LimitedBody::new(&parts.headers, body, limit, app.stall)?;
    let value = intake.charged(&app.hold(keyspace.namespace()))?.whole().await?;
    let change = Change::Set { key: resource.item().to_owned(), value, options };
    let revisions = keyspace.apply(vec![change]).await?;
    let revision = revisions.first().copied().flatten();
    Ok(tagged(StatusCode::NO_CONTENT.into_response(), revision))
}

/// Deletes a value, if there is one.
#[utoipa::path(
    delete, path = paths::KEY, operation_id = "delete_key",
    params(("name" = String, Path, description = "The keyspace"),
           ("key" = String, Path, description = "The key: all that follows, percent-encoded"),
           ("If-Match" = Option<String>, Header,
            description = "Revisions, one of which it must have; `*`: it must have a value"),
           ("If-None-Match" = Option<String>, Header,
            description = "Revisions, none of which it may have")),
    responses((status = 204, description = "Deleted, or not there"),
        (status = 412, description = "It is not as expected",
         body = lambent_types::Problem, content_type = "application/problem+json")),
)]
pub(super) async fn delete(
    resource: Resource,
    Extension(conditions): Extension<Conditions>,
    uri: Uri,
) -> Result<StatusCode, Refusal> {
    let keyspace = resource.handle::<KeyspaceName>()?;
    query::none(&uri)?;
    let expect = expect(conditions);
    keyspace.apply(vec![Change::Delete { key: resource.item().to_owned(), expect }]).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Adds to a counter: a decimal number, 0 where there is none.
#[utoipa::path(
    post, path = paths::INCREMENT, operation_id = "increment_key",
    params(("name" = String, Path, description = "The keyspace"),
           ("key" = String, Path, description = "The key: all that follows, percent-encoded"),
           Increment),
    responses((status = 200, description = "`value`: what it is now", body = Counter)),
)]
pub(super) async fn increment(resource: Resource, uri: Uri) -> Result<Json<Counter>, Refusal> {
    let keyspace = resource.handle::<KeyspaceName>()?;
    let Increment { by } = query::read(&uri)?;
    let value = keyspace.increment(resource.item(), by.unwrap_or(1)).await?;
    Ok(Json(Counter { value }))
}

/// Makes several changes, all or none.
#[utoipa::path(
    post, path = paths::BATCH, operation_id = "change_keys",
    params(("name" = String, Path, description = "The keyspace")),
    request_body(content((Batch = "application/json"))),
    responses((status = 200, description = "`revisions`: that of each change, null where there \
               was nothing to delete", body = Revisions)),
)]
pub(super) async fn batch(
    app: State,
    resource: Resource,
    request: Request<Body>,
) -> Result<Json<Revisions>, Refusal> {
    let keyspace = resource.handle::<KeyspaceName>()?;
    query::none(request.uri())?;
    let given: Batch =
        large_json(request, &["application/json"], BATCH_BYTES_MAX, "batch", app.stall).await?;
    let changes = given.changes.into_iter().enumerate().map(change).collect::<Result<_, _>>()?;
    let revisions = keyspace.apply(changes).await?;
    Ok(Json(Revisions { revisions }))
}

fn change((index, given): (usize, BatchChange)) -> Result<Change, Refusal> {
    let wrong = |problem: &str| Refusal::invalid(format!("change {}: {problem}", index + 1));
    let expect = match given.revision {
        None => Expect::Any,
        Some(0) => Expect::Absent,
        Some(revision) => Expect::Revision(revision),
    };
    let value = match (given.text, given.base64) {
        (Some(text), None) => Some(Bytes::from(text)),
        (None, Some(base64)) => {
            let bytes = STANDARD.decode(base64);
            Some(bytes.map_err(|_| wrong("its base64 is malformed"))?.into())
        }
        (None, None) => None,
        _ => return Err(wrong("give either text or base64")),
    };
    let ttl = given.ttl_ms.map(std::time::Duration::from_millis);
    match (given.set, given.delete, value) {
        (Some(key), None, Some(value)) => {
            Ok(Change::Set { key, value, options: SetOptions { expect, ttl } })
        }
        (None, Some(key), None) if ttl.is_none() => Ok(Change::Delete { key, expect }),
        _ => Err(wrong("give set with text or base64, or delete alone")),
    }
}
