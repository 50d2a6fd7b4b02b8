use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lambent_storage::{InvocationLogs, Registry, UsageRecord};
use lambent_types::{
    Error, ErrorCode, Event, Failure, FunctionName, FunctionVersion, Handler, Incoming,
    InvocationRecord, Logs, Meter, Namespace, Origin, Outcome, Output, Qualifier, RequestId,
    bounds, format_bytes,
};

use crate::admission::Admission;
use crate::invoke;
use crate::observe::{Delivered, Observe};
use crate::options::Options;
use crate::run::{Recorder, Run};
use crate::runner::{Answer, Body, Runner};
use crate::usage::UsageSums;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The id of the request, which becomes that of the invocation.
    pub id: RequestId,
    /// The principal, where the caller showed a key.
    pub principal: Option<String>,
    /// The functions that led to this and the `traceparent` to continue.
    pub origin: Origin,
}

/// What an HTTP function answered.
#[derive(Debug)]
pub struct HttpAnswer {
    /// The invocation.
    pub id: RequestId,
    /// What ran.
    pub function: Arc<FunctionVersion>,
    /// The response, or how the function ended without one.
    pub reply: Reply,
}

/// The end of an HTTP request, from the caller's view.
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

/// Runs functions for the doors. Clones share the limits.
#[derive(Clone)]
pub struct Dispatcher {
    registry: Arc<dyn Registry>,
    pub(crate) runner: Arc<dyn Runner>,
    admission: Arc<Admission>,
    recorder: Arc<Recorder>,
}

impl Dispatcher {
    /// A dispatcher for the functions of `registry`.
    #[must_use]
    pub fn new(
        registry: Arc<dyn Registry>,
        runner: Arc<dyn Runner>,
        logs: Arc<dyn InvocationLogs>,
        observe: Arc<dyn Observe>,
        options: Options,
    ) -> Self {
        Self {
            registry,
            runner,
            admission: Arc::new(Admission::new(options.concurrency_max)),
            recorder: Arc::new(Recorder { logs, observe, usage: UsageSums::default() }),
        }
    }

    /// Finds the version that is meant.
    ///
    /// # Errors
    /// `FunctionNotFound`, `VersionNotFound`; the store failed.
    pub async fn resolve(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        qualifier: Qualifier,
    ) -> Result<Arc<FunctionVersion>, Error> {
        if let Qualifier::Version(number) = qualifier
            && let Some(version) = self.registry.version(namespace, name, number).await?
        {
            return Ok(version);
        }
        let function = self.registry.function(namespace, name).await?.ok_or_else(|| {
            Error::new(
                ErrorCode::FunctionNotFound,
                format!("function \"{name}\" does not exist in namespace \"{namespace}\""),
            )
        })?;
        match qualifier {
            Qualifier::Latest => Ok(Arc::clone(&function.latest)),
            Qualifier::Version(number) => Err(Error::new(
                ErrorCode::VersionNotFound,
                format!("function \"{name}\" has no version {number}"),
            )),
        }
    }

    /// Sends a request to a function's HTTP handler. Returns with the
    /// response's head; the body follows as the function writes it.
    ///
    /// Dropping the future or the body cancels the function.
    ///
    /// # Errors
    /// `NotInvocable` if it has no HTTP handler, `Throttled`, or the runner refused.
    pub async fn http(
        &self,
        function: Arc<FunctionVersion>,
        caller: Caller,
        request: http::Request<Body>,
    ) -> Result<HttpAnswer, Error> {
        let http = function.handlers.iter().copied().filter(|handler| handler.is_http()).min();
        let handler = http.ok_or_else(|| {
            Error::new(
                ErrorCode::NotInvocable,
                format!(
                    "function \"{}\" exports no HTTP handler; invoke it, or export \
                     wasi:http/incoming-handler or wasi:http/handler",
                    function.name
                ),
            )
        })?;
        let id = caller.id;
        let run = self.admit(&function, handler, id)?;
        let call = run.call(caller, None);
        let finished = Box::new(move |finished| run.end(finished));
        let reply = match self.runner.http(call, request, finished).await {
            Answer::Response(response) => Reply::Response(response),
            Answer::Ended(outcome) => Reply::Ended(outcome),
            Answer::Refused(error) => return Err(error),
        };
        Ok(HttpAnswer { id, function, reply })
    }

