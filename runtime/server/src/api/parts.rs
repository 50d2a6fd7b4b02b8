//! What handlers are given of a request.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use http::request;
use lambent_types::{ErrorCode, FunctionName, Namespace, Qualifier};

use super::query::Params;
use crate::problem::Refusal;
use crate::state::App;

/// The shared state.
pub(super) type State = axum::extract::State<Arc<App>>;

/// The function that the path names, in the namespace of the caller's key.
pub(super) struct Named {
    pub(super) namespace: Namespace,
    pub(super) name: FunctionName,
    /// The version that the path names, if it names one.
    pub(super) number: Option<u64>,
}

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut request::Parts, state: &S) -> Result<Self, Refusal> {
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| Refusal::invalid("the path is not UTF-8"))?;
        let mut name = None;
        let mut number = None;
        for (key, value) in &params {
            match key {
                "name" => name = Some(function_name(value)?),
                _ => number = Some(version_number(value)?),
            }
        }
        let name = name.ok_or_else(|| Refusal::invalid("the path names no function"))?;
        Ok(Self { namespace: Namespace::default(), name, number })
    }
}

pub(super) fn function_name(text: &str) -> Result<FunctionName, Refusal> {
    text.parse().map_err(|error: lambent_types::InvalidName| {
        Refusal::new(ErrorCode::InvalidName, error.to_string())
    })
}

fn version_number(text: &str) -> Result<u64, Refusal> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => {
            let text: String = text.chars().take(64).collect();
            let detail = format!("version {text:?} is not a number such as 3");
            Err(Refusal::new(ErrorCode::InvalidName, detail))
        }
    }
}

/// The query parameter `qualifier`.
pub(super) fn qualifier(params: &Params) -> Result<Qualifier, Refusal> {
    match params.text("qualifier") {
        None => Ok(Qualifier::Latest),
        Some(text) => text.parse().map_err(|error| {
            let detail = format!("query parameter \"qualifier\": {error}");
            Refusal::invalid(detail)
        }),
    }
}
