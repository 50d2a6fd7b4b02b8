//! Parameters, whose values are texts.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Body;
use axum::extract::Extension;
use axum::response::Response;
use http::{Request, StatusCode, Uri};
use lambent_api::{
    Binary, ListParameters, ParameterKind, ParameterVersionView, ParameterView, Parameters,
    PutParameter, ReadParameter, paths,
};
use lambent_service::{
    InvalidParameterName, NewParameter, ParameterName, ParameterType, ParameterValue,
    ParameterVersion, Selector,
};
use lambent_types::ErrorCode;

use super::extractors::{Scope, State};
use super::query;
use super::resource::Resource;
use super::secrets::{value, value_of};
use crate::problem::Refusal;

fn view(name: &str, version: ParameterVersion) -> ParameterVersionView {
    ParameterVersionView {
        name: name.to_owned(),
        version: version.number,
        kind: match version.kind {
            ParameterType::String => ParameterKind::String,
            ParameterType::StringList => ParameterKind::StringList,
            ParameterType::SecureString => ParameterKind::SecureString,
        },
        modified: version.modified,
        description: version.description,
    }
}

fn kind(kind: ParameterKind) -> ParameterType {
    match kind {
        ParameterKind::String => ParameterType::String,
        ParameterKind::StringList => ParameterType::StringList,
        ParameterKind::SecureString => ParameterType::SecureString,
    }
}

/// Lists parameters, without their values.
#[utoipa::path(
    get, path = paths::PARAMETERS, operation_id = "list_parameters",
    params(ListParameters),
    responses((status = 200, description = "Parameters, by name", body = Parameters)),
)]
pub(super) async fn list(Extension(scope): Scope, uri: Uri) -> Result<Json<Parameters>, Refusal> {
    let ListParameters { prefix } = query::read(&uri)?;
    let found = scope.parameters(&prefix.unwrap_or_default()).await?;
    let parameters = found.into_iter().map(|parameter| ParameterView {
        name: parameter.name.as_str().to_owned(),
        version: parameter.latest,
    });
    Ok(Json(Parameters { parameters: parameters.collect() }))
}

/// Describes the newest version of a parameter, without its value.
#[utoipa::path(
    get, path = paths::PARAMETER, operation_id = "describe_parameter",
    params(("key" = String, Path, description = "The parameter's name: all that follows")),
    responses((status = 200, description = "The parameter", body = ParameterVersionView)),
)]
pub(super) async fn describe(
    resource: Resource,
    uri: Uri,
) -> Result<Json<ParameterVersionView>, Refusal> {
    query::none(&uri)?;
    let parameter = resource.scope.describe_parameter(&resource.name).await?;
    let version = resource.scope.parameter_version(&parameter, parameter.latest).await?;
    let version = version.ok_or_else(|| {
        Refusal::new(ErrorCode::ParameterNotFound, "the parameter was deleted meanwhile")
    })?;
    Ok(Json(view(&resource.name, version)))
}

/// Gives a parameter a value, as a version of its own, and creates the parameter if there is none.
#[utoipa::path(
    put, path = paths::PARAMETER, operation_id = "put_parameter",
    params(("key" = String, Path, description = "The parameter's name: all that follows"), PutParameter),
    request_body(content((Binary = "application/octet-stream")),
        description = "The value: a text in UTF-8 of 1 byte to 8 KiB"),
    responses((status = 200, description = "The version", body = ParameterVersionView)),
)]
pub(super) async fn put(
    app: State,
    resource: Resource,
    request: Request<Body>,
) -> Result<Json<ParameterVersionView>, Refusal> {
    let put: PutParameter = query::read(request.uri())?;
    let name: ParameterName = resource.name.parse().map_err(|error: InvalidParameterName| {
        Refusal::new(ErrorCode::InvalidName, error.to_string())
    })?;
    let bytes = value_of(&app, &resource, request).await?;
    let value = String::from_utf8(bytes)
        .map_err(|_| Refusal::invalid("the value of a parameter is a text in UTF-8"))?;
    let new = NewParameter {
        name,
        value: ParameterValue(value),
        kind: put.kind.map(kind),
        kind_of_new: Some(ParameterType::String),
        description: None,
        key_id: None,
        allowed_pattern: None,
        data_type: None,
        tier: None,
        policies: None,
        overwrite: true,
        tags: BTreeMap::new(),
        user: String::new(),
    };
    let version = resource.scope.put_parameter(new).await?;
    Ok(Json(view(&resource.name, version)))
}

/// Deletes a parameter with its versions.
#[utoipa::path(
    delete, path = paths::PARAMETER, operation_id = "delete_parameter",
    params(("key" = String, Path, description = "The parameter's name: all that follows")),
    responses((status = 204, description = "Deleted")),
)]
pub(super) async fn delete(resource: Resource, uri: Uri) -> Result<StatusCode, Refusal> {
    query::none(&uri)?;
    resource.scope.delete_parameter(&resource.name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Reads the value of a parameter.
#[utoipa::path(
    get, path = paths::PARAMETER_VALUE, operation_id = "get_parameter_value",
    params(("key" = String, Path, description = "The parameter's name: all that follows"), ReadParameter),
    responses((status = 200, description = "The value",
               body = Binary, content_type = "application/octet-stream")),
)]
pub(super) async fn get(resource: Resource, uri: Uri) -> Result<Response, Refusal> {
    let ReadParameter { version } = query::read(&uri)?;
    let selector = version.map_or(Selector::Latest, Selector::Number);
    let found = resource.scope.parameter_value(&resource.name, &selector).await?;
    Ok(value(found.value.0.into_bytes()))
}