    /// Has a function handle an event: by its event handler, or else as a
    /// CloudEvent over its HTTP handler, or else as a command with the data on
    /// its standard input. Returns when it is done.
    ///
    /// Dropping the future cancels the function.
    ///
    /// # Errors
    /// `PayloadTooLarge`, `InvalidRequest`, `Throttled`, or the runner refused.
    /// That the function failed is no error: it is in the record.
    pub async fn invoke(
        &self,
        function: Arc<FunctionVersion>,
        caller: Caller,
        event: Event,
    ) -> Result<Invoked, Error> {
        let bytes = event.data.len() as u64;
        if bytes > bounds::PAYLOAD_BYTES_MAX {
            return Err(Error::new(
                ErrorCode::PayloadTooLarge,
                format!(
                    "the event's data is {}; the most is {}",
                    format_bytes(bytes),
                    format_bytes(bounds::PAYLOAD_BYTES_MAX)
                ),
            ));
        }
        let handler = chosen(Incoming::Event, &function)?;
        self.handle(function, handler, caller, event).await
    }

    /// As [`Self::invoke`], by a handler that was chosen.
    pub(crate) async fn handle(
        &self,
        function: Arc<FunctionVersion>,
        handler: Handler,
        caller: Caller,
        event: Event,
    ) -> Result<Invoked, Error> {
        if handler.is_http() {
            invoke::through_http(self, &function, handler, caller, event).await
        } else {
            invoke::directly(self, &function, handler, caller, event).await
        }
    }

    /// Has a function's batch handler handle events at once.
    pub(crate) async fn batch(
        &self,
        function: Arc<FunctionVersion>,
        caller: Caller,
        events: Vec<Event>,
    ) -> Result<(Invoked, Vec<(u32, Failure)>), Error> {
        invoke::batch(self, &function, caller, events).await
    }

    /// Records an invocation that was refused for good before it ran.
    pub(crate) fn record_refused(
        &self,
        function: &FunctionVersion,
        handler: Handler,
        caller: &Caller,
        failure: Failure,
    ) {
        let record = InvocationRecord {
            id: caller.id,
            namespace: function.namespace.clone(),
            function: function.name.clone(),
            version: function.version,
            handler,
            started: Timestamp::now(),
            outcome: Outcome::FunctionError(failure),
            meter: Meter::default(),
            logs: Logs::default(),
        };
        self.recorder.record(record, function);
    }

    /// Tells what became of an attempt to deliver.
    pub(crate) fn observe_delivered(
        &self,
        namespace: &Namespace,
        function: &FunctionName,
        delivered: Delivered,
        age: Duration,
    ) {
        self.recorder.observe.delivered(namespace, function, delivered, age);
    }

    /// Gives back what could not be stored.
    pub(crate) fn give_back_usage(&self, records: Vec<(Namespace, UsageRecord)>) {
        self.recorder.usage.give_back(records);
    }

    /// Takes what invocations have used since the last call, by function and hour.
    pub(crate) fn take_usage(&self) -> Vec<(Namespace, UsageRecord)> {
        self.recorder.usage.take()
    }

    /// How many invocations are running.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.admission.in_flight()
    }

    /// Returns when no invocation is running and every record is handed over.
    pub async fn idle(&self) {
        self.admission.idle().await;
    }

    pub(crate) fn admit(
        &self,
        function: &Arc<FunctionVersion>,
        handler: Handler,
        id: RequestId,
    ) -> Result<Run, Error> {
        if self.runner.is_overloaded(function) {
            self.recorder.observe.shed(function);
            return Err(Error::new(
                ErrorCode::Overloaded,
                "invocations of this function wait too long for the CPU already; try again",
            ));
        }
        Run::admit(&self.admission, &self.recorder, function, handler, id)
    }
}

/// The handler of a function for what comes to it.
pub(crate) fn chosen(incoming: Incoming, function: &FunctionVersion) -> Result<Handler, Error> {
    incoming.handler(&function.handlers).ok_or_else(|| {
        let wanted: Vec<_> = incoming.handlers().iter().map(|handler| handler.as_str()).collect();
        Error::new(
            ErrorCode::NotInvocable,
            format!(
                "function \"{}\" exports nothing that can be called for this; it needs one of: {}",
                function.name,
                wanted.join(", ")
            ),
        )
    })
}
