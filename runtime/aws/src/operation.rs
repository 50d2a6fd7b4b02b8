//! Operations of services, and what is served of one.

use futures::future::BoxFuture;
use http::{Method, Response};
use lambent_dispatch::Body;

use crate::call::Call;
use crate::fault::Fault;

/// What a node does with an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It does what the operation is for.
    Served,
    /// It keeps what it is told and gives it back, and does nothing by it.
    Stored,
    /// It refuses it.
    NotServed,
}

/// Carries out an operation.
pub(crate) type Run = for<'c> fn(&'c Call) -> BoxFuture<'c, Result<Response<Body>, Fault>>;

/// An operation of a service.
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    /// Where it is, if its service tells operations by method and path.
    pub(crate) at: Option<(Method, &'static str)>,
    pub(crate) run: Option<Run>,
    pub(crate) status: Status,
}

impl Operation {
    /// One that is told by method and path.
    pub(crate) const fn at(method: Method, path: &'static str, name: &'static str) -> Self {
        Self { name, at: Some((method, path)), run: None, status: Status::NotServed }
    }

    /// One that the request names.
    pub(crate) const fn named(name: &'static str) -> Self {
        Self { name, at: None, run: None, status: Status::NotServed }
    }

    /// It with a status of its own, as one that is carried out elsewhere.
    pub(crate) const fn with(mut self, status: Status) -> Self {
        self.status = status;
        self
    }

    /// It as one that is served.
    pub(crate) const fn served(mut self, run: Run) -> Self {
        self.run = Some(run);
        self.status = Status::Served;
        self
    }

    /// It as one whose settings are kept, and nothing else.
    pub(crate) const fn stored(mut self, run: Run) -> Self {
        self.run = Some(run);
        self.status = Status::Stored;
        self
    }

    /// Carries out what a request asks of a service.
    pub(crate) async fn carry_out(
        &self,
        service: &'static str,
        call: &Call,
    ) -> Result<Response<Body>, Fault> {
        match self.run {
            Some(run) => run(call).await,
            None => Err(Fault::not_served(service, Some(self.name))),
        }
    }
}

/// The operation that a request names.
pub(crate) fn named(operations: &'static [Operation], name: &str) -> Option<&'static Operation> {
    operations.iter().find(|operation| operation.name == name)
}
