//! The ways in which a component is invoked.

mod batch;
mod call;
mod command;
mod event;
pub(crate) mod http;
mod http_shared;
mod program;
pub(crate) mod snapshot;
