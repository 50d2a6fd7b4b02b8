use std::time::Duration;

use crate::query;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A page of keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Keys {
    /// The keys, in the order of their bytes.
    pub keys: Vec<String>,
    /// What to give as `after` for the next page; null if this is the last.
    pub next: Option<String>,
}

/// One change of a batch: `set` with `text` or `base64`, or `delete`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchChange {
    /// The key to set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set: Option<String>,
    /// The key to delete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete: Option<String>,
    /// The value, if it is text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The value in base64, if it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
    /// Milliseconds that it lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl_ms: Option<u64>,
    /// The revision the key must have; 0: it must have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
}

/// Changes to make, all or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// The changes, in their order: at most 1,000.
    #[serde(
        deserialize_with = "crate::lists::at_most::<_, _, { lambent_types::bounds::BATCH_MAX }>"
    )]
    pub changes: Vec<BatchChange>,
}

/// The revisions that a batch made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Revisions {
    /// That of each change; null where there was nothing to delete.
    pub revisions: Vec<Option<u64>>,
}

/// A counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Counter {
    /// What it is now.
    pub value: i64,
}

/// Which keys to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct ListKeys {
    /// Only keys that begin so
    pub prefix: Option<String>,
    /// Only keys after this
    pub after: Option<String>,
    /// At most this many: 1 to 1,000; 100 if absent
    #[serde(deserialize_with = "query::limit::<_, { lambent_types::bounds::PAGE_MAX }>")]
    #[param(value_type = Option<u32>)]
    pub limit: Option<usize>,
}

/// How a key is set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct SetKey {
    /// How long it lives: `60s`
    #[serde(serialize_with = "query::write_duration", deserialize_with = "query::ttl")]
    #[param(value_type = Option<String>)]
    pub ttl: Option<Duration>,
}

/// How a counter is changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct Increment {
    /// How much to add; 1 if absent
    #[serde(deserialize_with = "query::whole_number")]
    pub by: Option<i64>,
}
