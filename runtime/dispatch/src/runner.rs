use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use http_body_util::combinators::UnsyncBoxBody;
use jiff::Timestamp;
use lambent_types::{
    AliasName, Error, Event, Failure, FunctionVersion, Handler, Limits, Logs, Meter, Origin,
    Outcome, Output, RequestId,
};
use tokio::sync::mpsc;

/// Whatever ended a body early.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body of a request or a response.
pub type Body = UnsyncBoxBody<Bytes, BoxError>;

/// One invocation to run.
#[derive(Debug, Clone)]
pub struct Call {
    /// Its id.
    pub id: RequestId,
    /// What to run.
    pub function: Arc<FunctionVersion>,
    /// The alias that it was asked for by.
    pub alias: Option<AliasName>,
    /// Which of its exports to call.
    pub handler: Handler,
    /// What it may use.
    pub limits: Limits,
    /// On whose behalf, where that is known.
    pub principal: Option<String>,
    /// The functions that led to it, this one not included, and the W3C
    /// `traceparent` it continues.
    pub origin: Origin,
    /// What the client says of itself: a JSON object in ASCII.
    pub client_context: Option<String>,
    /// When it was admitted.
    pub started: Timestamp,
}

/// How an invocation ended and what it used.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// How it ended.
    pub outcome: Outcome,
    /// What it used.
    pub meter: Meter,
    /// What it wrote.
    pub logs: Logs,
    /// What it returned for an event; `None` unless the outcome is `Ok`.
    pub output: Option<Output>,
    /// The events of a batch that failed, by their index in it, and why.
    pub failed: Vec<(u32, Failure)>,
}

/// A piece of a response that is streamed; none is its end. Without that, or with a failure, it
/// broke off.
pub type Piece = Result<Option<Bytes>, Failure>;

/// Is called when a function begins to stream its response, with the content type of that; what it
/// returns takes the pieces.
pub type BeginStream = Box<dyn FnOnce(Option<String>) -> mpsc::Sender<Piece> + Send>;

/// Takes the end of an invocation.
pub type Finish = Box<dyn FnOnce(Finished) + Send>;

/// How an HTTP request stands when its response head was due.
#[derive(Debug)]
pub enum HttpOutcome {
    /// The response's head, and its body as the guest writes it.
    Response(http::Response<Body>),
    /// The guest ended without a response.
    Ended(Outcome),
    /// Nothing ran.
    Refused(Error),
}

/// What runs invocations.
pub trait Runner: Send + Sync {
    /// Whether another invocation of a function would have to wait too long for
    /// the CPU, behind others of the function. Called before each invocation;
    /// it must be cheap.
    fn is_overloaded(&self, function: &FunctionVersion) -> bool {
        let _ = function;
        false
    }

    /// Sends a request to an HTTP handler. Resolves when the response's head is
    /// there, or the guest ended without one. `finished` is called exactly once
    /// when the guest is done, possibly long after the head; it is dropped
    /// without a call if nothing ran.
    ///
    /// Dropping the future, or the response's body before its end, cancels the
    /// guest; `finished` is then called too.
    ///
    /// The request is on the heap, since futures that hold it are moved several times on its way.
    fn http(
        &self,
        call: Call,
        request: Box<http::Request<Body>>,
        finished: Finish,
    ) -> BoxFuture<'_, HttpOutcome>;

    /// Runs what `call.handler` says with one event: an event handler, a
    /// messaging handler, a watcher, or a command. Dropping the future cancels
    /// the guest.
    ///
    /// # Errors
    /// Nothing ran, and why.
    fn event(&self, call: Call, event: Event) -> BoxFuture<'_, Result<Finished, Error>>;

    /// Does what [`Self::event`] does. A function that can have its response sent as it comes gives
    /// it to `begin`, and returns no output then.
    ///
    /// # Errors
    /// Nothing ran, and why.
    fn streamed_event(
        &self,
        call: Call,
        event: Event,
        begin: BeginStream,
    ) -> BoxFuture<'_, Result<Finished, Error>> {
        drop(begin);
        self.event(call, event)
    }

    /// Runs a batch handler with all events at once. Dropping the future
    /// cancels the guest.
    ///
    /// # Errors
    /// Nothing ran, and why.
    fn batch(&self, call: Call, events: Vec<Event>) -> BoxFuture<'_, Result<Finished, Error>>;
}
