//! The native API: `/v1`, one file per resource.
//!
//! Handlers translate and nothing else: what may be done is decided by
//! `service` and `dispatch`. A `Refusal` becomes a
//! problem document where the request's id is known, outside of this module.

/// Gives a macro the kinds of resources that are served alike. Each is one of
/// [`lambent_api::kinds`], and `Served` in a file here.
macro_rules! each_kind {
    ($write:ident) => {
        $write! {
            Bucket,
            Keyspace,
            Table,
            Queue,
            Topic,
            Subscription,
            Trigger,
            Schedule,
            Site,
            Volume,
        }
    };
}

mod access_keys;
mod aliases;
mod buckets;
mod code;
mod concurrency;
mod conditions;
mod configuration_query;
mod event;
mod extractors;
mod functions;
mod header;
mod invocations;
mod items;
mod keys;
mod keyspaces;
mod kinds;
mod layers;
mod limited_body;
mod logs;
mod messages;
mod named_body;
mod namespaces;
mod objects;
mod openapi;
mod parameters;
mod query;
mod queues;
mod ranges;
mod releases;
mod resource;
mod routes;
mod runtimes;
mod schedules;
mod secrets;
mod sites;
mod streams;
mod table_backups;
mod tables;
mod topics;
mod triggers;
mod uploads;
mod usage;
mod versions;
mod view;
mod volumes;

pub(crate) use limited_body::{LimitedBody, LimitedBodyError};
pub(crate) use objects::read_object;
pub use openapi::document as openapi;
pub(crate) use routes::router;
