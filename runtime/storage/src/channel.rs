use std::fmt;

use lambent_types::{
    Event, QualifiedFunction, ScheduleName, SubscriptionName, TopicName, TriggerName,
};

/// Which deliveries are in one order: all of them go to the same function.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Channel {
    /// Asynchronous invocations of a function, of its head or of what a qualifier leads to.
    Function(QualifiedFunction),
    /// The changes that a trigger of a bucket or a keyspace is for.
    Trigger(TriggerName),
    /// The times of a schedule.
    Schedule(ScheduleName),
    /// The messages of a topic, until every subscription has them.
    Topic(TopicName),
    /// What is posted to the URL of a subscription.
    Subscription(SubscriptionName),
}

impl Channel {
    /// The group in whose order an event that is appended here is delivered: of a FIFO topic's message
    /// the subject.
    #[must_use]
    pub fn group<'e>(&self, event: &'e Event) -> Option<&'e str> {
        match self {
            Self::Topic(name) if name.is_fifo() => event.subject.as_deref(),
            _ => None,
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Function(name) => write!(f, "function:{name}"),
            Self::Trigger(name) => write!(f, "trigger:{name}"),
            Self::Schedule(name) => write!(f, "schedule:{name}"),
            Self::Topic(name) => write!(f, "topic:{name}"),
            Self::Subscription(name) => write!(f, "subscription:{name}"),
        }
    }
}
