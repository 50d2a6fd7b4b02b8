use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::bindings::function::lambent::function::types as wit;

/// The invocation that is being handled.
///
/// Every method asks the host, so each answer is of the moment of the call.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a>(&'a wit::Context);

impl<'a> Context<'a> {
    pub(crate) fn new(context: &'a wit::Context) -> Self {
        Self(context)
    }

    /// Returns the id of this invocation, as callers and logs see it. Another attempt at
    /// the same event has another id: to recognise an event, use the event's own id.
    #[must_use]
    pub fn invocation_id(&self) -> String {
        self.0.invocation_id()
    }

    /// Returns the namespace of the function.
    #[must_use]
    pub fn namespace(&self) -> String {
        self.0.namespace()
    }

    /// Returns the name of the function.
    #[must_use]
    pub fn function(&self) -> String {
        self.0.function()
    }

    /// Returns the version that runs: a number, or `$LATEST`.
    #[must_use]
    pub fn version(&self) -> String {
        self.0.version()
    }

    /// Returns the alias that the function was called by, if there was one.
    #[must_use]
    pub fn alias(&self) -> Option<String> {
        self.0.alias()
    }

    /// Returns the time at which the invocation is ended, if it does not end before.
    #[must_use]
    pub fn deadline(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_nanos(self.0.deadline())
    }

    /// Returns the time that is left until the deadline; zero once it has passed.
    #[must_use]
    pub fn time_left(&self) -> Duration {
        self.deadline().duration_since(SystemTime::now()).unwrap_or_default()
    }

    /// Returns the memory that the function may use, in bytes: all memories and tables
    /// together.
    #[must_use]
    pub fn memory_limit(&self) -> u64 {
        self.0.memory_limit()
    }

    /// Returns the fuel that is left of the invocation's budget.
    #[must_use]
    pub fn fuel_left(&self) -> u64 {
        self.0.fuel_left()
    }

    /// Returns the W3C `traceparent` to continue, if the caller sent one.
    #[must_use]
    pub fn trace_parent(&self) -> Option<String> {
        self.0.trace_parent()
    }

    /// Returns the caller, if it is known.
    #[must_use]
    pub fn principal(&self) -> Option<String> {
        self.0.principal()
    }

    /// Returns, by name, what the door added that the event came through, such as
    /// `aws.invoked-function-arn`.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<String> {
        self.0.attribute(name)
    }
}
