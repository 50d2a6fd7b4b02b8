use crate::query;
use jiff::Timestamp;
use lambent_types::{Holding, UsageRecord};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What functions used, by hour, and what the namespace holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsageView {
    /// By hour and function.
    pub usage: Vec<UsageRecord>,
    /// What is held now, and how much may be.
    pub quotas: Vec<Holding>,
}

/// Which hours of usage to read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct ReadUsage {
    /// Hours that begin then or later, RFC 3339
    #[serde(deserialize_with = "query::time")]
    #[param(value_type = Option<String>)]
    pub since: Option<Timestamp>,
    /// Hours that begin before
    #[serde(deserialize_with = "query::time")]
    #[param(value_type = Option<String>)]
    pub until: Option<Timestamp>,
}
