//! Names in paths.

use std::fmt::Display;
use std::str::FromStr;

use axum::extract::{FromRequestParts, RawPathParams};
use http::{StatusCode, request};
use lambent_types::{ErrorCode, Namespace};

use crate::problem::Refusal;

/// The resource that the path names, in the namespace of the caller's key.
pub(super) struct Resource<N> {
    pub(super) namespace: Namespace,
    pub(super) name: N,
    /// What the path names within it, if anything.
    pub(super) item: Option<String>,
}

impl<S, N> FromRequestParts<S> for Resource<N>
where
    S: Send + Sync,
    N: FromStr,
    N::Err: Display,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut request::Parts, state: &S) -> Result<Self, Refusal> {
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| Refusal::invalid("the path is not UTF-8"))?;
        let mut name = None;
        let mut item = None;
        for (key, value) in &params {
            match key {
                "name" => {
                    let parsed = value.parse().map_err(|error: N::Err| {
                        Refusal::new(ErrorCode::InvalidName, error.to_string())
                    })?;
                    name = Some(parsed);
                }
                _ => item = Some(value.to_owned()),
            }
        }
        let name = name.ok_or_else(|| Refusal::invalid("the path names nothing"))?;
        Ok(Self { namespace: Namespace::default(), name, item })
    }
}

/// The status of a resource that was put.
pub(super) const fn status(created: bool) -> StatusCode {
    if created { StatusCode::CREATED } else { StatusCode::OK }
}
