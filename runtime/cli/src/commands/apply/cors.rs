//! What pages of other origins may do, as a `lambent.toml` says it of sites and functions.

use lambent_types as types;
use serde::Deserialize;
use utoipa::ToSchema;

use super::units::Milliseconds;

/// What pages of other origins may do.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Cors {
    /// The origins whose pages may read the responses; `*` is any.
    allow_origins: Vec<String>,
    /// The methods that they may use, beside GET, HEAD and POST; `*` is any.
    #[serde(default)]
    allow_methods: Vec<String>,
    /// The header fields that they may send; `*` is any but `authorization`.
    #[serde(default)]
    allow_headers: Vec<String>,
    /// The header fields that they may read.
    #[serde(default)]
    expose_headers: Vec<String>,
    /// Whether cookies come with their requests.
    #[serde(default)]
    allow_credentials: bool,
    /// How long a browser need not ask again: at most 24h.
    #[schema(value_type = Option<String>, example = "1h")]
    max_age: Option<Milliseconds>,
}

impl Cors {
    pub(super) fn settings(&self) -> types::Cors {
        types::Cors {
            allow_origins: self.allow_origins.clone(),
            allow_methods: self.allow_methods.clone(),
            allow_headers: self.allow_headers.clone(),
            expose_headers: self.expose_headers.clone(),
            allow_credentials: self.allow_credentials,
            max_age: self
                .max_age
                .map_or(0, |age| u32::try_from(age.0.div_ceil(1000)).unwrap_or(u32::MAX)),
        }
    }
}
