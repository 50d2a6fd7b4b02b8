use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use lambent_storage::InvocationLogs;
use lambent_types::{
    BatchItems, Error, Event, FunctionVersion, Handler, InvocationRecord, Logs, Meter, Outcome,
    Output, RequestId, Root,
};

use crate::admission::{Admission, Permit};
use crate::callee::Callee;
use crate::caller::Caller;
use crate::observe::Observe;
use crate::releases::Releases;
use crate::runner::{Call, Finished};
use crate::usage::UsageSums;

/// Where the ends of invocations go.
pub(crate) struct Recorder {
    pub(crate) logs: Arc<dyn InvocationLogs>,
    pub(crate) observe: Arc<dyn Observe>,
    pub(crate) usage: UsageSums,
    pub(crate) releases: Arc<Releases>,
}

impl Recorder {
    /// Records an invocation that never ran, or whose end is not known.
    pub(crate) fn record_unmetered(
        &self,
        Callee { function, alias }: &Callee,
        handler: Handler,
        id: RequestId,
        outcome: Outcome,
    ) -> InvocationRecord {
        let record = InvocationRecord {
            id,
            namespace: function.namespace.clone(),
            function: function.name.clone(),
            version: function.version,
            alias: alias.clone(),
            handler,
            started: Timestamp::now(),
            outcome,
            meter: Meter::default(),
            logs: Logs::default(),
            items: None,
        };
        self.record(record.clone(), function);
        record
    }

    /// Records an invocation that ran: what releases are decided by.
    fn record_run(&self, record: InvocationRecord, function: &FunctionVersion) {
        self.releases.finished(&record);
        self.record(record, function);
    }

    fn record(&self, record: InvocationRecord, function: &FunctionVersion) {
        self.observe.finished(&record);
        self.usage.add(&record, function.configuration.memory_bytes);
        if !self.logs.append(record) {
            self.observe.log_dropped();
        }
    }
}

/// One admitted invocation, from admission to its record.
///
/// It is ended exactly once. If it is dropped without an end, it gives its permit back
/// and leaves no record, as if it had never been.
pub(crate) struct Run {
    id: RequestId,
    callee: Callee,
    handler: Handler,
    started: Timestamp,
    clock: Instant,
    recorder: Arc<Recorder>,
    /// The ids of the items, if it is a batch.
    items: Vec<String>,
    /// Last, so that it is given back only after the record was written.
    _permit: Permit,
}

impl Run {
    pub(crate) fn admit(
        admission: &Arc<Admission>,
        recorder: &Arc<Recorder>,
        callee: &Callee,
        handler: Handler,
        id: RequestId,
    ) -> Result<Self, Error> {
        let function = &callee.function;
        let permit = admission.admit(function).inspect_err(|error| match error.reason() {
            Some(reason) => recorder.observe.throttled(function, reason),
            None => recorder.observe.shed(function),
        })?;
        Ok(Self {
            id,
            callee: callee.clone(),
            handler,
            started: Timestamp::now(),
            clock: Instant::now(),
            recorder: Arc::clone(recorder),
            items: Vec::new(),
            _permit: permit,
        })
    }

    /// The same of a batch of these events.
    pub(crate) fn of_batch(mut self, events: &[Event]) -> Self {
        self.items = events.iter().map(|event| event.id.clone()).collect();
        self
    }

    /// What to tell the runner; `response_bytes` bounds a buffered response.
    pub(crate) fn call(&self, caller: Caller, response_bytes: Option<u64>) -> Call {
        let mut origin = caller.origin;
        // An invocation without a root is the root of what descends from it.
        origin.root.get_or_insert(Root { id: self.id.0, events: 0 });
        let function = &self.callee.function;
        let mut limits = function.configuration.limits();
        limits.response_bytes = response_bytes;
        Call {
            id: self.id,
            function: Arc::clone(function),
            alias: self.callee.alias.clone(),
            handler: self.handler,
            limits,
            principal: caller.principal,
            origin,
            client_context: caller.client_context,
            started: self.started,
        }
    }

    /// Writes the record and gives the permit back.
    pub(crate) fn end(self, finished: Finished) {
        let (record, _) = self.describe(finished);
        self.recorder.record_run(record, &self.callee.function);
    }

    fn describe(&self, finished: Finished) -> (InvocationRecord, Option<Output>) {
        let is_partial = finished.outcome.is_ok() && !finished.failed.is_empty();
        let Callee { function, alias } = &self.callee;
        let record = InvocationRecord {
            id: self.id,
            namespace: function.namespace.clone(),
            function: function.name.clone(),
            version: function.version,
            alias: alias.clone(),
            handler: self.handler,
            started: self.started,
            outcome: finished.outcome,
            meter: finished.meter,
            logs: finished.logs,
            items: is_partial.then(|| BatchItems::new(&self.items, &finished.failed)),
        };
        (record, finished.output)
    }
}

/// A run whose end someone waits for. Dropped before that it is recorded all the
/// same: as it ended if that is known, or else as cancelled.
pub(crate) struct Awaited {
    run: Run,
    finished: Option<Finished>,
    recorded: bool,
}

impl Awaited {
    pub(crate) fn new(run: Run) -> Self {
        Self { run, finished: None, recorded: false }
    }

    /// Notes how it ended.
    pub(crate) fn finish(&mut self, finished: Finished) {
        self.finished = Some(finished);
    }

    /// How it ended, if it did.
    pub(crate) fn finished_mut(&mut self) -> Option<&mut Finished> {
        self.finished.as_mut()
    }

    /// Writes the record and gives the permit back.
    pub(crate) fn end(mut self) -> (InvocationRecord, Option<Output>) {
        self.record()
    }

    /// Nothing ran, so there is nothing to record.
    pub(crate) fn forget(mut self) {
        self.recorded = true;
    }

    fn record(&mut self) -> (InvocationRecord, Option<Output>) {
        self.recorded = true;
        let finished = self.finished.take().unwrap_or_else(|| Finished {
            outcome: Outcome::Cancelled,
            meter: Meter { duration: self.run.clock.elapsed(), ..Meter::default() },
            logs: Logs::default(),
            output: None,
            failed: Vec::new(),
        });
        let (record, output) = self.run.describe(finished);
        self.run.recorder.record_run(record.clone(), &self.run.callee.function);
        (record, output)
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        if !self.recorded {
            self.record();
        }
    }
}
