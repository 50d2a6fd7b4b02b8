//! What joins the engine to dispatch and to the service: which code is compiled,
//! mapped and loaded, the instances that wait for invocations, and running them.
//!
//! [`Host`] answers both: as [`Inspect`](lambent_service::Inspect) it prepares what
//! is deployed, as [`Runner`](lambent_dispatch::Runner) it runs what is called.

mod compiler;
mod errors;
mod follow;
mod host;
mod inspect;
mod instance_pools;
mod loader;
pub mod open_files;
mod runner;
mod slots;

pub use compiler::{COMPILE_WORKER, compile_worker};
pub use host::{Host, Setup};
pub use slots::{Full, Slot, Slots};
