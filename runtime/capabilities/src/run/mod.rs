//! Calling exports whose types are this crate's own.

mod messaging;
mod preparation;
mod watcher;

use lambent_engine::{Component, Finished, Invocation, Refused};
use lambent_types::{Event, Failure, Handler, Outcome, Output};

use crate::ctx::Ctx;

pub use preparation::{Additions, prepare};

/// Runs the export that `handler` names with one event.
///
/// A message is handed to `wasi:messaging/incoming-handler`, whose error is a
/// failure of the function. A change of a key is handed to
/// `wasi:keyvalue/watcher`, which fails only by trapping. Anything else is the
/// engine's; see [`Component::event`].
///
/// # Errors
/// [`Refused`]: nothing ran.
pub async fn event(
    component: &Component<Ctx>,
    invocation: Invocation<Ctx>,
    handler: Handler,
    event: Event,
) -> Result<Finished<Output>, Refused> {
    let bytes_in = event.data.len() as u64;
    let finished = match handler {
        Handler::Messaging | Handler::Watcher | Handler::Watcher2
            if !component.handlers().contains(&handler) =>
        {
            return Err(Refused::NoSuchExport(handler));
        }
        Handler::Messaging => messaging::run(component, invocation, event).await?,
        Handler::Watcher | Handler::Watcher2 => {
            watcher::run(component, invocation, handler, event).await?
        }
        _ => return component.event(invocation, event).await,
    };
    Ok(settle(finished, bytes_in))
}

/// What a handler without an output came to.
fn settle(finished: Finished<Result<(), Failure>>, bytes_in: u64) -> Finished<Output> {
    let Finished { mut outcome, value, mut meter, logs, host_error } = finished;
    meter.bytes_in = bytes_in;
    let value = match value {
        Some(Ok(())) => Some(Output::default()),
        Some(Err(failure)) => {
            outcome = Outcome::FunctionError(failure);
            None
        }
        None => None,
    };
    Finished { outcome, value, meter, logs, host_error }
}
