//! The events that the runtime itself makes, each as a type of its own. A type
//! refuses an event of another kind.

mod key;
mod message;
mod object;
mod schedule;

pub use key::{KeyChange, KeyEvent};
pub use message::QueueMessage;
pub use object::{ObjectChange, ObjectEvent};
pub use schedule::ScheduledEvent;

use crate::{Event, Failure};

/// Finds the event's kind among the known ones.
fn kind<T: Copy>(event: &Event, takes: &str, known: &[(&str, T)]) -> Result<T, Failure> {
    let found = known.iter().find(|(kind, _)| *kind == event.kind);
    found.map(|(_, change)| *change).ok_or_else(|| {
        let kinds: Vec<_> = known.iter().map(|(kind, _)| *kind).collect();
        let message = format!(
            "this function takes {takes} ({}), not an event of type `{}` from `{}`",
            kinds.join(", "),
            event.kind,
            event.source
        );
        Failure::new("UnexpectedEvent", message).retry_never()
    })
}
