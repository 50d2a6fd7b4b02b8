use std::fmt;

use jiff::Timestamp;
use lambent_storage::Channel;
use lambent_types::{Event, Failure, FunctionVersion, Output, QueueName, RequestId, bounds};
use serde_json::{Value, json};

/// Why nothing more is done about an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// The event was handled.
    Success,
    /// The function failed as often as it may.
    RetriesExhausted,
    /// The event is too old.
    EventAgeExceeded,
    /// The function said that trying again is of no use.
    Rejected,
    /// The function has triggered itself too often.
    RecursionStopped,
    /// Too many invocations descend from the one it all began with.
    TooManyDescendants,
    /// To compare it with its trigger's patterns would take too long.
    PatternTooCostly,
    /// The function is missing, or exports nothing that can take it.
    NotInvocable,
}

impl Cause {
    /// The word of the record; the first three are Lambda's.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "Success",
            Self::RetriesExhausted => "RetriesExhausted",
            Self::EventAgeExceeded => "EventAgeExceeded",
            Self::Rejected => "Rejected",
            Self::RecursionStopped => "RecursionStopped",
            Self::TooManyDescendants => "TooManyDescendants",
            Self::PatternTooCostly => "PatternTooCostly",
            Self::NotInvocable => "NotInvocable",
        }
    }
}

/// Where an event was.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'a> {
    Channel(&'a Channel),
    Queue(&'a QueueName),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Channel(channel) => channel.fmt(f),
            Self::Queue(queue) => write!(f, "queue:{queue}"),
        }
    }
}

/// The end of an event, as far as its record tells it.
pub(super) struct End<'a> {
    pub(super) cause: Cause,
    pub(super) place: Place<'a>,
    /// When it came there: the same however often its end is told, and another when it has come
    /// back from a dead-letter queue.
    pub(super) since: Timestamp,
    pub(super) event: &'a Event,
    /// The last invocation.
    pub(super) request: RequestId,
    pub(super) function: Option<&'a FunctionVersion>,
    /// How often it was tried.
    pub(super) attempts: u32,
    pub(super) failure: Option<&'a Failure>,
    pub(super) output: Option<&'a Output>,
}

/// A record of an event's end that borrows nothing.
pub(super) struct Record {
    cause: Cause,
    event: Event,
    request: RequestId,
    /// The function's name, and the version that ran.
    function: Option<(String, String)>,
    attempts: u32,
    failure: Option<Failure>,
    output: Option<Output>,
}

impl Record {
    pub(super) fn new(end: &End<'_>) -> Self {
        let name_and_version =
            |function: &FunctionVersion| (function.name.to_string(), function.version.to_string());
        Self {
            cause: end.cause,
            event: end.event.clone(),
            request: end.request,
            function: end.function.map(name_and_version),
            attempts: end.attempts,
            failure: end.failure.cloned(),
            output: end.output.cloned(),
        }
    }

    /// How many bytes of others' data are read for it.
    pub(super) fn bytes(&self) -> usize {
        self.event.data.len() + self.output.as_ref().map_or(0, |output| output.data.len())
    }

    /// The record in the form of Lambda's destinations, version 1.0. Where it would
    /// be larger than a message may be, `omitted` names what is left out: first the
    /// response's payload, then the event's data.
    pub(super) fn json(mut self, now: jiff::Timestamp) -> String {
        let mut omitted = Vec::new();
        // Not even read: in memory it may be many times as large.
        if self.output.take_if(|output| output.data.len() > bounds::VALUE_BYTES_MAX).is_some() {
            omitted.push("responsePayload");
        }
        let mut record = self.value(now);
        loop {
            if !omitted.is_empty() {
                record["omitted"] = json!(omitted);
            }
            let text = record.to_string();
            if text.len() <= bounds::VALUE_BYTES_MAX {
                return text;
            }
            let what =
                ["responsePayload", "event"].into_iter().find(|what| !omitted.contains(what));
            match (what, &mut record["event"]) {
                (Some("event"), Value::Object(event)) => {
                    event.remove("data");
                    event.remove("data_base64");
                }
                (Some(what), _) => record[what] = Value::Null,
                (None, _) => return text,
            }
            omitted.extend(what);
        }
    }

    fn value(&self, now: jiff::Timestamp) -> Value {
        let failure = self.failure.as_ref().map(|failure| {
            json!({
                "errorType": failure.kind, "errorMessage": failure.message,
                "stackTrace": failure.trace,
            })
        });
        let payload = self.output.as_ref().map(|output| {
            serde_json::from_slice(&output.data)
                .unwrap_or_else(|_| String::from_utf8_lossy(&output.data).into_owned().into())
        });
        let mut response = json!({});
        if let Some((_, version)) = &self.function {
            response["executedVersion"] = version.clone().into();
        }
        if let Some(failure) = &self.failure {
            response["functionError"] = failure.kind.clone().into();
        }
        json!({
            "version": "1.0",
            "timestamp": now.to_string(),
            "requestContext": {
                "requestId": self.request.to_string(),
                "function": self.function.as_ref().map(|(name, _)| name),
                "condition": self.cause.as_str(),
                "approximateInvokeCount": self.attempts,
            },
            "event": self.event.structured(),
            "responseContext": response,
            "responsePayload": failure.or(payload),
        })
    }
}
