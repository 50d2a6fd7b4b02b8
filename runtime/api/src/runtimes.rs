use lambent_types::{RuntimeName, RuntimeVersion};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::query;

/// Most characters of what a runtime was fetched from.
const SOURCE_CHARS_MAX: usize = 1024;

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

/// What is said of a runtime that is installed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct InstallRuntime {
    /// What it was fetched from, which is shown with it: a URL or a reference
    #[serde(deserialize_with = "source", skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

fn source<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let wanted = format!("a URL or reference of at most {SOURCE_CHARS_MAX} characters");
    query::parsed(deserializer, &wanted, |text| {
        let fits = (1..=SOURCE_CHARS_MAX).contains(&text.chars().count());
        (fits && !text.contains(char::is_control)).then(|| text.to_owned())
    })
}
