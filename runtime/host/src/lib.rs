//! What joins the engine to dispatch and to the service: which code is compiled,
//! mapped and loaded, the instances that wait for invocations, and running them.
//!
//! [`Host`] answers both: as [`Inspect`](lambent_service::Inspect) it prepares what
//! is deployed, as [`Runner`](lambent_dispatch::Runner) it runs what is called.

mod compiler;
mod environment;
mod errors;
mod fair_semaphore;
mod follow;
mod freezing;
mod host;
mod inspect;
mod instance_pools;
mod loaded_version;
mod loader;
pub mod open_files;
mod packages;
mod preparation;
mod provision;
mod provisioning;
mod runner;
mod runtimes;
mod snapshots;

pub use compiler::{COMPILE_WORKER, Confinement, compile_worker, confinement};
pub use fair_semaphore::{FairPermit, FairSemaphore, Full};
pub use host::{Host, Setup};
