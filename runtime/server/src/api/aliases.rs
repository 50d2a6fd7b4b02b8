//! Aliases: names for versions of a function.

use axum::Json;
use axum::body::Body;
use axum::extract::Extension;
use axum::response::{IntoResponse as _, Response};
use http::header::ETAG;
use http::{HeaderMap, Request, StatusCode, Uri};
use lambent_api::{AliasList, ListAliases, PAGE_DEFAULT, paths};
use lambent_types::{Alias, AliasName, AliasSettings, ErrorCode, FunctionName};

use super::conditions::Conditions;
use super::extractors::State;
use super::limited_body::json;
use super::query;
use super::resource::{Resource, status};
use super::view;
use crate::problem::Refusal;

/// The alias that the path names.
pub(super) fn named(resource: &Resource) -> Result<AliasName, Refusal> {
    let invalid =
        |error: lambent_types::InvalidName| Refusal::new(ErrorCode::InvalidName, error.to_string());
    resource.item().parse().map_err(invalid)
}

fn headers(alias: &Alias) -> HeaderMap {
    view::tag(alias.revision.0).map(|tag| (ETAG, tag)).into_iter().collect()
}

/// Lists the aliases of a function.
#[utoipa::path(
    get, path = paths::ALIASES, operation_id = "list_aliases",
    params(
        ("name" = String, Path, description = "The function"),
        ListAliases,
    ),
    responses(
        (status = 200, description = "Aliases, by name", body = AliasList),
        (status = 404, description = "No such function",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn list(resource: Resource, uri: Uri) -> Result<Json<AliasList>, Refusal> {
    let function = resource.handle::<FunctionName>()?;
    let query: ListAliases = query::read(&uri)?;
    let limit = query.limit.unwrap_or(PAGE_DEFAULT);
    // One more than asked for tells whether there is a next page.
    let mut aliases = function.aliases(query.after.as_ref(), limit + 1).await?;
    let more = aliases.len() > limit;
    aliases.truncate(limit);
    let next = aliases.last().filter(|_| more).map(|last| last.name.clone());
    Ok(Json(AliasList { aliases, next }))
}

/// Describes an alias.
#[utoipa::path(
    get, path = paths::ALIAS, operation_id = "describe_alias",
    params(
        ("name" = String, Path, description = "The function"),
        ("alias" = String, Path, description = "The alias"),
        ("If-None-Match" = Option<String>, Header, description = "An `ETag`: 304 if it still holds"),
    ),
    responses(
        (status = 200, description = "The alias; `ETag` is its revision", body = Alias),
        (status = 304, description = "It has not changed"),
        (status = 404, description = "No such function or alias",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn describe(resource: Resource, uri: Uri) -> Result<Response, Refusal> {
    query::none(&uri)?;
    let alias = resource.handle::<FunctionName>()?.alias(&named(&resource)?).await?;
    Ok((headers(&alias), Json(alias)).into_response())
}

/// Creates an alias, or has it lead elsewhere, in one step: what begins after the answer goes by
/// it.
#[utoipa::path(
    put, path = paths::ALIAS, operation_id = "put_alias",
    params(
        ("name" = String, Path, description = "The function"),
        ("alias" = String, Path, description = "The alias"),
        ("If-Match" = Option<String>, Header, description = "The revision to replace, or `*`"),
        ("If-None-Match" = Option<String>, Header, description = "`*`: only if it is new"),
    ),
    request_body = AliasSettings,
    responses(
        (status = 200, description = "Changed", body = Alias),
        (status = 201, description = "Created", body = Alias),
        (status = 404, description = "No such function or version",
         body = lambent_types::Problem, content_type = "application/problem+json"),
        (status = 412, description = "It is at another revision",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn put(
    app: State,
    resource: Resource,
    Extension(Conditions { precondition, .. }): Extension<Conditions>,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    let function = resource.handle::<FunctionName>()?;
    query::none(request.uri())?;
    let name = named(&resource)?;
    let settings = json(request, &["application/json"], "alias", app.stall).await?;
    let put = function.put_alias(&name, settings, &precondition).await?;
    Ok((status(put.created), headers(&put.value), Json(put.value)).into_response())
}

/// Deletes an alias; the versions stay.
#[utoipa::path(
    delete, path = paths::ALIAS, operation_id = "delete_alias",
    params(
        ("name" = String, Path, description = "The function"),
        ("alias" = String, Path, description = "The alias"),
        ("If-Match" = Option<String>, Header, description = "The revision to delete, or `*`"),
    ),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "No such function or alias",
         body = lambent_types::Problem, content_type = "application/problem+json"),
        (status = 409, description = "A trigger or a schedule names it",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn delete(
    resource: Resource,
    Extension(Conditions { precondition, .. }): Extension<Conditions>,
    uri: Uri,
) -> Result<StatusCode, Refusal> {
    let function = resource.handle::<FunctionName>()?;
    query::none(&uri)?;
    function.delete_alias(&named(&resource)?, &precondition).await?;
    Ok(StatusCode::NO_CONTENT)
}
