//! Decisions about functions: deploy, configure, publish, roll back, delete.
//!
//! [`Control`] is the only writer of the registry. It knows nothing of how
//! components are compiled: that is behind [`Inspect`].

mod collect;
mod control;
mod deploy;
mod errors;
mod inspect;

pub use control::{Control, Deployed, Published};
pub use inspect::{Inspect, Inspected};
