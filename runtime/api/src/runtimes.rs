use lambent_types::{RuntimeName, RuntimeVersion};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A runtime as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuntimeView {
    /// Its name.
    #[schema(value_type = String)]
    pub name: RuntimeName,
    /// AWS's names of runtimes whose functions it runs.
    pub aliases: Vec<String>,
    /// Its versions from the oldest that is kept to the one in use.
    pub versions: Vec<RuntimeVersion>,
}

/// Runtimes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Runtimes {
    /// The runtimes, by name.
    pub runtimes: Vec<RuntimeView>,
}
