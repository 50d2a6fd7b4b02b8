//! Functions: deploy, configure, describe, list, delete.

use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, FromRequest as _, Multipart};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::header::LOCATION;
use http::{HeaderValue, Request, StatusCode, Uri};
use lambent_api::{
    Binary, DeployForm, DeployImage, DescribeFunction, FunctionView, Functions, ImportView,
    ListFunctions, PACKAGES, PAGE_DEFAULT, WASM, paths,
};
use lambent_host::{FairPermit, Full};
use lambent_service::{Deployed, FunctionHandle};
use lambent_types::{
    ConfigurationPatch, ErrorCode, FunctionName, FunctionVersion, Namespace, Qualifier, bounds,
};

use super::conditions::Conditions;
use super::configuration_query;
use super::extractors::{Scope, State};
use super::limited_body::{
    JSON_BYTES_MAX, LimitedBody, LimitedBodyError, held, json, media_type, read_json, unsupported,
};
use super::query;
use super::resource::{Resource, status};
use super::view;
use crate::problem::Refusal;
use crate::state::App;

const FORM: &str = "multipart/form-data";
const JSON: &str = "application/json";
/// Bytes of a form beside its two parts.
const FORM_BYTES: u64 = 16 << 10;

/// Lists functions.
#[utoipa::path(
    get, path = paths::FUNCTIONS, operation_id = "list_functions",
    params(
        ListFunctions,
    ),
    responses((status = 200, description = "Functions by name", body = Functions)),
)]
pub(super) async fn list(
    app: State,
    Extension(scope): Scope,
    uri: Uri,
) -> Result<Json<Functions>, Refusal> {
    let query: ListFunctions = query::read(&uri)?;
    let limit = query.limit.unwrap_or(PAGE_DEFAULT);
    // One more than asked for tells whether there is a next page.
    let mut found = scope.functions(query.after.as_deref(), limit + 1).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|last| last.latest.name.clone());
    let functions = found.iter().map(|function| view::of(function, &app.urls)).collect();
    Ok(Json(Functions { functions, next }))
}

