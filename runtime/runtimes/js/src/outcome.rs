//! How loading the handler or an invocation ended, as the library tells it.

use std::cell::RefCell;

use crate::bindings::exports::lambent::function::handler::{Failure, Output};
use crate::bindings::lambent::function::types::Retry;

/// What the library said last.
#[derive(Debug)]
pub(crate) enum Outcome {
    Done(Output),
    Failed(Failure),
    /// Nothing of the program runs any more: it exited, or an error that nobody caught ended it.
    Ended(Failure),
}

thread_local! {
    static OUTCOME: RefCell<Option<Outcome>> = const { RefCell::new(None) };
}

/// Tells the outcome. The first one counts, except that the end of the program is final.
pub(crate) fn set(outcome: Outcome) {
    OUTCOME.with_borrow_mut(|known| {
        if known.is_none()
            || matches!(
                (&known, &outcome),
                (Some(Outcome::Done(_) | Outcome::Failed(_)), Outcome::Ended(_))
            )
        {
            *known = Some(outcome);
        }
    });
}

/// Whether there is an outcome.
pub(crate) fn is_set() -> bool {
    OUTCOME.with_borrow(Option::is_some)
}

/// Whether the program ended, so that nothing of it may run.
pub(crate) fn is_end() -> bool {
    OUTCOME.with_borrow(|known| matches!(known, Some(Outcome::Ended(_))))
}

/// Takes the outcome.
pub(crate) fn take() -> Option<Outcome> {
    OUTCOME.take()
}

/// A failure.
pub(crate) fn failure(kind: &str, message: impl Into<String>) -> Failure {
    Failure {
        kind: kind.to_owned(),
        message: message.into(),
        trace: Vec::new(),
        retry: Retry::Policy,
    }
}
