use crate::query;
use lambent_types::{Alias, AliasName};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A page of the aliases of a function, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AliasList {
    /// The aliases.
    pub aliases: Vec<Alias>,
    /// Where the next page begins (`after`); `null` if this is the last.
    #[schema(value_type = Option<String>)]
    pub next: Option<AliasName>,
}

/// Which aliases of a function to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct ListAliases {
    /// Only names that follow this one
    #[param(value_type = Option<String>)]
    pub after: Option<AliasName>,
    /// At most this many: 1 to 1,000; 100 if absent
    #[serde(deserialize_with = "query::limit::<_, 1000>")]
    #[param(value_type = Option<u32>)]
    pub limit: Option<usize>,
}
