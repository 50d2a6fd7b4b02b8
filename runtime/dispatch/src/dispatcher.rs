use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::ready;
use lambent_storage::{InvocationLogs, NamespaceQuotas, Registry, UsageRecord};
use lambent_types::{
    AliasName, Clock, Error, ErrorCode, Event, Failure, FunctionName, Handler, Incoming,
    InvocationRecord, Namespace, Outcome, Progress, Qualifier, ReleaseStatistics, RequestId, Root,
    TopicName, bounds, format_bytes, occurrence,
};
use tokio_util::sync::CancellationToken;

use crate::admission::Admission;
use crate::callee::Callee;
use crate::caller::Caller;
use crate::handler::choose_handler;
use crate::invoke::{Invoker, runs_on_runtime};
use crate::invoked::{HttpInvoked, Invoked, InvokedStream, Reply};
use crate::limits::Limits;
use crate::observe::{Delivered, Observe, TopicEvent};
use crate::options::Options;
use crate::recursion::{RecursionLimit, Stopped};
use crate::releases::Releases;
use crate::resolve::{Resolved, resolve};
use crate::run::Recorder;
use crate::runner::{Body, HttpOutcome, Runner};
use crate::usage::UsageSums;

/// Runs functions for the doors. Clones share the limits.
#[derive(Clone)]
pub struct Dispatcher {
    registry: Arc<dyn Registry>,
    recursion: Arc<RecursionLimit>,
    invoker: Invoker,
}

impl Dispatcher {
    /// A dispatcher for the functions of a registry, in namespaces with these quotas. What is
    /// reserved for functions is in force once it was [read](Self::read_reserved).
    #[must_use]
    pub fn new(
        (registry, quotas): (Arc<dyn Registry>, Arc<NamespaceQuotas>),
        runner: Arc<dyn Runner>,
        logs: Arc<dyn InvocationLogs>,
        observe: Arc<dyn Observe>,
        options: Options,
    ) -> Self {
        let admission = Arc::new(Admission::new(runner.clone(), Limits::new(quotas), options));
        let releases = Arc::new(Releases::new(registry.clone()));
        let recorder = Arc::new(Recorder { logs, observe, usage: UsageSums::default(), releases });
        Self {
            registry,
            recursion: Arc::new(RecursionLimit::new(options.descendants_max)),
            invoker: Invoker { runner, admission, recorder },
        }
    }

    /// Finds what is meant: a version, or two that share what comes.
    ///
    /// # Errors
    /// `FunctionNotFound`, `VersionNotFound`, `AliasNotFound`; the store failed.
    pub async fn resolve(
        &self,
        namespace: &Namespace,
        name: &FunctionName,
        qualifier: &Qualifier,
    ) -> Result<Resolved, Error> {
        resolve(&*self.registry, namespace, name, qualifier).await
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
        callee: impl Into<Callee>,
        mut caller: Caller,
        request: Box<http::Request<Body>>,
    ) -> Result<HttpInvoked, Error> {
        let (id, callee) = (caller.id, callee.into());
        let function = &callee.function;
        if runs_on_runtime(function) {
            self.check_recursion(&callee, Handler::Event, &mut caller)?;
            let root = caller.origin.root;
            let reply = self.invoker.request_as_event(&callee, caller, *request);
            let reply = Box::pin(reply).await?;
            self.count_descendant(root);
            return Ok(self.replied(id, callee, reply));
        }
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
        self.check_recursion(&callee, handler, &mut caller)?;
        let run = self.invoker.admit(&callee, handler, id)?;
        let call = run.call(caller, None);
        self.recursion.count(call.origin.root);
        let finished = Box::new(move |finished| run.end(finished));
        let reply = match self.invoker.runner.http(call, request, finished).await {
            HttpOutcome::Response(response) => Reply::Response(response),
            HttpOutcome::Ended(outcome) => Reply::Ended(outcome),
            HttpOutcome::Refused(error) => return Err(error),
        };
        Ok(self.replied(id, callee, reply))
    }

