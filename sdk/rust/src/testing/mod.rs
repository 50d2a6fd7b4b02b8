//! What a handler needs in `cargo test`, on the machine itself and without a node: stores in
//! memory in the place of the host's, an invocation, and events.
//!
//! ```
//! use lambent_sdk::testing::{Access, Host, Invocation, events};
//! use lambent_sdk::{Context, Failure, ObjectEvent};
//!
//! fn handle(event: ObjectEvent, _context: Context) -> Result<u64, Failure> {
//!     # #[cfg(all(feature = "bucket", feature = "keyspace"))]
//!     # {
//!     use lambent_sdk::{bucket::Bucket, keyspace::Keyspace};
//!
//!     let photo = Bucket::open(&event.bucket)?.get(&event.key)?;
//!     Keyspace::open("sizes")?.set(&event.key, photo.len().to_string())?;
//!     # }
//!     Ok(event.size)
//! }
//!
//! let host = Host::new().bucket("photos", Access::Read).keyspace("sizes", Access::Write);
//! host.put("photos", "cat.jpg", "three");
//! let event = events::object_created("photos", "cat.jpg", 5);
//! assert_eq!(handle(event, Invocation::new().context()).unwrap(), 5);
//! # #[cfg(all(feature = "bucket", feature = "keyspace"))]
//! assert_eq!(host.get("sizes", "cat.jpg"), Some(b"5".to_vec()));
//! ```
//!
//! The stores keep to what a node promises as far as a function can tell: grants, the errors of
//! what was not granted or is too large, the order of keys, compare and swap. They run no triggers,
//! keep nothing, and have no quotas, fuel or deadlines.

#[cfg(feature = "bucket")]
pub(crate) mod bucket;
pub mod events;
#[cfg_attr(
    not(all(feature = "bucket", feature = "keyspace", feature = "queue")),
    allow(dead_code, reason = "some of it is for features that are off")
)]
mod host;
#[cfg(feature = "keyspace")]
pub(crate) mod keyspace;
#[cfg(feature = "queue")]
pub(crate) mod queue;

pub use host::{Access, Host, Sent};

pub use crate::invocation::Invocation;

/// What a node takes at most, in bytes: a key of a keyspace or of a bucket, a value, a message
/// with its attributes, and the attributes alone.
#[doc(hidden)]
pub mod limits {
    pub const KEY: usize = 1024;
    pub const VALUE: usize = 1 << 20;
    pub const OBJECT_KEY: usize = 1024;
    pub const ATTRIBUTES: usize = 16 << 10;
}
