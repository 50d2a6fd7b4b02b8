use lambent_types::{AliasName, Release, ReleaseState, ReleaseStatistics};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How an alias goes over from one version to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReleaseView {
    /// The alias.
    #[schema(value_type = String)]
    pub alias: AliasName,
    /// The release.
    #[serde(flatten)]
    pub release: Release,
    /// What this node has seen of the two versions; none if the release is not under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statistics: Option<ReleaseStatistics>,
}

/// The releases of a function's aliases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReleaseList {
    /// By alias: each that is under way, or else the last.
    pub releases: Vec<ReleaseView>,
}

/// The state that a release is to be in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeRelease {
    /// `paused`, `running` (a release that is paused goes on), `promoted` or `rolled-back`.
    pub state: ReleaseState,
    /// Why it is rolled back, in at most 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