    fn replied(&self, id: RequestId, callee: Callee, reply: Reply) -> HttpInvoked {
        if let Reply::Response(response) = &reply {
            self.invoker.recorder.releases.answered(&callee, response.status());
        }
        HttpInvoked { id, callee, reply }
    }

    /// Has a function handle an event: by its event handler, or else as a
    /// CloudEvent over its HTTP handler, or else as a command with the data on
    /// its standard input. What is of the kind of a message or of a key's change is handled as
    /// it would be if it came from a queue or a keyspace: a message may be a batch of one.
    /// Returns when it is done.
    ///
    /// Dropping the future cancels the function.
    ///
    /// # Errors
    /// `PayloadTooLarge`, `InvalidRequest`, `LoopDetected`, `Throttled`, or the
    /// runner refused.
    /// A failure of the function is no error: it is in the record.
    pub async fn invoke(
        &self,
        callee: impl Into<Callee>,
        mut caller: Caller,
        event: Event,
    ) -> Result<Invoked, Error> {
        let callee = callee.into();
        let handler = self.check(&callee, &mut caller, &event)?;
        let root = caller.origin.root;
        let invoked = if handler == Handler::Batch {
            self.batch(&callee, caller, vec![event], true).await.map(|(invoked, _)| invoked)
        } else {
            self.handle(&callee, handler, caller, event).await
        };
        if invoked.is_ok() {
            self.count_descendant(root);
        }
        invoked
    }

    /// Does what [`Self::invoke`] does. Of a function that streams its response, this returns when
    /// the response begins; the function then goes on whoever reads it.
    ///
    /// # Errors
    /// As [`Self::invoke`].
    pub async fn invoke_streamed(
        &self,
        callee: impl Into<Callee>,
        mut caller: Caller,
        event: Event,
    ) -> Result<InvokedStream, Error> {
        let callee = callee.into();
        if !callee.function.configuration.is_program() {
            let invoked = self.invoke(callee.clone(), caller, event).await?;
            return Ok(InvokedStream { callee, pieces: None, end: ready(Ok(invoked)).boxed() });
        }
        self.check(&callee, &mut caller, &event)?;
        let root = caller.origin.root;
        let invoked = Box::pin(self.invoker.invoke_streamed(callee, caller, event)).await?;
        self.count_descendant(root);
        Ok(invoked)
    }

    /// The handler of an event, if it may be handled.
    fn check(&self, callee: &Callee, caller: &mut Caller, event: &Event) -> Result<Handler, Error> {
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
        let handler = choose_handler(incoming(event), &callee.function)?;
        self.check_recursion(callee, handler, caller)?;
        Ok(handler)
    }

    /// Does what [`Self::invoke`] does, by a handler that was chosen.
    pub(crate) async fn handle(
        &self,
        callee: &Callee,
        handler: Handler,
        caller: Caller,
        event: Event,
    ) -> Result<Invoked, Error> {
        if handler.is_http() {
            self.invoker.through_http(callee, handler, caller, event).await
        } else {
            self.invoker.directly(callee, handler, caller, event).await
        }
    }

    /// Has a function's batch handler handle events at once. Without `item_failures` the answer of
    /// what runs on a runtime names none that failed.
    pub(crate) async fn batch(
        &self,
        callee: &Callee,
        caller: Caller,
        events: Vec<Event>,
        item_failures: bool,
    ) -> Result<(Invoked, Vec<(u32, Failure)>), Error> {
        self.invoker.batch(callee, caller, events, item_failures).await
    }

    /// Refuses a function that has called itself too often, through whatever others, and
    /// records that.
    fn check_recursion(
        &self,
        callee: &Callee,
        handler: Handler,
        caller: &mut Caller,
    ) -> Result<(), Error> {
        let entered = self.recursion.enter(&callee.function, caller);
        let Err((_, failure)) = entered else { return Ok(()) };
        let error = Error::new(ErrorCode::LoopDetected, failure.message.clone());
        self.record_unmetered(callee, handler, caller.id, Outcome::FunctionError(failure));
        Err(error)
    }

    /// Why a function must not run because of what led to it, if it must not; else the
    /// caller becomes one more invocation that descends from its root.
    pub(crate) fn check_lineage(
        &self,
        callee: &Callee,
        caller: &mut Caller,
    ) -> Option<(Stopped, Failure)> {
        self.recursion.enter(&callee.function, caller).err()
    }

