//! The composition root: listener, native API, function traffic, telemetry, drain.
//!
//! [`Server::start`] joins the engine to the service and to dispatch, and
//! serves them over one listener:
//!
//! 1. `listener` accepts as many connections as are allowed and `connection`
//!    speaks HTTP/1.1 or HTTP/2 on each, watching how long its peer takes;
//! 2. `request` gives every request an id and an answer, and asks `router`
//!    which door it is for, by host and then by path; the APIs among the doors are a
//!    table in `doors`;
//! 3. `traffic` takes function traffic to dispatch and back, without a
//!    framework in between; [`api`] serves `/v1`.
//!
//! Whatever is refused anywhere is a `Refusal` (`problem`), which its door writes: those there
//! are, as a problem document.

pub mod api;

mod auth;
mod aws;
mod backend;
mod body;
mod certificates;
mod compression;
mod connection;
mod connection_limits;
mod connection_timeouts;
mod cors;
mod credentials;
mod cross_site;
mod date;
pub mod doctor;
mod doors;
mod drain;
mod error;
mod forwarded;
mod gzip;
mod headers;
mod host_header;
mod image_registries;
mod lineage;
mod listener;
mod memory;
mod metrics;
mod min_rate;
mod node_secrets;
mod options;
mod own_doors;
mod problem;
mod reload;
mod request;
mod router;
mod rsa_key;
mod sched_slice;
mod server;
mod signed_request;
mod sites;
mod state;
mod timed_stream;
mod tls;
mod topic_outlet;
mod topic_signer;
mod traffic;
mod unread;
mod urls;
mod watchdog;
mod workers;

pub use backend::{Backend, StoreOptions};
pub use certificates::TlsError;
pub use credentials::{CredentialError, Credentials};
pub use error::{ServeError, StartError};
pub use ipnet::IpNet;
pub use lambent_host::{COMPILE_WORKER, compile_worker};
pub use lambent_storage::{QueueAttributes, Quota, Quotas, Redrive};
pub use lambent_storage_embedded::backup;
pub use node_secrets::KeyError;
pub use options::{InvalidOptions, Options, Timeouts, TlsFiles, TlsOptions};
pub use reload::Reload;
pub use server::{Engine, Server};
