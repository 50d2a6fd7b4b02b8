use lambent_types::{InvocationRecord, Outcome, Output, RequestId};

use crate::callee::Callee;
use crate::runner::Body;

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
