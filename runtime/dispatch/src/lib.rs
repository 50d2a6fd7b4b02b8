//! Event to outcome: resolve, admit, run, record.
//!
//! [`Dispatcher`] takes what the doors received and has a [`Runner`] run it,
//! within the node's concurrency limit, and writes a record of how every
//! invocation ended. It knows nothing of how components are run.
//!
//! [`Deliveries`] brings it everything that happens: changes of objects and keys,
//! messages, times, and asynchronous invocations.

mod admission;
mod callee;
mod caller;
mod cloud_event;
mod deliveries;
mod dispatcher;
mod handler;
mod invoke;
mod invoked;
mod lambda;
mod limits;
mod message_digest;
mod message_notes;
mod observe;
mod options;
mod receipt_handle;
mod recursion;
mod releases;
mod resolve;
mod run;
mod runner;
mod scaling;
mod streaming;
mod usage;

pub use callee::Callee;
pub use caller::Caller;
pub use deliveries::{
    Deliveries, DeliveryStores, LastError, Post, Signed, TopicOutlet, TriggerStatus,
};
pub use dispatcher::Dispatcher;
pub use invoked::{HttpInvoked, Invoked, InvokedStream, Reply};
pub use message_digest::{DigestedAttribute, md5_of_attributes, md5_of_body};
pub use message_notes::{GROUP, SENDER, TRACE_HEADER, queue_facts};
pub use observe::{Delivered, Observe, TopicEvent, Unobserved};
pub use options::Options;
pub use receipt_handle::{receipt_handle, receipt_of_handle};
pub use resolve::{DecidedBy, Resolved};
pub use runner::{BeginStream, Body, BoxError, Call, Finish, Finished, HttpOutcome, Piece, Runner};
