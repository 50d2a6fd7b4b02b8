//! Decisions about what has a name: functions (deploy, configure, publish, roll
//! back, delete), and buckets, keyspaces, queues, triggers and schedules.
//!
//! [`Control`] is the only writer of the registry. It knows nothing of how
//! components are compiled: that is behind [`Inspect`].

pub mod explain;

mod collect;
mod control;
mod deploy;
mod errors;
mod inspect;
mod resources;

pub use control::{Control, Deployed, Published};
pub use inspect::{Inspect, Inspected};
pub use resources::Put;
