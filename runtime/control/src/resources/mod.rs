//! Everything but functions that has a name: buckets, keyspaces, queues,
//! triggers and schedules.

mod buckets;
mod destinations;
mod keyspaces;
mod queues;
mod schedules;
mod triggers;

/// A resource that was put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put<T> {
    /// The resource as it is now.
    pub value: T,
    /// Whether it is a new one.
    pub created: bool,
}
