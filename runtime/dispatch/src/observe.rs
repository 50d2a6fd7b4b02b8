use std::time::Duration;

use lambent_types::{
    FunctionName, FunctionVersion, InvocationRecord, Namespace, ThrottleReason, TopicName,
};

/// What became of an attempt to deliver an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Delivered {
    /// The function handled it.
    Succeeded,
    /// The function failed, and will be tried again.
    Retried,
    /// The event is given up.
    GivenUp,
    /// The node had no room for it; it waits.
    Postponed,
    /// The trigger's patterns do not want it.
    Unwanted,
    /// The event was given up, or handled, and its destination is gone.
    DestinationLost,
}

impl Delivered {
    /// Every kind, for label sets.
    pub const ALL: [Self; 6] = [
        Self::Succeeded,
        Self::Retried,
        Self::GivenUp,
        Self::Postponed,
        Self::Unwanted,
        Self::DestinationLost,
    ];

    /// The word for labels.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Retried => "retried",
            Self::GivenUp => "given-up",
            Self::Postponed => "postponed",
            Self::Unwanted => "unwanted",
            Self::DestinationLost => "destination-lost",
        }
    }
}

/// What became of a message of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TopicEvent {
    /// It was published.
    Published,
    /// A subscription has it: it was sent to the queue, is with the function, or was taken by the URL.
    Delivered,
    /// A subscription will not get it.
    Failed,
}

impl TopicEvent {
    /// The word for labels.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

/// Observes every invocation, for metrics. It is called on the hot path and must not
/// block.
pub trait Observe: Send + Sync {
    /// An invocation ended.
    fn finished(&self, record: &InvocationRecord);
    /// An invocation was turned away because too many ran.
    fn throttled(&self, function: &FunctionVersion, reason: ThrottleReason);
    /// An invocation was turned away because those of its function wait too long
    /// for the CPU.
    fn shed(&self, function: &FunctionVersion) {
        let _ = function;
    }
    /// A record was not kept because the log writer is behind.
    fn log_dropped(&self);
    /// Something became of an attempt to deliver an event to `function`, which
    /// happened so long ago.
    fn delivered(
        &self,
        namespace: &Namespace,
        function: &FunctionName,
        delivered: Delivered,
        age: Duration,
    ) {
        let _ = (namespace, function, delivered, age);
    }
    /// Something became of a message of a topic.
    fn topic(&self, namespace: &Namespace, topic: &TopicName, event: TopicEvent) {
        let _ = (namespace, topic, event);
    }
}

/// Observes nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unobserved;

impl Observe for Unobserved {
    fn finished(&self, _: &InvocationRecord) {}
    fn throttled(&self, _: &FunctionVersion, _: ThrottleReason) {}
    fn log_dropped(&self) {}
}
