#![doc = include_str!("../README.md")]

mod batch;
#[doc(hidden)]
pub mod bindings;
#[cfg(feature = "bucket")]
pub mod bucket;
mod context;
mod event;
mod events;
mod failure;
mod handler;
#[cfg(not(target_family = "wasm"))]
mod invocation;
#[cfg(feature = "keyspace")]
pub mod keyspace;
mod output;
mod panics;
#[cfg(feature = "queue")]
pub mod queue;
#[cfg(not(target_family = "wasm"))]
pub mod testing;

pub use batch::{Batch, Item, ItemFailure};
pub use context::Context;
pub use event::{Event, FromEvent};
pub use events::{KeyChange, KeyEvent, ObjectChange, ObjectEvent, QueueMessage, ScheduledEvent};
pub use failure::{Failure, Retry};
pub use lambent_sdk_macros::{batch_handler, handler};
pub use output::{IntoOutput, Output};

/// The code that `#[handler]` and `#[batch_handler]` expand to. It is not for other
/// use, and may change at any time.
#[doc(hidden)]
pub mod __private {
    pub use crate::batch::{BatchOutcome, FromEvents};
    pub use crate::bindings;
    pub use crate::bindings::function::lambent::function::types::{
        Context, Event, Failure, Output,
    };
    pub use crate::handler::{Outcome, run, run_batch};
}

/// The examples in Rust of the book are tested with those of this crate.
#[cfg(doctest)]
#[allow(rustdoc::invalid_codeblock_attributes, reason = "the book's fences say more")]
#[doc = include_str!("../../../runtime/docs/src/tasks/stores.md")]
#[doc = include_str!("../../../runtime/docs/src/tasks/testing.md")]
struct Book;
