use std::error::Error;
use std::time::Duration;

use crate::bindings::function::lambent::function::types as wit;

/// A failure that the function reports, in Lambda's terms.
///
/// Every `std::error::Error` turns into one, so `?` works in a handler that
/// returns a `Failure`: the name of the error's type becomes the kind, and the texts
/// of the error and its sources become the message.
///
/// ```
/// use lambent_sdk::Failure;
/// use std::time::Duration;
///
/// let failure = Failure::new("StockServiceBusy", "no answer in 2 s")
///     .retry_after(Duration::from_secs(30));
/// # assert_eq!(failure.kind, "StockServiceBusy");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Lambda's `errorType`: what sort of failure it is, such as `OrderNotFound`.
    pub kind: String,
    /// Lambda's `errorMessage`: what went wrong.
    pub message: String,
    /// Lambda's `stackTrace`: where, innermost first; may be empty.
    pub trace: Vec<String>,
    /// How the event is tried again.
    pub retry: Retry,
}

/// How a failed event is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Retry {
    /// As the trigger is configured.
    #[default]
    Policy,
    /// Another attempt, but not before this long.
    After(Duration),
    /// No further attempt: straight to the dead-letter destination.
    Never,
}

impl Failure {
    /// Makes a failure that is retried as the trigger is configured.
    #[must_use]
    pub fn new(kind: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind: kind.into(), message: message.into(), trace: Vec::new(), retry: Retry::Policy }
    }

    /// Asks for no attempt before this long.
    #[must_use]
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.retry = Retry::After(delay);
        self
    }

    /// Asks for no further attempt: the same event would fail again.
    #[must_use]
    pub fn retry_never(mut self) -> Self {
        self.retry = Retry::Never;
        self
    }

    /// The event is not what the function takes.
    pub(crate) fn invalid_input(error: impl Error) -> Self {
        Self::new("InvalidInput", format!("cannot decode the event's data: {error}")).retry_never()
    }

    /// The output of the function cannot be encoded.
    pub(crate) fn invalid_output(error: impl Error) -> Self {
        Self::new("InvalidOutput", format!("cannot encode the output: {error}")).retry_never()
    }
}

impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::new(short_type_name::<E>(), with_sources(&error))
    }
}

impl From<Failure> for wit::Failure {
    fn from(failure: Failure) -> Self {
        Self {
            kind: failure.kind,
            message: failure.message,
            trace: failure.trace,
            retry: match failure.retry {
                Retry::Policy => wit::Retry::Policy,
                Retry::After(delay) => {
                    wit::Retry::After(u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX))
                }
                Retry::Never => wit::Retry::Never,
            },
        }
    }
}

/// Returns `OrderError` for `shop::orders::OrderError<shop::Item>`.
fn short_type_name<T>() -> &'static str {
    let path = std::any::type_name::<T>();
    let path = path.split_once('<').map_or(path, |(path, _generics)| path);
    path.rsplit_once("::").map_or(path, |(_module, name)| name)
}

/// Writes the error and its sources on one line.
fn with_sources(error: &dyn Error) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        // Many errors repeat the text of their source.
        if !message.ends_with(&text) {
            message.push_str(": ");
            message.push_str(&text);
        }
        cause = error.source();
    }
    message
}
