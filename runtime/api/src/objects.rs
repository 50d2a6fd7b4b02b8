use std::collections::BTreeMap;

use crate::query;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// An object as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ObjectView {
    /// Its key.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
    /// What `ETag` carries.
    pub etag: String,
    /// Its media type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// The header fields it is given out with, beside its media type.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// What its writer attached.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// When it was written.
    #[schema(value_type = String, format = DateTime)]
    pub modified: Timestamp,
    /// Grows with every change of the bucket.
    pub sequence: u64,
}

/// A page of objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Objects {
    /// The objects, in the order of their keys' bytes.
    pub objects: Vec<ObjectView>,
    /// With a delimiter: what keys below it begin with, each once.
    pub common_prefixes: Vec<String>,
    /// What to give as `after` for the next page; null if this is the last.
    pub next: Option<String>,
}

/// Which objects to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct ListObjects {
    /// Only keys that begin so
    pub prefix: Option<String>,
    /// Groups keys by what comes before it after the prefix
    pub delimiter: Option<String>,
    /// Only keys and prefixes after this
    pub after: Option<String>,
    /// At most this many: 1 to 1,000
    #[serde(deserialize_with = "query::limit::<_, { lambent_types::bounds::PAGE_MAX }>")]
    #[param(value_type = Option<u32>)]
    pub limit: Option<usize>,
}
