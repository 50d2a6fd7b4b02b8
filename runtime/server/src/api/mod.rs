//! The native API: `/v1`, one file per resource.
//!
//! Handlers translate and nothing else: what may be done is decided by
//! `control` and `dispatch`. A `Refusal` becomes a
//! problem document where the request's id is known, outside of this module.

pub(crate) mod auth;

mod buckets;
mod code;
mod conditions;
mod event;
mod functions;
mod header;
mod intake;
mod invocations;
mod keys;
mod keyspaces;
mod logs;
mod messages;
mod named;
mod objects;
mod openapi;
mod parts;
mod query;
mod queues;
mod ranges;
mod resource;
mod routes;
mod schedules;
mod triggers;
mod uploads;
mod usage;
mod versions;
mod view;

pub(crate) use conditions::IGNORED;
pub use logs::{LogEntry, Logs};
pub use openapi::document as openapi;
pub(crate) use routes::router;
pub use view::{FunctionView, Functions, Versions};
