//! The component of a function or a version, as it was uploaded.

use axum::response::{IntoResponse as _, Response};
use http::Uri;
use http::header::CONTENT_TYPE;

use super::binary::Binary;
use super::functions::WASM;
use super::parts::qualifier;
use super::query::Params;
use super::resource::Resource;
use crate::problem::Refusal;

/// Downloads the component.
#[utoipa::path(
    get, path = "/v1/functions/{name}/code", operation_id = "download_code",
    params(
        ("name" = String, Path, description = "The function"),
        ("qualifier" = Option<String>, Query, description = "`$LATEST`, or a version's number"),
    ),
    responses(
        (status = 200, description = "The component", body = Binary,
         content_type = "application/wasm"),
        (status = 404, description = "No such function or version",
         body = lambent_types::Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn download(resource: Resource, uri: Uri) -> Result<Response, Refusal> {
    let function = resource.function()?;
    let params = Params::read(&uri, &["qualifier"])?;
    let code = function.code(qualifier(&params)?).await?;
    Ok(([(CONTENT_TYPE, WASM)], code).into_response())
}
