//! The code of a function or a version: its component or its package.

use axum::response::{IntoResponse as _, Response};
use http::Uri;
use http::header::CONTENT_TYPE;
use lambent_api::{Binary, Qualified, WASM, ZIP, paths};
use lambent_types::FunctionName;

use super::query;
use super::resource::Resource;
use crate::problem::Refusal;

/// Downloads the component, or the package as a zip.
#[utoipa::path(
    get, path = paths::CODE, operation_id = "download_code",
    params(
        ("name" = String, Path, description = "The function"),
        Qualified,
    ),
    responses(
        (status = 200, description = "The code", content(
            (Binary = "application/wasm"),
            (Binary = "application/zip"),
        )),
        (status = 404, description = "No such function or version",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn download(resource: Resource, uri: Uri) -> Result<Response, Refusal> {
    let function = resource.handle::<FunctionName>()?;
    let query: Qualified = query::read(&uri)?;
    let code = function.code(&query.qualifier.unwrap_or_default()).await?;
    let kind = if code.starts_with(b"PK") { ZIP } else { WASM };
    Ok(([(CONTENT_TYPE, kind)], code).into_response())
}
