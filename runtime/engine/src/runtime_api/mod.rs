//! Lambda's Runtime API and Extensions API, as one instance reaches them.
//!
//! [`lifecycle`] is the state machine and knows no HTTP; [`server`] speaks HTTP/1.1 over the
//! connections that a guest opens; [`session`] joins the two for an instance.

pub(crate) mod answer;
mod body;
pub(crate) mod connection;
pub(crate) mod delivery;
pub(crate) mod extension_routes;
pub(crate) mod extensions;
mod fault;
mod headers;
pub(crate) mod lifecycle;
mod reply;
mod runtime_routes;
pub(crate) mod server;
pub(crate) mod session;
mod streaming;
#[cfg(test)]
mod tests;

pub(crate) use self::session::Session;
