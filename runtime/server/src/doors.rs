//! The doors. Each API is a row of one table, which says all that the rest of the server has
//! to know of it.

use std::iter;
use std::sync::Arc;

use axum::Router;

use crate::api;
use crate::problem::{self, Render};
use crate::state::App;

/// The APIs. The first whose prefix fits serves a request.
static APIS: &[ApiDoor] =
    &[ApiDoor { name: "api", prefix: "/v1", router: api::router, render: problem::document }];

/// The door of an API.
struct ApiDoor {
    /// What the metrics call it.
    name: &'static str,
    /// The path that it serves, and everything below.
    prefix: &'static str,
    /// Makes what serves it. A `Refusal` among its responses is written by `render`.
    router: fn(Arc<App>) -> Router,
    /// How it writes a request's refusal, wherever that was decided.
    render: Render,
}

/// One of the APIs, by its place among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Api(usize);

impl Api {
    /// The API that serves `path`.
    pub(crate) fn at(path: &str) -> Option<Self> {
        APIS.iter().position(|api| below(path, api.prefix).is_some()).map(Self)
    }
}

/// What follows `prefix` in `path`: nothing, or something that begins with a slash.
pub(crate) fn below<'p>(path: &'p str, prefix: &str) -> Option<&'p str> {
    path.strip_prefix(prefix).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The door that a request came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// Function traffic.
    Function,
    /// Sites.
    Site,
    /// An API.
    Api(Api),
    /// AWS's tools.
    Aws,
    /// Health and metrics, and wherever nothing is.
    Other,
}

impl Door {
    const FUNCTION: &str = "function";
    const SITE: &str = "site";
    const AWS: &str = "aws";
    const OTHER: &str = "other";

    /// The names of all doors.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        let apis = APIS.iter().map(|api| api.name);
        [Self::FUNCTION, Self::SITE, Self::AWS]
            .into_iter()
            .chain(apis)
            .chain(iter::once(Self::OTHER))
    }

    /// What the metrics call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Function => Self::FUNCTION,
            Self::Site => Self::SITE,
            Self::Aws => Self::AWS,
            Self::Api(Api(index)) => APIS[index].name,
            Self::Other => Self::OTHER,
        }
    }

    /// How it writes a refusal.
    pub(crate) fn render(self) -> Render {
        match self {
            Self::Api(Api(index)) => APIS[index].render,
            Self::Function | Self::Site | Self::Aws | Self::Other => problem::document,
        }
    }
}

/// What all doors are served with.
pub(crate) struct Doors {
    pub(crate) app: Arc<App>,
    /// In the order of [`APIS`].
    routers: Vec<Router>,
}

impl Doors {
    pub(crate) fn new(app: Arc<App>) -> Self {
        let routers = APIS.iter().map(|api| (api.router)(app.clone())).collect();
        Self { app, routers }
    }

    /// What serves `api`.
    pub(crate) fn router(&self, Api(index): Api) -> Router {
        self.routers[index].clone()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn doors_are_told_apart() {
        let names: Vec<_> = Door::names().collect();
        let distinct: HashSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len(), "{names:?}");
        for (index, api) in APIS.iter().enumerate() {
            assert_eq!(Api::at(&format!("{}/x", api.prefix)), Some(Api(index)), "{}", api.name);
        }
    }
}
