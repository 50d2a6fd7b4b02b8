use std::io::Write;

use crate::batch::ItemFailure;
use crate::bindings::batch::exports::lambent::function::batch_handler as batch;
use crate::bindings::function::lambent::function::types as wit;
use crate::{Context, Event, Failure, IntoOutput, Output, panics};

/// Calls the author's function. The exported `handle` does this.
///
/// # Errors
/// Returns the failure that the function reports.
pub fn run(
    event: wit::Event,
    context: &wit::Context,
    function: impl FnOnce(Event, Context<'_>) -> Result<Output, Failure>,
) -> Result<wit::Output, wit::Failure> {
    let result = called(context, |context| function(event.into(), context));
    result.map(Into::into).map_err(Into::into)
}

/// Calls the author's batch function. The exported `handle` does this.
///
/// # Errors
/// Returns the failure of the whole batch, if the function reports one.
pub fn run_batch(
    events: Vec<wit::Event>,
    context: &wit::Context,
    function: impl FnOnce(Vec<Event>, Context<'_>) -> Result<Vec<ItemFailure>, Failure>,
) -> Result<Vec<batch::ItemFailure>, wit::Failure> {
    let events = events.into_iter().map(Into::into).collect();
    let failed = called(context, |context| function(events, context))?;
    Ok(failed.into_iter().map(Into::into).collect())
}

fn called<T>(
    context: &wit::Context,
    function: impl FnOnce(Context<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let result = panics::reported_to(context, || function(Context::new(context)));
    // A line without its end stays in the buffer of std, which nobody else would
    // empty. There is nothing to do if stdout is closed.
    let _ = std::io::stdout().flush();
    result
}

/// A type that a handler can return.
#[diagnostic::on_unimplemented(
    message = "a handler returns a `Result`, not `{Self}`",
    label = "not `Result<output, error>`",
    note = "the output is anything that implements `IntoOutput`, the error anything that turns into a `Failure`"
)]
pub trait Outcome {
    /// Encodes the output, or makes a failure of the error.
    ///
    /// # Errors
    /// Returns the failure.
    fn into_result(self) -> Result<Output, Failure>;
}

impl<T: IntoOutput, E: Into<Failure>> Outcome for Result<T, E> {
    fn into_result(self) -> Result<Output, Failure> {
        self.map_err(Into::into)?.into_output()
    }
}
