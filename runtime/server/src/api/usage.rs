//! Usage, and what is held of each quota.

use axum::Json;
use axum::extract::Extension;
use http::Uri;
use jiff::Timestamp;
use lambent_api::{ReadUsage, UsageView, paths};
use lambent_service::UsageReport;

use super::extractors::Scope;
use super::query;
use crate::problem::Refusal;

/// What functions used, by hour, and what the namespace holds of each quota.
#[utoipa::path(
    get, path = paths::USAGE, operation_id = "read_usage",
    params(
        ReadUsage,
    ),
    responses((status = 200, description = "Usage by hour and function, and quotas", body = UsageView)),
)]
pub(super) async fn read(Extension(scope): Scope, uri: Uri) -> Result<Json<UsageView>, Refusal> {
    let ReadUsage { since, until } = query::read(&uri)?;
    let since = since.unwrap_or(Timestamp::UNIX_EPOCH);
    let until = until.unwrap_or(Timestamp::MAX);
    let UsageReport { usage, quotas } = scope.usage(since, until).await?;
    Ok(Json(UsageView { usage, quotas }))
}
