use jiff::Timestamp;
use lambent_types::Qualifier;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How many invocations of a function are reserved for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReserveConcurrency {
    /// How many may run at once, and nobody else's in their place; 0 switches the function off.
    pub reserved: u32,
}

/// How many invocations of a function run at once, and how many may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConcurrencyView {
    /// How many are reserved for it; `null` if it shares what is not with the others of its
    /// namespace.
    pub reserved: Option<u32>,
    /// How many run on this node.
    pub running: u64,
    /// How many of its namespace may run at once.
    pub limit: u64,
    /// How many of those are reserved for no function.
    pub unreserved: u64,
}

/// How many instances are to be kept ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProvisionInstances {
    /// How many: 1 to 1,000.
    pub instances: u32,
}

/// How it stands with instances that are kept ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProvisionedStatus {
    /// They are being made.
    InProgress,
    /// All are there.
    Ready,
    /// Some could not be made.
    Failed,
}

impl ProvisionedStatus {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "in-progress",
            Self::Ready => "ready",
            Self::Failed => "failed",
        }
    }
}

/// The instances that are kept ready of a version, or of what an alias leads to, on this node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProvisionedView {
    /// The version or the alias.
    #[schema(value_type = String)]
    pub qualifier: Qualifier,
    /// How many are to be.
    pub requested: u32,
    /// How many were made for that.
    pub allocated: u32,
    /// How many of them wait for an invocation.
    pub available: u32,
    /// How it stands.
    pub status: ProvisionedStatus,
    /// Why some could not be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When they were last asked for.
    #[schema(value_type = String, format = DateTime)]
    pub changed: Timestamp,
}

/// All instances that are kept ready of a function's versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProvisionedList {
    /// By qualifier.
    pub provisioned: Vec<ProvisionedView>,
}
