//! Running one invocation in one instance.

mod batch;
mod call;
mod command;
mod event;
mod flights;
pub(crate) mod http;
pub(crate) mod instance;
pub(crate) mod migrate;
pub(crate) mod shared;