/// Describes a function, one of its versions, or that which an alias leads to.
#[utoipa::path(
    get, path = paths::FUNCTION, operation_id = "describe_function",
    params(
        ("name" = String, Path, description = "The function"),
        DescribeFunction,
        ("If-None-Match" = Option<String>, Header, description = "An `ETag`: 304 if it still holds"),
    ),
    responses(
        (status = 200, description = "The function; `ETag` is its revision", body = FunctionView),
        (status = 304, description = "It has not changed"),
        (status = 404, description = "No such function or version",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn describe(
    app: State,
    resource: Resource,
    uri: Uri,
) -> Result<Response, Refusal> {
    let function = resource.handle::<FunctionName>()?;
    let query: DescribeFunction = query::read(&uri)?;
    let wanted = query.imports == Some(true);
    let qualifier = query.qualifier.as_ref().filter(|qualifier| **qualifier != Qualifier::Latest);
    if let Some(qualifier) = qualifier {
        let version = function.qualified(qualifier).await?;
        let imports = if wanted { Some(imports(&function, &version).await?) } else { None };
        let view = FunctionView { imports, ..view::of_version(&version) };
        return Ok(Json(view).into_response());
    }
    let described = function.describe().await?;
    let latest = &described.latest;
    let imports = if wanted { Some(imports(&function, latest).await?) } else { None };
    let view = FunctionView { imports, ..view::of(&described, &app.urls) };
    Ok((view::headers(&view), Json(view)).into_response())
}

async fn imports(
    function: &FunctionHandle<'_>,
    version: &FunctionVersion,
) -> Result<Vec<ImportView>, Refusal> {
    let found = function.imports(version).await?;
    Ok(found.into_iter().map(view::of_import).collect())
}

/// Creates or updates a function. Answers when it is ready to serve.
///
/// The body is the component, an image in a registry of OCI artifacts, or the package of a function that a runtime runs; its
/// configuration comes in the query, or, as everything about it can, in the first part of a form.
#[utoipa::path(
    put, path = paths::FUNCTION, operation_id = "deploy_function",
    params(
        ("name" = String, Path, description = "The function"),
        ("If-Match" = Option<String>, Header, description = "The revision to replace, or `*`"),
        ("If-None-Match" = Option<String>, Header, description = "`*`: only if it is new"),
    ),
    request_body(
        description = "The component or the package, a form of `configuration` (JSON) and `code`, or an image",
        content(
            (Binary = "application/wasm"),
            (Binary = "application/zip"),
            (DeployForm = "multipart/form-data"),
            (DeployImage = "application/json"),
        ),
    ),
    responses(
        (status = 200, description = "Updated", body = FunctionView),
        (status = 201, description = "Created", body = FunctionView),
        (status = 412, description = "It is at another revision",
         body = lambent_types::Problem, content_type = "application/problem+json"),
        (status = 422, description = "The component cannot be served",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn deploy(
    app: State,
    resource: Resource,
    Extension(Conditions { precondition, .. }): Extension<Conditions>,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    let function = resource.handle::<FunctionName>()?;
    let namespace = function.namespace();
    let (patch, code) = match media_type(request.headers()).as_deref() {
        Some(JSON) => {
            query::none(request.uri())?;
            let DeployImage { image, configuration } =
                json(request, &[JSON], "image", app.stall).await?;
            let deployed = function.deploy_image(&image, configuration, &precondition).await?;
            return Ok(answer(&app, deployed));
        }
        Some(FORM) => form(&app, namespace, request).await?,
        Some(kind) if kind == WASM || PACKAGES.contains(&kind) => {
            raw(&app, namespace, request).await?
        }
        _ => {
            return Err(unsupported(
                request.headers(),
                "application/wasm, application/zip, or application/json for an image",
            ));
        }
    };
    Ok(answer(&app, function.deploy(code, patch, &precondition).await?))
}

/// The answer to a deploy.
fn answer(app: &App, deployed: Deployed) -> Response {
    let view = view::of(&deployed.function, &app.urls);
    let view = FunctionView { warnings: deployed.warnings, ..view };
    let mut headers = view::headers(&view);
    if let Ok(location) = HeaderValue::from_str(&format!("/v1/functions/{}", view.name)) {
        headers.insert(LOCATION, location);
    }
    (status(deployed.created), headers, Json(view)).into_response()
}

/// A component or a package as the body, configured in the query.
async fn raw(
    app: &App,
    namespace: &Namespace,
    request: Request<Body>,
) -> Result<(ConfigurationPatch, Bytes), Refusal> {
    let patch = configuration_query::read(request.uri())?;
    let (code, _upload) = whole(app, namespace, request).await?;
    Ok((patch, code))
}

/// Code as the body, and the right to be among those that upload some, until what has to be done
/// with it in memory is done.
pub(super) async fn whole(
    app: &App,
    namespace: &Namespace,
    request: Request<Body>,
) -> Result<(Bytes, FairPermit), Refusal> {
    let (parts, body) = request.into_parts();
    let body = LimitedBody::new(&parts.headers, body, bounds::CODE_BYTES_MAX, app.stall)?;
    let body = body.charged(&app.hold(namespace))?;
    let upload = app.uploads.take(Some(namespace.clone())).await.map_err(crowded)?;
    Ok((body.whole().await?, upload))
}

/// The refusal of an upload that would wait behind too many.
fn crowded(full: Full) -> Refusal {
    Refusal::new(ErrorCode::Overloaded, format!("{full}; try again later"))
}

/// A form of configuration and code.
async fn form(
    app: &App,
    namespace: &Namespace,
    request: Request<Body>,
) -> Result<(ConfigurationPatch, Bytes), Refusal> {
    query::none(request.uri())?;
    let (parts, body) = request.into_parts();
    let limit = bounds::CODE_BYTES_MAX + JSON_BYTES_MAX + FORM_BYTES;
    let hold = app.hold(namespace);
    let intake = LimitedBody::new(&parts.headers, body, limit, app.stall)?;
    let body = Body::new(intake.charged(&hold)?);
    let _upload = app.uploads.take(Some(namespace.clone())).await.map_err(crowded)?;
    let mut form = Multipart::from_request(Request::from_parts(parts, body), &())
        .await
        .map_err(|error| Refusal::invalid(error.body_text()))?;
    let mut patch = None;
    let mut code = None;
    while let Some(field) = form.next_field().await.map_err(malformed)? {
        let name = field.name().unwrap_or_default().to_owned();
        match name.as_str() {
            "configuration" if patch.is_none() => {
                let json = field.bytes().await.map_err(malformed)?;
                if json.len() as u64 > JSON_BYTES_MAX {
                    return Err(LimitedBodyError::TooLarge(JSON_BYTES_MAX).into());
                }
                patch = Some(read_json(&json, "part \"configuration\"")?);
            }
            "code" if code.is_none() => code = Some(field.bytes().await.map_err(malformed)?),
            "configuration" | "code" => {
                return Err(Refusal::invalid(format!("the form has part {name:?} twice")));
            }
            _ => {
                let name: String = name.chars().take(64).collect();
                return Err(Refusal::invalid(format!(
                    "the form has part {name:?}; there are: configuration, code"
                )));
            }
        }
    }
    let code = code.ok_or_else(|| Refusal::invalid("the form has no part \"code\""))?;
    Ok((patch.unwrap_or_default(), held(code, hold)))
}

/// A form that cannot be read: because it is none, or its body did not come in.
fn malformed(error: axum::extract::multipart::MultipartError) -> Refusal {
    let mut cause: Option<&dyn std::error::Error> = Some(&error);
    while let Some(current) = cause {
        if let Some(intake) = current.downcast_ref::<LimitedBodyError>() {
            return (*intake).into();
        }
        cause = current.source();
    }
    Refusal::invalid(format!("the form is malformed: {}", error.body_text()))
}

/// Changes a function's configuration; what is not named stays.
#[utoipa::path(
    patch, path = paths::FUNCTION, operation_id = "configure_function",
    params(
        ("name" = String, Path, description = "The function"),
        ("If-Match" = Option<String>, Header, description = "The revision to change, or `*`"),
    ),
    request_body(
        content(
            (ConfigurationPatch = "application/json"),
            (ConfigurationPatch = "application/merge-patch+json"),
        ),
    ),
    responses(
        (status = 200, description = "The function", body = FunctionView),
        (status = 412, description = "It is at another revision",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn configure(
    app: State,
    resource: Resource,
    Extension(Conditions { precondition, .. }): Extension<Conditions>,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    let function = resource.handle::<FunctionName>()?;
    query::none(request.uri())?;
    let accepted = ["application/json", "application/merge-patch+json"];
    let patch = json(request, &accepted, "configuration", app.stall).await?;
    let function = function.configure(patch, &precondition).await?;
    let view = view::of(&function, &app.urls);
    Ok((view::headers(&view), Json(view)).into_response())
}

/// Deletes a function with all its versions.
#[utoipa::path(
    delete, path = paths::FUNCTION, operation_id = "delete_function",
    params(
        ("name" = String, Path, description = "The function"),
        ("If-Match" = Option<String>, Header, description = "The revision to delete, or `*`"),
    ),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "No such function",
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
    function.delete(&precondition).await?;
    Ok(StatusCode::NO_CONTENT)
}
