//! The component of a function or a version, as it was uploaded.

use axum::response::{IntoResponse as _, Response};
use http::Uri;
use http::header::CONTENT_TYPE;
use lambent_api::{Binary, Qualified, WASM, paths};
use lambent_types::FunctionName;

use super::query;
use super::resource::Resource;
use crate::problem::Refusal;

/// Downloads the component.
#[utoipa::path(
    get, path = paths::CODE, operation_id = "download_code",
    params(
        ("name" = String, Path, description = "The function"),
        Qualified,
    ),
    responses(
        (status = 200, description = "The component", body = Binary,
         content_type = "application/wasm"),
        (status = 404, description = "No such function or version",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn download(resource: Resource, uri: Uri) -> Result<Response, Refusal> {
    let function = resource.handle::<FunctionName>()?;
    let query: Qualified = query::read(&uri)?;
    let code = function.code(query.qualifier.unwrap_or_default()).await?;
    Ok(([(CONTENT_TYPE, WASM)], code).into_response())
}
