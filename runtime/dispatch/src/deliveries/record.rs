use lambent_types::{Event, Failure, FunctionVersion, Output, RequestId, bounds};
use serde_json::{Value, json};

/// Why nothing more is done about an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// It was handled.
    Success,
    /// It failed as often as it may.
    RetriesExhausted,
    /// It is too old.
    EventAgeExceeded,
    /// The function said that trying again is of no use.
    Rejected,
    /// The function has triggered itself too often.
    RecursionStopped,
    /// The function is missing, or exports nothing that can take it.
    NotInvocable,
}

impl Cause {
    /// The word of the record; the first three are Lambda's.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "Success",
            Self::RetriesExhausted => "RetriesExhausted",
            Self::EventAgeExceeded => "EventAgeExceeded",
            Self::Rejected => "Rejected",
            Self::RecursionStopped => "RecursionStopped",
            Self::NotInvocable => "NotInvocable",
        }
    }
}

/// The end of an event, as far as its record tells it.
pub(super) struct End<'a> {
    pub(super) cause: Cause,
    pub(super) event: &'a Event,
    /// The last invocation.
    pub(super) request: RequestId,
    pub(super) function: Option<&'a FunctionVersion>,
    /// How often it was tried.
    pub(super) attempts: u32,
    pub(super) failure: Option<&'a Failure>,
    pub(super) output: Option<&'a Output>,
}

/// The record of an event's end, in the form of Lambda's destinations, version 1.0.
/// Where it would be larger than a message may be, `omitted` names what is left
/// out: first the response's payload, then the event's data.
pub(super) fn json(end: &End<'_>, now: jiff::Timestamp) -> String {
    let mut record = record(end, now);
    let mut omitted = Vec::new();
    loop {
        let text = record.to_string();
        if text.len() <= bounds::VALUE_BYTES_MAX {
            return text;
        }
        let what = ["responsePayload", "event"].into_iter().find(|what| !omitted.contains(what));
        match (what, &mut record["event"]) {
            (Some("event"), Value::Object(event)) => {
                event.remove("data");
                event.remove("data_base64");
            }
            (Some(what), _) => record[what] = Value::Null,
            (None, _) => return text,
        }
        omitted.extend(what);
        record["omitted"] = json!(omitted);
    }
}

fn record(end: &End<'_>, now: jiff::Timestamp) -> Value {
    let failure = end.failure.map(|failure| {
        json!({
            "errorType": failure.kind, "errorMessage": failure.message, "stackTrace": failure.trace,
        })
    });
    let payload = end.output.map(|output| {
        serde_json::from_slice(&output.data)
            .unwrap_or_else(|_| String::from_utf8_lossy(&output.data).into_owned().into())
    });
    let mut response = json!({});
    if let Some(function) = end.function {
        response["executedVersion"] = function.version.to_string().into();
    }
    if let Some(failure) = end.failure {
        response["functionError"] = failure.kind.clone().into();
    }
    json!({
        "version": "1.0",
        "timestamp": now.to_string(),
        "requestContext": {
            "requestId": end.request.to_string(),
            "function": end.function.map(|function| function.name.to_string()),
            "condition": end.cause.as_str(),
            "approximateInvokeCount": end.attempts,
        },
        "event": end.event.structured(),
        "responseContext": response,
        "responsePayload": failure.or(payload),
    })
}
