use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lambent_storage::{InvocationLogs, Registry, UsageRecord};
use lambent_types::{
    Error, ErrorCode, Event, Failure, FunctionName, FunctionVersion, Handler, Incoming,
    InvocationRecord, Logs, Meter, Namespace, Origin, Outcome, Output, Qualifier, RequestId, Root,
    bounds, format_bytes,
};

use crate::admission::Admission;
use crate::invoke;
use crate::observe::{Delivered, Observe};
use crate::options::Options;
use crate::roots::Roots;
use crate::run::{Recorder, Run};
use crate::runner::{Answer, Body, Runner};
use crate::usage::UsageSums;

/// How often it is looked whether a function has room that nobody tells of.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

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

/// Why a function is not run for what other functions did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// It ran too often in the chain that led here.
    Recursion,
    /// Too many invocations descend from the one it all began with.
    TooManyDescendants,
}

fn failure(kind: &str, message: String) -> Failure {
    Failure { kind: kind.into(), message, trace: Vec::new(), retry: lambent_types::Retry::Policy }
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
    roots: Arc<Roots>,
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
            roots: Arc::new(Roots::new(options.descendants_max)),
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
    /// `NotInvocable` if it has no HTTP handler, `LoopDetected`, `Throttled`, or
    /// the runner refused.
    pub async fn http(
        &self,
        function: Arc<FunctionVersion>,
        mut caller: Caller,
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
        self.check_descent(&function, handler, &mut caller)?;
        let run = self.admit(&function, handler, id)?;
        let call = run.call(caller, None);
        self.descended(call.origin.root);
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
    /// `PayloadTooLarge`, `InvalidRequest`, `LoopDetected`, `Throttled`, or the
    /// runner refused.
    /// That the function failed is no error: it is in the record.
    pub async fn invoke(
        &self,
        function: Arc<FunctionVersion>,
        mut caller: Caller,
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
        self.check_descent(&function, handler, &mut caller)?;
        let root = caller.origin.root;
        let invoked = self.handle(function, handler, caller, event).await;
        if invoked.is_ok() {
            self.descended(root);
        }
        invoked
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

    /// Refuses what a function asks of itself, through whatever others, when it did
    /// so too often; and leaves a record of it.
    fn check_descent(
        &self,
        function: &FunctionVersion,
        handler: Handler,
        caller: &mut Caller,
    ) -> Result<(), Error> {
        let Some((_, failure)) = self.descend(function, caller) else { return Ok(()) };
        let error = Error::new(ErrorCode::LoopDetected, failure.message.clone());
        self.record_unmetered(function, handler, caller.id, Outcome::FunctionError(failure));
        Err(error)
    }

    /// Why a function is not run for what led here, if it is not; else the caller
    /// is made one more of what descends from its root.
    pub(crate) fn descend(
        &self,
        function: &FunctionVersion,
        caller: &mut Caller,
    ) -> Option<(Stopped, Failure)> {
        if caller.origin.lineage.is_empty() {
            return None;
        }
        if let Err(recursion) = caller.origin.lineage.enter(&function.name) {
            let failure = failure("Lambent.RecursionStopped", recursion.to_string());
            return Some((Stopped::Recursion, failure));
        }
        match caller.origin.root.map(|root| self.roots.next(root)).transpose() {
            Ok(root) => {
                caller.origin.root = root;
                None
            }
            Err(exhausted) => {
                let failure = failure("Lambent.TooManyDescendants", exhausted.to_string());
                Some((Stopped::TooManyDescendants, failure))
            }
        }
    }

    /// Counts an invocation that began, if it descends from another.
    pub(crate) fn descended(&self, root: Option<Root>) {
        // One that is a root itself has none before it.
        if let Some(root) = root.filter(|root| root.events > 0) {
            self.roots.begun(root);
        }
    }

    /// Records an invocation that never ran, or whose end is not known.
    pub(crate) fn record_unmetered(
        &self,
        function: &FunctionVersion,
        handler: Handler,
        id: RequestId,
        outcome: Outcome,
    ) -> InvocationRecord {
        let record = InvocationRecord {
            id,
            namespace: function.namespace.clone(),
            function: function.name.clone(),
            version: function.version,
            handler,
            started: Timestamp::now(),
            outcome,
            meter: Meter::default(),
            logs: Logs::default(),
        };
        self.recorder.record(record.clone(), function);
        record
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

    /// How many invocations of a function could begin now, once that is one at
    /// least. It may be none any more when they do.
    pub(crate) async fn room(&self, function: &FunctionVersion) -> usize {
        loop {
            // Made before looking, so that no end is missed.
            let freed = self.admission.freed();
            let overloaded = self.runner.is_overloaded(function);
            let room = if overloaded { 0 } else { self.admission.room(function) };
            if room > 0 {
                return room;
            }
            // Nobody tells when the CPU is free again.
            drop(tokio::time::timeout(LOOK_AGAIN, freed).await);
        }
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
