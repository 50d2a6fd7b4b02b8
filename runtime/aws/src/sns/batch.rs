//! Batches: up to ten messages of one request, each of which is published or not for itself.

use std::collections::BTreeSet;

use lambent_types::TopicName;
use serde::{Deserialize, Serialize};

use super::arn;
use super::error::fault;
use super::publish::Message;
use crate::call::Call;
use crate::fault::Fault;
use crate::query::{List, Members};

/// Most entries of a batch; SNS's.
const ENTRIES_MAX: usize = 10;
/// Most bytes of all messages together; SNS's.
const BYTES_MAX: usize = 262_144;
/// Most characters of the id of an entry; SNS's.
const ID_CHARS_MAX: usize = 80;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Batch {
    topic_arn: Option<String>,
    #[serde(default)]
    publish_batch_request_entries: Members<Message>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Published {
    id: String,
    message_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence_number: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Failed {
    id: String,
    code: String,
    message: String,
    sender_fault: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Outcome {
    successful: List<Published>,
    failed: List<Failed>,
}

fn failed(id: String, fault: Fault) -> Failed {
    let sender_fault = fault.is_of_client();
    Failed { id, code: fault.code.into_owned(), message: fault.message.into_owned(), sender_fault }
}

/// The ids of the entries, which are as they have to be.
fn ids(entries: &[Message]) -> Result<Vec<String>, Fault> {
    let refused =
        |code: &'static str, message: &'static str| Err(Fault::bad_request(code, message));
    if entries.is_empty() {
        return refused("EmptyBatchRequest", "The batch request doesn't contain any entries.");
    }
    if entries.len() > ENTRIES_MAX {
        return refused(
            "TooManyEntriesInBatchRequest",
            "The batch request contains more entries than permissible.",
        );
    }
    let of_an_id = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let mut known = BTreeSet::new();
    for entry in entries {
        let id = entry.id.clone().unwrap_or_default();
        if id.is_empty() || id.len() > ID_CHARS_MAX || !id.chars().all(of_an_id) {
            return refused(
                "InvalidBatchEntryId",
                "The Id of a batch entry in a batch request doesn't abide by the specification.",
            );
        }
        if !known.insert(id) {
            return refused(
                "BatchEntryIdsNotDistinct",
                "Two or more batch entries in the request have the same Id.",
            );
        }
    }
    Ok(entries.iter().map(|entry| entry.id.clone().unwrap_or_default()).collect())
}

pub(super) async fn publish(call: &Call, wanted: Batch) -> Result<Outcome, Fault> {
    let topic = arn::read_topic(call, wanted.topic_arn.as_deref(), "TopicArn")?;
    let entries = wanted.publish_batch_request_entries.0;
    let ids = ids(&entries)?;
    let handle = call.scope.handle::<TopicName>(topic.as_str()).map_err(fault)?;
    let (mut messages, mut good, mut bad) = (Vec::new(), Vec::new(), Vec::new());
    for (id, entry) in ids.into_iter().zip(entries) {
        match entry.read() {
            Ok(message) => {
                messages.push(message);
                good.push(id);
            }
            Err(fault) => bad.push(failed(id, fault)),
        }
    }
    if messages.iter().map(lambent_types::NewTopicMessage::bytes).sum::<usize>() > BYTES_MAX {
        return Err(Fault::bad_request(
            "BatchRequestTooLong",
            "The length of all the batch messages put together is more than the limit.",
        ));
    }
    let published = handle.publish(messages, &call.region).await.map_err(fault)?;
    let mut successful = Vec::new();
    for (id, one) in good.into_iter().zip(published) {
        match one {
            Ok(one) => {
                let (message_id, sequence_number) = (one.id, one.sequence);
                successful.push(Published { id, message_id, sequence_number });
            }
            Err(error) => bad.push(failed(id, fault(error))),
        }
    }
    Ok(Outcome { successful: successful.into_iter().collect(), failed: bad.into_iter().collect() })
}