    /// Counts an invocation that began, if it descends from another.
    pub(crate) fn count_descendant(&self, root: Option<Root>) {
        self.recursion.count(root);
    }

    /// Records an invocation that never ran.
    pub(crate) fn record_unmetered(
        &self,
        callee: &Callee,
        handler: Handler,
        id: RequestId,
        outcome: Outcome,
    ) -> InvocationRecord {
        self.invoker.recorder.record_unmetered(callee, handler, id, outcome)
    }

    /// Tells what became of an attempt to deliver.
    pub(crate) fn observe_delivered(
        &self,
        namespace: &Namespace,
        function: &FunctionName,
        delivered: Delivered,
        age: Duration,
    ) {
        self.invoker.recorder.observe.delivered(namespace, function, delivered, age);
    }

    /// Tells what became of a message of a topic.
    pub(crate) fn observe_topic(
        &self,
        namespace: &Namespace,
        topic: &TopicName,
        event: TopicEvent,
    ) {
        self.invoker.recorder.observe.topic(namespace, topic, event);
    }

    /// Gives back what could not be stored.
    pub(crate) fn give_back_usage(&self, records: Vec<(Namespace, UsageRecord)>) {
        self.invoker.recorder.usage.give_back(records);
    }

    /// Takes what invocations have used since the last call, by function and hour.
    pub(crate) fn take_usage(&self) -> Vec<(Namespace, UsageRecord)> {
        self.invoker.recorder.usage.take()
    }

    /// Puts in force what is reserved for the functions of all namespaces.
    ///
    /// # Errors
    /// The store failed.
    pub async fn read_reserved(&self) -> Result<(), Error> {
        Ok(self.invoker.admission.limits.read_all(&*self.registry).await?)
    }

    /// Puts in force what is reserved for a function.
    ///
    /// # Errors
    /// The store failed.
    pub async fn read_reserved_of(
        &self,
        namespace: &Namespace,
        function: &FunctionName,
    ) -> Result<(), Error> {
        Ok(self.invoker.admission.limits.read(&*self.registry, namespace, function).await?)
    }

    /// Follows what is reserved, by any node, until the drain.
    pub async fn follow_reserved(&self, drain: &CancellationToken) {
        self.invoker.admission.limits.follow(&*self.registry, drain).await;
    }

    /// Moves the releases of aliases on, until the drain.
    pub async fn drive_releases(&self, clock: &dyn Clock, drain: &CancellationToken) {
        self.invoker.recorder.releases.drive(clock, drain).await;
    }

    /// How far the release of an alias has come, and what this node has seen of its versions; nothing
    /// if none is under way. The names are spelled as they are stored.
    #[must_use]
    pub fn release_status(
        &self,
        namespace: &Namespace,
        function: &FunctionName,
        alias: &AliasName,
    ) -> Option<(Progress, ReleaseStatistics)> {
        self.invoker.recorder.releases.status(namespace, function, alias)
    }

    /// How many invocations of a function are running on this node.
    #[must_use]
    pub fn running(&self, namespace: &Namespace, function: &FunctionName) -> usize {
        self.invoker.admission.running(namespace, function)
    }

    /// How many invocations are running.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.invoker.admission.in_flight()
    }

    /// Returns when no invocation is running and every record is handed over.
    pub async fn idle(&self) {
        self.invoker.admission.idle().await;
    }

    /// How many invocations of a function could begin now, once that is one at
    /// least. It may be none any more when they do.
    pub(crate) async fn wait_for_room(&self, function: &lambent_types::FunctionVersion) -> usize {
        self.invoker.admission.wait_for_room(function).await
    }
}

/// What an event is to a function that a client invokes with it.
fn incoming(event: &Event) -> Incoming {
    match &*event.kind {
        occurrence::QUEUE_MESSAGE => Incoming::Message,
        occurrence::KEY_SET | occurrence::KEY_DELETED => Incoming::KeyChange,
        _ => Incoming::Event,
    }
}
