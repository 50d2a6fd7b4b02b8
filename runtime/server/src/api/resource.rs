//! Names in paths.

use axum::extract::{FromRequestParts, RawPathParams};
use http::{StatusCode, request};
use lambent_service::{Handle, ResourceName, Scope};
use lambent_types::{Error, ErrorCode};

use crate::problem::Refusal;

/// The resource that the path names, for whoever asks.
pub(super) struct Resource {
    /// Who asks, and where.
    pub(super) scope: Scope,
    /// Its name as the path has it.
    pub(super) name: String,
    /// What the path names within it, if anything.
    pub(super) item: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Resource {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut request::Parts, state: &S) -> Result<Self, Refusal> {
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| Refusal::invalid("the path is not UTF-8"))?;
        let (mut name, mut item) = (None, None);
        for (key, value) in &params {
            let part = if key == "name" { &mut name } else { &mut item };
            *part = Some(value.to_owned());
        }
        // What is all that a path names may have slashes.
        let name = name
            .or_else(|| item.take())
            .ok_or_else(|| Refusal::invalid("the path names nothing"))?;
        Ok(Self { scope: scope(parts)?, name, item })
    }
}

/// The scope that the request was let in with.
fn scope(parts: &request::Parts) -> Result<Scope, Refusal> {
    let none = || Refusal::new(ErrorCode::Internal, "the request came in without a scope");
    parts.extensions.get::<Scope>().cloned().ok_or_else(none)
}

impl Resource {
    /// The handle of the resource, which is of this kind.
    pub(super) fn handle<N: ResourceName>(&self) -> Result<Handle<'_, N>, Error>
    where
        Scope: AsRef<N::Scope>,
    {
        self.scope.handle(&self.name)
    }

    /// The key, the receipt or the upload that the path names.
    pub(super) fn item(&self) -> &str {
        self.item.as_deref().unwrap_or_default()
    }
}

/// The status of a resource that was put.
pub(super) const fn status(created: bool) -> StatusCode {
    if created { StatusCode::CREATED } else { StatusCode::OK }
}
