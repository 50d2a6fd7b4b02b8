use lambent_types::Site;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::lenient;

/// A site as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SiteView {
    /// The site.
    #[serde(flatten)]
    pub site: Site,
    /// Every base URL of it, ending in a slash.
    pub urls: Vec<String>,
    /// What its user may not have meant, in the answer to a change of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// The members beside those of the site.
#[derive(Deserialize)]
struct Beside {
    #[serde(default)]
    urls: Vec<String>,
    warning: Option<String>,
}

impl<'de> Deserialize<'de> for SiteView {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = Value::deserialize(deserializer)?;
        let Beside { urls, warning } = lenient::of(&members)?;
        Ok(Self { site: lenient::of(&members)?, urls, warning })
    }
}
