use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::version_number::VersionNumber;

/// What was seen of a version since the present step of a release began, or the node started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct VersionStatistics {
    /// The version.
    #[schema(value_type = String)]
    pub version: VersionNumber,
    /// How many invocations ended, those left out that ended for a reason of their caller's or of
    /// the node's.
    pub invocations: u64,
    /// How many of them failed, or answered an HTTP request with a status of 500 or more.
    pub failures: u64,
    /// What 95 of 100 took at most, in microseconds; none if there were none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p95_duration_us: Option<u64>,
    /// Their fuel on average; none if there were none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fuel: Option<u64>,
}

/// What was seen of both versions of a release.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReleaseStatistics {
    /// The version before.
    pub from: VersionStatistics,
    /// The new version.
    pub to: VersionStatistics,
}
