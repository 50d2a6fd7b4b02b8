use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::bindings::lambent::function::types as wit;

/// The invocation that is being handled.
///
/// Every method asks the host, so the answers are those of the moment.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a>(&'a wit::Context);

impl<'a> Context<'a> {
    pub(crate) fn new(context: &'a wit::Context) -> Self {
        Self(context)
    }

    /// The id of this invocation, as callers and logs see it. Another attempt at
    /// the same event has another one: to recognise an event, use its own id.
    #[must_use]
    pub fn invocation_id(&self) -> String {
        self.0.invocation_id()
    }

    /// The namespace the function is in.
    #[must_use]
    pub fn namespace(&self) -> String {
        self.0.namespace()
    }

    /// The name of the function.
    #[must_use]
    pub fn function(&self) -> String {
        self.0.function()
    }

    /// The version that runs: a number, or `$LATEST`.
    #[must_use]
    pub fn version(&self) -> String {
        self.0.version()
    }

    /// The alias it was called by, if it was called by one.
    #[must_use]
    pub fn alias(&self) -> Option<String> {
        self.0.alias()
    }

    /// When the invocation will be ended if it has not ended by itself.
    #[must_use]
    pub fn deadline(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_nanos(self.0.deadline())
    }

    /// How long there is until the deadline; zero once it has passed.
    #[must_use]
    pub fn time_left(&self) -> Duration {
        self.deadline().duration_since(SystemTime::now()).unwrap_or_default()
    }

    /// The memory the function may use, in bytes: all memories and tables together.
    #[must_use]
    pub fn memory_limit(&self) -> u64 {
        self.0.memory_limit()
    }

    /// The fuel that is left of the invocation's budget, as of this call.
    #[must_use]
    pub fn fuel_left(&self) -> u64 {
        self.0.fuel_left()
    }

    /// The W3C `traceparent` to continue, if the caller sent one.
    #[must_use]
    pub fn trace_parent(&self) -> Option<String> {
        self.0.trace_parent()
    }

    /// Who called, if that is known.
    #[must_use]
    pub fn principal(&self) -> Option<String> {
        self.0.principal()
    }

    /// What the door that the event came through adds, by name: for example
    /// `aws.invoked-function-arn`.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<String> {
        self.0.attribute(name)
    }
}
