use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use lambent_types::{Event, Failure, Origin, RequestId, occurrence};
use serde_json::{Value, json};

use super::intake::Change;
use super::{Halt, Reader};
use crate::deliveries::Deliveries;
use crate::deliveries::destination::DestinationMessage;
use crate::deliveries::handled::Handled;
use crate::deliveries::record::Cause;
use crate::lambda::function_arn;
use crate::observe::Delivered;

/// Changes of which nothing more is tried; at least one.
pub(super) struct GivenUp<'a> {
    pub(super) changes: &'a [Change],
    /// How often they were tried.
    pub(super) attempts: u32,
    pub(super) cause: Cause,
    pub(super) failure: &'a Failure,
    /// The last invocation.
    pub(super) request: RequestId,
}

impl Deliveries {
    /// Gives up one change that was not tried.
    pub(super) async fn give_up_untried(
        self: &Arc<Self>,
        reader: &Reader,
        change: Change,
        handled: Handled,
    ) -> Result<(), Halt> {
        let Handled::Permanent(cause, failure) = &handled else { return Ok(()) };
        let request = RequestId::new();
        let name = &reader.trigger.name;
        self.statuses.note(&reader.namespace, name, &handled, request, self.clock.now());
        let changes = &[change];
        let ended = GivenUp { changes, attempts: 0, cause: *cause, failure, request };
        self.give_up_changes(reader, ended).await
    }

    /// Gives changes up: the trigger's destination learns which they are. What they were, the
    /// stream says as long as it has them.
    pub(super) async fn give_up_changes(
        self: &Arc<Self>,
        reader: &Reader,
        ended: GivenUp<'_>,
    ) -> Result<(), Halt> {
        let (namespace, function) = (&reader.namespace, &reader.function.name);
        for change in ended.changes {
            self.observe_change(reader, Delivered::GivenUp, change);
        }
        let Some(record) = record(reader, &ended, self.clock.now()) else { return Ok(()) };
        let trigger = &reader.trigger.name;
        tracing::warn!(%namespace, %trigger, %record, "changes of a table are given up");
        let policy = reader.trigger.delivery.as_ref();
        let (Some(to), Some(first)) =
            (policy.and_then(|policy| policy.on_failure.as_ref()), ended.changes.first())
        else {
            return Ok(());
        };
        let origins = ended.changes.iter().map(|change| &change.origin);
        let origin = origins.fold(Origin::default(), |merged, origin| merged.merge(origin));
        let message = DestinationMessage {
            event: Event {
                // The same whenever it is sent again.
                id: format!("{}:failure", first.event.id),
                source: format!("/functions/{function}"),
                kind: occurrence::DELIVERY_FAILED.into(),
                subject: Some(first.event.id.clone()),
                time_ns: u64::try_from(self.clock.now().as_nanosecond()).ok(),
                content_type: Some("application/json".into()),
                schema: None,
                extensions: Vec::new(),
                attempt: 1,
                data: record.to_string().into(),
            },
            from: function.to_string(),
            since: first.at,
            attributes: BTreeMap::new(),
            dead: None,
        };
        self.send_one(namespace, function, to, message, &origin).await?;
        Ok(())
    }
}

/// What Lambda tells the destination of an event source mapping.
fn record(reader: &Reader, ended: &GivenUp<'_>, now: Timestamp) -> Option<Value> {
    let (first, last) = (ended.changes.first()?, ended.changes.last()?);
    // Lambda's words for the ends that it has too.
    let condition = match ended.cause {
        Cause::RetriesExhausted => "RetryAttemptsExhausted",
        Cause::EventAgeExceeded => "RecordAgeExceeded",
        other => other.as_str(),
    };
    Some(json!({
        "version": "1.0",
        "timestamp": time(now),
        "requestContext": {
            "requestId": ended.request.to_string(),
            "functionArn": function_arn(&reader.namespace, &reader.function),
            "condition": condition,
            "approximateInvokeCount": ended.attempts,
        },
        "responseContext": {
            "statusCode": 200,
            "executedVersion": reader.function.qualifier.to_string(),
            "functionError": ended.failure.kind,
            "errorMessage": ended.failure.message,
        },
        "DDBStreamBatchInfo": {
            "shardId": first.stream.shard,
            "startSequenceNumber": first.sequence.to_string(),
            "endSequenceNumber": last.sequence.to_string(),
            "approximateArrivalOfFirstRecord": time(first.at),
            "approximateArrivalOfLastRecord": time(last.at),
            "batchSize": ended.changes.len(),
            "streamArn": first.stream.arn,
        },
    }))
}

fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
