use std::fmt;

use lambent_types::{QualifiedFunction, ScheduleName, TriggerName};

/// Which deliveries are in one order: all of them go to the same function.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Channel {
    /// Asynchronous invocations of a function, of its head or of what a qualifier leads to.
    Function(QualifiedFunction),
    /// The changes that a trigger of a bucket or a keyspace is for.
    Trigger(TriggerName),
    /// The times of a schedule.
    Schedule(ScheduleName),
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Function(name) => write!(f, "function:{name}"),
            Self::Trigger(name) => write!(f, "trigger:{name}"),
            Self::Schedule(name) => write!(f, "schedule:{name}"),
        }
    }
}
