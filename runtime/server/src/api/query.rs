//! Query parameters.

use http::Uri;
use lambent_api::query::{InvalidQuery, NoQuery};
use serde::de::DeserializeOwned;

use crate::problem::Refusal;

/// Reads the query of `uri`, of which the members of `T` are the parameters.
pub(super) fn read<T: DeserializeOwned>(uri: &Uri) -> Result<T, Refusal> {
    Ok(lambent_api::query::read(uri.query().unwrap_or_default())?)
}

/// Refuses every parameter.
pub(super) fn none(uri: &Uri) -> Result<(), Refusal> {
    read::<NoQuery>(uri).map(drop)
}

impl From<InvalidQuery> for Refusal {
    fn from(error: InvalidQuery) -> Self {
        Self::invalid(error.to_string())
    }
}
