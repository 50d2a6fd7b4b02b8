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
use lambent_service::{Change, Entry, Expect, ListKeys, SetOptions};
use lambent_types::{bounds, parse_duration};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::binary::Binary;
use super::conditions::Conditions;
use super::limited_body::{LimitedBody, at_most, large_json};
use super::parts::State;
use super::query::Params;
use super::resource::Resource;
use super::view::tag;
use crate::problem::Refusal;

/// Keys on a page where none says how many.
const LIMIT: usize = 100;
/// Most bytes of a batch: what one transaction takes, in base64.
const BATCH_BYTES_MAX: u64 = 24 << 20;

/// A page of keys.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Keys {
    /// The keys, in the order of their bytes.
    keys: Vec<String>,
    /// What to give as `after` for the next page; null if this is the last.
    next: Option<String>,
}

/// One change of a batch: `set` with `text` or `base64`, or `delete`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BatchChange {
    /// The key to set.
    set: Option<String>,
    /// The key to delete.
    delete: Option<String>,
    /// The value, if it is text.
    text: Option<String>,
    /// The value in base64, if it is not.
    base64: Option<String>,
    /// Milliseconds that it lives.
    ttl_ms: Option<u64>,
    /// The revision the key must have; 0: it must have none.
    revision: Option<u64>,
}

/// Changes to make, all or none.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Batch {
    /// The changes, in their order: at most 1,000.
    #[serde(deserialize_with = "at_most::<_, _, { bounds::BATCH_MAX }>")]
    changes: Vec<BatchChange>,
}

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
    get, path = "/v1/keyspaces/{name}/keys", operation_id = "list_keys",
    params(
        ("name" = String, Path, description = "The keyspace"),
        ("prefix" = Option<String>, Query, description = "Only keys that begin so"),
        ("after" = Option<String>, Query, description = "Only keys after this"),
        ("limit" = Option<u32>, Query, description = "At most this many: 1 to 1,000; 100 if absent"),
    ),
    responses((status = 200, description = "Keys", body = Keys)),
)]
pub(super) async fn list(resource: Resource, uri: Uri) -> Result<Json<Keys>, Refusal> {
    let keyspace = resource.keyspace()?;
    let params = Params::read(&uri, &["prefix", "after", "limit"])?;
    let list = ListKeys {
        prefix: params.text("prefix").unwrap_or_default().to_owned(),
        after: params.text("after").map(str::to_owned),
        limit: params.limit(LIMIT, bounds::PAGE_MAX)?,
    };
    let page = keyspace.list(list).await?;
    Ok(Json(Keys { keys: page.keys, next: page.next }))
}

/// Reads a value.
#[utoipa::path(
    get, path = "/v1/keyspaces/{name}/keys/{key}", operation_id = "get_key",
    params(("name" = String, Path, description = "The keyspace"),
           ("key" = String, Path, description = "The key: all that follows, percent-encoded"),
           ("If-Match" = Option<String>, Header, description = "Revisions: 412 if it has another"),
           ("If-None-Match" = Option<String>, Header, description = "Revisions that are known")),
    responses((status = 304, description = "It has a revision that is known"),
        (status = 200, description = "The value; `ETag` is its revision",
               body = Binary, content_type = "application/octet-stream")),
)]
pub(super) async fn get(resource: Resource, uri: Uri) -> Result<Response, Refusal> {
    let keyspace = resource.keyspace()?;
    Params::read(&uri, &[])?;
    let Entry { value, revision, expires } = keyspace.get(resource.item()).await?;
    let mut response = ([(CONTENT_TYPE, "application/octet-stream")], value).into_response();
    let expires = expires.and_then(|at| HeaderValue::try_from(at.to_string()).ok());
    if let Some(expires) = expires {
        response.headers_mut().insert("lambent-expires", expires);
    }
    Ok(tagged(response, Some(revision)))
}

/// Sets a value.
#[utoipa::path(
    put, path = "/v1/keyspaces/{name}/keys/{key}", operation_id = "set_key",
    params(
        ("name" = String, Path, description = "The keyspace"),
        ("key" = String, Path, description = "The key: all that follows, percent-encoded"),
        ("ttl" = Option<String>, Query, description = "How long it lives: `60s`"),
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
    let keyspace = resource.keyspace()?;
    let params = Params::read(request.uri(), &["ttl"])?;
    let ttl = params.parse("ttl", "a duration such as 60s", |text| parse_duration(text).ok())?;
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
    delete, path = "/v1/keyspaces/{name}/keys/{key}", operation_id = "delete_key",
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
    let keyspace = resource.keyspace()?;
    Params::read(&uri, &[])?;
    let expect = expect(conditions);
    keyspace.apply(vec![Change::Delete { key: resource.item().to_owned(), expect }]).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Adds to a counter: a decimal number, 0 where there is none.
#[utoipa::path(
    post, path = "/v1/keyspaces/{name}/increments/{key}", operation_id = "increment_key",
    params(("name" = String, Path, description = "The keyspace"),
           ("key" = String, Path, description = "The key: all that follows, percent-encoded"),
           ("by" = Option<i64>, Query, description = "How much to add; 1 if absent")),
    responses((status = 200, description = "`value`: what it is now", body = serde_json::Value)),
)]
pub(super) async fn increment(
    resource: Resource,
    uri: Uri,
) -> Result<Json<serde_json::Value>, Refusal> {
    let keyspace = resource.keyspace()?;
    let params = Params::read(&uri, &["by"])?;
    let by = params.parse("by", "a whole number", |text| text.parse().ok())?.unwrap_or(1);
    let value = keyspace.increment(resource.item(), by).await?;
    Ok(Json(serde_json::json!({ "value": value })))
}

/// Makes several changes, all or none.
#[utoipa::path(
    post, path = "/v1/keyspaces/{name}/batch", operation_id = "change_keys",
    params(("name" = String, Path, description = "The keyspace")),
    request_body(content((Batch = "application/json"))),
    responses((status = 200, description = "`revisions`: that of each change, null where there \
               was nothing to delete", body = serde_json::Value)),
)]
pub(super) async fn batch(
    app: State,
    resource: Resource,
    request: Request<Body>,
) -> Result<Json<serde_json::Value>, Refusal> {
    let keyspace = resource.keyspace()?;
    Params::read(request.uri(), &[])?;
    let given: Batch =
        large_json(request, &["application/json"], BATCH_BYTES_MAX, "batch", app.stall).await?;
    let changes = given.changes.into_iter().enumerate().map(change).collect::<Result<_, _>>()?;
    let revisions = keyspace.apply(changes).await?;
    Ok(Json(serde_json::json!({ "revisions": revisions })))
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
