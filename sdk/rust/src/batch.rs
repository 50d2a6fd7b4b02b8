use std::collections::BTreeSet;

use crate::bindings::batch::exports::lambent::function::batch_handler as wit;
use crate::{Event, Failure, FromEvent};

/// The argument of a batch handler: several events, each of which may fail by itself.
///
/// An event that does not fit the type is not in the batch: it fails alone, and the
/// handler gets the others.
#[derive(Debug, Clone)]
pub struct Batch<T> {
    items: Vec<Item<T>>,
    /// The groups of the events that did not fit.
    stopped: BTreeSet<String>,
}

/// One of the events of a [`Batch`].
#[derive(Debug, Clone)]
pub struct Item<T> {
    /// The value that the event was decoded to.
    pub value: T,
    index: u32,
    group: Option<String>,
}

/// An event of a batch that was not handled, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemFailure {
    /// The failure.
    pub failure: Failure,
    index: u32,
}

impl<T> Item<T> {
    /// Says that this event was not handled.
    pub fn failed(&self, failure: impl Into<Failure>) -> ItemFailure {
        ItemFailure { failure: failure.into(), index: self.index }
    }
}

impl ItemFailure {
    /// Returns the position of the event in the batch, from 0. Events that did not fit
    /// count too.
    #[must_use]
    pub const fn index(&self) -> u32 {
        self.index
    }
}

impl<T> Batch<T> {
    /// Returns the number of events.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Returns whether there are no events.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Iterates over the events.
    pub fn iter(&self) -> std::slice::Iter<'_, Item<T>> {
        self.items.iter()
    }

    /// Handles one event after the other. Each event for which `handle` fails, fails alone.
    ///
    /// If messages have a group, no message is handled after one of its group failed,
    /// since it would be out of order. It is delivered again.
    pub fn each<E: Into<Failure>>(
        self,
        mut handle: impl FnMut(T) -> Result<(), E>,
    ) -> Vec<ItemFailure> {
        let Self { items, mut stopped } = self;
        let mut failures = Vec::new();
        for Item { value, index, group } in items {
            let failure = if group.as_ref().is_some_and(|group| stopped.contains(group)) {
                Failure::new("OutOfOrder", "an earlier message of its group was not handled")
            } else if let Err(error) = handle(value) {
                stopped.extend(group);
                error.into()
            } else {
                continue;
            };
            failures.push(ItemFailure { failure, index });
        }
        failures
    }
}

impl<T> IntoIterator for Batch<T> {
    type Item = Item<T>;
    type IntoIter = std::vec::IntoIter<Item<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Batch<T> {
    type Item = &'a Item<T>;
    type IntoIter = std::slice::Iter<'a, Item<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: FromEvent> Batch<T> {
    /// Makes a batch of events as the runtime would, for tests of a batch handler. The
    /// second result has the events that do not fit.
    #[must_use]
    pub fn from_events(events: impl IntoIterator<Item = Event>) -> (Self, Vec<ItemFailure>) {
        let mut batch = Self { items: Vec::new(), stopped: BTreeSet::new() };
        let mut unfit = Vec::new();
        for (index, event) in (0..).zip(events) {
            // Only a message of a queue with groups has its group as its subject.
            let is_message = event.kind == "lambent.queue.message.v1";
            let group = event.subject.clone().filter(|_| is_message);
            match T::from_event(event) {
                Ok(value) => batch.items.push(Item { value, index, group }),
                Err(failure) => {
                    batch.stopped.extend(group);
                    unfit.push(ItemFailure { failure, index });
                }
            }
        }
        (batch, unfit)
    }
}

/// A type that a batch handler can take.
#[diagnostic::on_unimplemented(
    message = "a batch handler cannot take `{Self}`",
    label = "not a `Batch`",
    note = "take `lambent_sdk::Batch<T>` of anything that a handler can take"
)]
pub trait FromEvents: Sized {
    /// Makes the batch, and beside it a failure for each event that does not fit.
    fn from_events(events: Vec<Event>) -> (Self, Vec<ItemFailure>);
}

impl<T: FromEvent> FromEvents for Batch<T> {
    fn from_events(events: Vec<Event>) -> (Self, Vec<ItemFailure>) {
        Self::from_events(events)
    }
}

impl From<ItemFailure> for wit::ItemFailure {
    fn from(item: ItemFailure) -> Self {
        Self { index: item.index, failure: item.failure.into() }
    }
}

/// A type that a batch handler can return.
#[diagnostic::on_unimplemented(
    message = "a batch handler returns a `Result`, not `{Self}`",
    label = "not `Result<Vec<ItemFailure>, error>`",
    note = "`Ok` holds those that failed, or `()` if none can; `Err` fails the whole batch"
)]
pub trait BatchOutcome {
    /// Returns the events that failed.
    ///
    /// # Errors
    /// Returns the reason if the whole batch failed.
    fn into_failures(self) -> Result<Vec<ItemFailure>, Failure>;
}

impl<E: Into<Failure>> BatchOutcome for Result<Vec<ItemFailure>, E> {
    fn into_failures(self) -> Result<Vec<ItemFailure>, Failure> {
        self.map_err(Into::into)
    }
}

impl<E: Into<Failure>> BatchOutcome for Result<(), E> {
    fn into_failures(self) -> Result<Vec<ItemFailure>, Failure> {
        self.map(|()| Vec::new()).map_err(Into::into)
    }
}
