use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::bindings::function::lambent::function::types as wit;
#[cfg(not(target_family = "wasm"))]
use crate::invocation::Invocation;

/// The invocation that is being handled.
///
/// Every method asks the host, so each answer is of the moment of the call.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a>(Source<'a>);

/// What answers.
#[derive(Debug, Clone, Copy)]
enum Source<'a> {
    Host(&'a wit::Context),
    #[cfg(not(target_family = "wasm"))]
    Test(&'a Invocation),
}

/// What the host answers, and what a test has for it.
macro_rules! ask {
    ($context:ident, $host:ident(), $test:expr) => {
        match $context.0 {
            Source::Host(host) => host.$host(),
            #[cfg(not(target_family = "wasm"))]
            Source::Test(test) => {
                let answer: fn(&'a Invocation) -> _ = $test;
                answer(test)
            }
        }
    };
}

impl<'a> Context<'a> {
    pub(crate) const fn new(context: &'a wit::Context) -> Self {
        Self(Source::Host(context))
    }

    /// Returns the id of this invocation, as callers and logs see it. Another attempt at
    /// the same event has another id: to recognise an event, use the event's own id.
    #[must_use]
    pub fn invocation_id(&self) -> String {
        ask!(self, invocation_id(), |test| test.id.clone())
    }

    /// Returns the namespace of the function.
    #[must_use]
    pub fn namespace(&self) -> String {
        ask!(self, namespace(), |test| test.namespace.clone())
    }

    /// Returns the name of the function.
    #[must_use]
    pub fn function(&self) -> String {
        ask!(self, function(), |test| test.function.clone())
    }

    /// Returns the version that runs: a number, or `$LATEST`.
    #[must_use]
    pub fn version(&self) -> String {
        ask!(self, version(), |test| test.version.clone())
    }

    /// Returns the alias that the function was called by, if there was one.
    #[must_use]
    pub fn alias(&self) -> Option<String> {
        ask!(self, alias(), |test| test.alias.clone())
    }

    /// Returns the time at which the invocation is ended, if it does not end before.
    #[must_use]
    pub fn deadline(&self) -> SystemTime {
        let since = ask!(self, deadline(), |test| test.deadline_nanoseconds());
        UNIX_EPOCH + Duration::from_nanos(since)
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
        ask!(self, memory_limit(), |test| test.memory_limit)
    }

    /// Returns the fuel that is left of the invocation's budget.
    #[must_use]
    pub fn fuel_left(&self) -> u64 {
        ask!(self, fuel_left(), |test| test.fuel_left)
    }

    /// Returns the W3C `traceparent` to continue, if the caller sent one.
    #[must_use]
    pub fn trace_parent(&self) -> Option<String> {
        ask!(self, trace_parent(), |test| test.trace_parent.clone())
    }

    /// Returns the caller, if it is known.
    #[must_use]
    pub fn principal(&self) -> Option<String> {
        ask!(self, principal(), |test| test.principal.clone())
    }

    /// Returns, by name, what the door added that the event came through, such as
    /// `aws.invoked-function-arn`.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<String> {
        match self.0 {
            Source::Host(host) => host.attribute(name),
            #[cfg(not(target_family = "wasm"))]
            Source::Test(test) => test.attributes.get(name).cloned(),
        }
    }
}

#[cfg(not(target_family = "wasm"))]
impl Invocation {
    /// The context to give to a handler.
    #[must_use]
    pub const fn context(&self) -> Context<'_> {
        Context(Source::Test(self))
    }
}
