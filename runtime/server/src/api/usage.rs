//! Usage, and what is held of each quota.

use axum::Json;
use axum::extract::Extension;
use http::Uri;
use jiff::Timestamp;
use lambent_service::{Holding, UsageRecord, UsageReport};
use serde::Serialize;
use utoipa::ToSchema;

use super::parts::Scope;
use super::query::Params;
use crate::problem::Refusal;

/// What functions used, by hour, and what the namespace holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct UsageView {
    /// By hour and function.
    pub(super) usage: Vec<UsageRecord>,
    /// What is held now, and how much may be.
    pub(super) quotas: Vec<Holding>,
}

/// What functions used, by hour, and what the namespace holds of each quota.
#[utoipa::path(
    get, path = "/v1/usage", operation_id = "read_usage",
    params(
        ("since" = Option<String>, Query, description = "Hours that begin then or later, RFC 3339"),
        ("until" = Option<String>, Query, description = "Hours that begin before"),
    ),
    responses((status = 200, description = "Usage by hour and function, and quotas", body = UsageView)),
)]
pub(super) async fn read(Extension(scope): Scope, uri: Uri) -> Result<Json<UsageView>, Refusal> {
    let params = Params::read(&uri, &["since", "until"])?;
    let time = |name| {
        let wanted = "a time such as 2026-01-31T12:00:00Z";
        params.parse(name, wanted, |text| text.parse::<Timestamp>().ok())
    };
    let since = time("since")?.unwrap_or(Timestamp::UNIX_EPOCH);
    let until = time("until")?.unwrap_or(Timestamp::MAX);
    let UsageReport { usage, quotas } = scope.usage(since, until).await?;
    Ok(Json(UsageView { usage, quotas }))
}
