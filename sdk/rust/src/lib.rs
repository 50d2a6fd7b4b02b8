#![doc = include_str!("../README.md")]

#[doc(hidden)]
pub mod bindings;
mod context;
mod event;
mod failure;
mod handler;
mod output;
mod panics;

pub use context::Context;
pub use event::{Event, FromEvent};
pub use failure::{Failure, Retry};
pub use lambent_sdk_macros::handler;
pub use output::{IntoOutput, Output};

/// What `#[handler]` expands to; not for other use, and free to change.
#[doc(hidden)]
pub mod __private {
    pub use crate::bindings;
    pub use crate::bindings::export;
    pub use crate::bindings::exports::lambent::function::handler::{
        Context, Event, Failure, Guest, Output,
    };
    pub use crate::handler::{Outcome, run};
}
