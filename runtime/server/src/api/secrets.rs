//! Secrets, whose values are given out only where they are asked for.

use axum::Json;
use axum::body::Body;
use axum::extract::Extension;
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{Request, StatusCode, Uri};
use lambent_api::{Binary, ReadSecret, SecretView, Secrets, paths};
use lambent_service::{Secret, SecretId, SecretName, SecretValue};

use super::extractors::{Scope, State};
use super::limited_body::LimitedBody;
use super::query;
use super::resource::{Resource, status};
use crate::problem::Refusal;

/// Most bytes of a body that is read; how long a value may be is the service's to say.
const VALUE_BYTES_MAX: u64 = 1 << 20;

fn view(secret: Secret) -> SecretView {
    SecretView {
        version: secret.versions.current().map(str::to_owned),
        name: secret.name.as_str().to_owned(),
        description: secret.description,
        created: secret.created,
        changed: secret.changed,
        gone: secret.deleted.map(|(_, gone)| gone),
    }
}

fn id(resource: &Resource) -> SecretId {
    SecretId::Name(resource.name.clone())
}

/// Reads the value that a request puts.
pub(super) async fn value_of(
    app: &State,
    resource: &Resource,
    request: Request<Body>,
) -> Result<Vec<u8>, Refusal> {
    let (parts, body) = request.into_parts();
    let intake = LimitedBody::new(&parts.headers, body, VALUE_BYTES_MAX, app.stall)?;
    let hold = app.hold(resource.scope.namespace());
    Ok(intake.charged(&hold)?.whole().await?.to_vec())
}

/// Answers a value, which nobody on the way is to keep.
pub(super) fn value(bytes: Vec<u8>) -> Response {
    let headers = [(CONTENT_TYPE, "application/octet-stream"), (CACHE_CONTROL, "no-store")];
    (headers, bytes).into_response()
}

/// Lists the secrets of the namespace, without their values.
#[utoipa::path(
    get, path = paths::SECRETS, operation_id = "list_secrets",
    responses((status = 200, description = "Secrets, by name", body = Secrets)),
)]
pub(super) async fn list(Extension(scope): Scope, uri: Uri) -> Result<Json<Secrets>, Refusal> {
    query::none(&uri)?;
    let secrets = scope.secrets(false).await?.into_iter().map(view).collect();
    Ok(Json(Secrets { secrets }))
}

/// Describes a secret, without its value.
#[utoipa::path(
    get, path = paths::SECRET, operation_id = "describe_secret",
    params(("key" = String, Path, description = "The secret's name: all that follows")),
    responses((status = 200, description = "The secret", body = SecretView)),
)]
pub(super) async fn describe(resource: Resource, uri: Uri) -> Result<Json<SecretView>, Refusal> {
    query::none(&uri)?;
    Ok(Json(view(resource.scope.describe_secret(&id(&resource)).await?)))
}

/// Gives a secret a value, which is then current, and creates the secret if there is none.
#[utoipa::path(
    put, path = paths::SECRET, operation_id = "put_secret",
    params(("key" = String, Path, description = "The secret's name: all that follows")),
    request_body(content((Binary = "application/octet-stream")),
        description = "The value: 1 byte to 64 KiB"),
    responses(
        (status = 200, description = "The secret has another value", body = SecretView),
        (status = 201, description = "The secret is new", body = SecretView),
    ),
)]
pub(super) async fn put(
    app: State,
    resource: Resource,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    query::none(request.uri())?;
    let name: SecretName = resource.name.parse()?;
    let value = SecretValue::of(value_of(&app, &resource, request).await?);
    let put = resource.scope.put_secret(&name, &value).await?.map(view);
    Ok((status(put.created), Json(put.value)).into_response())
}

/// Deletes a secret with its versions, for good.
#[utoipa::path(
    delete, path = paths::SECRET, operation_id = "delete_secret",
    params(("key" = String, Path, description = "The secret's name: all that follows")),
    responses((status = 204, description = "Deleted")),
)]
pub(super) async fn delete(resource: Resource, uri: Uri) -> Result<StatusCode, Refusal> {
    query::none(&uri)?;
    resource.scope.delete_secret(&id(&resource), None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Reads the value of a secret.
#[utoipa::path(
    get, path = paths::SECRET_VALUE, operation_id = "get_secret_value",
    params(("key" = String, Path, description = "The secret's name: all that follows"), ReadSecret),
    responses((status = 200, description = "The value",
               body = Binary, content_type = "application/octet-stream")),
)]
pub(super) async fn get(resource: Resource, uri: Uri) -> Result<Response, Refusal> {
    let ReadSecret { version } = query::read(&uri)?;
    let found = resource.scope.secret_value(&id(&resource), version.as_deref(), None).await?;
    Ok(value(match found.value {
        SecretValue::Text(text) => text.into_bytes(),
        SecretValue::Binary(bytes) => bytes.to_vec(),
    }))
}
