//! What a function may import beyond the basics: WASI's interfaces for keys
//! and values, objects, messages, settings and log lines, in every version
//! that components are built against, over the node's data; and outgoing HTTP.
//!
//! A function reaches only what its [`Grants`](lambent_types::Grants) name, and
//! by default nothing. What is refused, the function's log says together with
//! the grant that would allow it.
//!
//! What can be imported is in `interfaces/`, whose list says which there are; outgoing
//! `wasi:http`, 0.2 and 0.3, goes through `egress/`.
//! Exports that are not of the engine's own kinds are called from `run/`.

mod ctx;
mod cursor_key;
mod cursors;
mod egress;
mod error;
mod filesystem;
mod interfaces;
mod object_streams;
mod run;

use lambent_engine::{Builder, Engine, Options};

pub use ctx::{Ctx, Mount, Shared};
pub use egress::{
    Answerer, ApiBody, Connection, Destination, LINEAGE, Network, OwnDoors, Posting, Resolve,
};
pub use run::{Additions, event, prepare};

/// Starts building the engine whose guests may import all of this.
#[must_use]
pub fn engine(options: Options) -> Builder<Ctx> {
    Engine::builder(options).capability(interfaces::Interfaces)
}
