use futures::future::BoxFuture;
use lambent_types::{Error, InvocationRecord, Outcome, Output, RequestId};
use tokio::sync::mpsc;

use crate::callee::Callee;
use crate::runner::{Body, Piece};

/// An HTTP invocation, as far as it has come when its response head was due.
#[derive(Debug)]
pub struct HttpInvoked {
    /// The invocation.
    pub id: RequestId,
    /// What ran.
    pub callee: Callee,
    /// The response, or how the function ended without one.
    pub reply: Reply,
}

/// What an HTTP function replied.
#[derive(Debug)]
pub enum Reply {
    /// The response. Dropping its body cancels the function.
    Response(http::Response<Body>),
    /// The function ended without a response.
    Ended(Outcome),
}

/// A finished invocation.
#[derive(Debug)]
pub struct Invoked {
    /// What is kept of it.
    pub record: InvocationRecord,
    /// What the function returned; `None` unless the outcome is `Ok`.
    pub output: Option<Output>,
}

/// An invocation whose response comes as the function writes it.
pub struct InvokedStream {
    /// What runs.
    pub callee: Callee,
    /// The response, if the function streams it; else it is the output at the end.
    pub pieces: Option<mpsc::Receiver<Piece>>,
    /// How it ends, which is when there are no more pieces.
    pub end: BoxFuture<'static, Result<Invoked, Error>>,
}
