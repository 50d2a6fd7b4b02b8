//! Messages that are sent.

use std::time::Duration;

use lambent_dispatch::md5_of_body;
use lambent_service::{NewMessage, Queue, QueueHandle, Sent};
use lambent_types::{Annotations, bounds};
use serde::{Deserialize, Serialize};

use super::batch::{self, Outcome};
use super::error::{batch_too_long, fault, invalid_value, missing_parameter, required, shown};
use super::message::{self, Attributes};
use super::{GROUP, SENDER, TRACE_HEADER, address};
use crate::call::Call;
use crate::fault::Fault;
use crate::protocol::Number;

/// The only attribute of the system that a sender may give.
const SYSTEM_ATTRIBUTE: &str = "AWSTraceHeader";

/// A message as a request has it, alone or among several.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Message {
    id: Option<String>,
    message_body: Option<String>,
    delay_seconds: Option<Number>,
    message_attributes: Attributes,
    message_system_attributes: Attributes,
    message_deduplication_id: Option<String>,
    message_group_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SendMessage {
    queue_url: Option<String>,
    #[serde(flatten)]
    message: Message,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SendBatch {
    queue_url: Option<String>,
    #[serde(default, deserialize_with = "batch::entries")]
    entries: Vec<Message>,
}

/// What is told of a message that was sent.
#[derive(Serialize)]
pub(super) struct Told {
    #[serde(rename = "Id", skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(rename = "MD5OfMessageBody")]
    body: String,
    #[serde(rename = "MD5OfMessageAttributes", skip_serializing_if = "Option::is_none")]
    attributes: Option<String>,
    #[serde(rename = "MD5OfMessageSystemAttributes", skip_serializing_if = "Option::is_none")]
    system_attributes: Option<String>,
    #[serde(rename = "MessageId")]
    message_id: String,
    #[serde(rename = "SequenceNumber", skip_serializing_if = "Option::is_none")]
    sequence: Option<String>,
}

/// The number of a message's place in its queue, as SQS writes it: twenty digits.
pub(super) fn sequence_number(sequence: u64) -> String {
    format!("{sequence:020}")
}

/// Whom a message is from, for those who receive it.
fn sender(call: &Call) -> String {
    let id = call.scope.principal().id().map(str::to_owned);
    id.or_else(|| call.access_key().map(str::to_owned)).unwrap_or_else(|| call.account())
}

/// A message that may be sent, and what is told of it once it is.
struct Ready {
    new: NewMessage,
    told: Told,
}

impl Message {
    fn bytes(&self) -> usize {
        let body = self.message_body.as_deref().unwrap_or_default();
        message::size(body, &self.message_attributes)
    }

    /// Checks a message and makes it one of the node's.
    fn ready(self, call: &Call, queue: &Queue) -> Result<Ready, Fault> {
        let bytes = self.bytes();
        let body = self.message_body.clone().unwrap_or_default();
        message::check_body(&body)?;
        message::check_attributes(&self.message_attributes)?;
        let most = queue.attributes.message_bytes_max;
        if bytes as u64 > most {
            return Err(invalid_value(format!(
                "One or more parameters are invalid. Reason: Message must be shorter than {most} bytes."
            )));
        }
        let delay = self.delay(queue)?;
        self.check_grouping(queue)?;
        let annotations = self.annotations(call, queue)?;
        let told = Told {
            id: self.id,
            body: md5_of_body(&body),
            attributes: message::digest(&self.message_attributes),
            system_attributes: message::digest(&self.message_system_attributes),
            message_id: String::new(),
            sequence: None,
        };
        let types = self.message_attributes.iter();
        let types = types.filter(|(_, attribute)| attribute.data_type != "String");
        let is_fifo = queue.name.is_fifo();
        let new = NewMessage {
            body: body.into(),
            attribute_types: types
                .map(|(name, one)| (name.clone(), one.data_type.clone()))
                .collect(),
            attributes: self
                .message_attributes
                .iter()
                .map(|(name, attribute)| (name.clone(), attribute.text().to_owned()))
                .collect(),
            annotations,
            delay,
            group: self.message_group_id.filter(|_| is_fifo),
            deduplication: self.message_deduplication_id,
            ..NewMessage::default()
        };
        check_stored(&new, most)?;
        Ok(Ready { new, told })
    }

    fn delay(&self, queue: &Queue) -> Result<Option<Duration>, Fault> {
        let Some(Number(seconds)) = self.delay_seconds else { return Ok(None) };
        let refused = |reason: String| {
            invalid_value(format!(
                "Value {seconds} for parameter DelaySeconds is invalid. Reason: {reason}"
            ))
        };
        let most = bounds::DELAY_MAX.as_secs();
        let delay = u64::try_from(seconds).ok().filter(|seconds| *seconds <= most);
        let delay =
            delay.ok_or_else(|| refused(format!("DelaySeconds must be >= 0 and <= {most}.")))?;
        match queue.name.is_fifo() {
            false => Ok(Some(Duration::from_secs(delay))),
            true if delay == 0 => Ok(None),
            true => Err(refused(
                "The request include parameter that is not valid for this queue type.".into(),
            )),
        }
    }

    /// Checks group and deduplication id, which FIFO queues need. A standard queue keeps a group
    /// and does nothing by it: it hands out all groups alike.
    fn check_grouping(&self, queue: &Queue) -> Result<(), Fault> {
        check_id("MessageGroupId", self.message_group_id.as_deref())?;
        check_id("MessageDeduplicationId", self.message_deduplication_id.as_deref())?;
        let id = self.message_deduplication_id.as_deref();
        match (queue.name.is_fifo(), id) {
            (false, Some(id)) => Err(invalid_value(format!(
                "Value {id} for parameter MessageDeduplicationId is invalid. Reason: The request \
                 include parameter that is not valid for this queue type."
            ))),
            (true, _) if self.message_group_id.is_none() => Err(no_group()),
            (true, None) if !queue.attributes.content_deduplication => Err(no_deduplication()),
            _ => Ok(()),
        }
    }

    /// What is kept of a message for those who receive it by SQS.
    fn annotations(&self, call: &Call, queue: &Queue) -> Result<Annotations, Fault> {
        let mut kept = Annotations([(SENDER.to_owned(), sender(call))].into());
        for (name, attribute) in &self.message_system_attributes {
            if name != SYSTEM_ATTRIBUTE || attribute.data_type != "String" {
                return Err(invalid_value(format!(
                    "Message system attribute name '{}' is invalid.",
                    shown(name)
                )));
            }
            message::check_value(name, attribute)?;
            kept.0.insert(TRACE_HEADER.into(), attribute.text().to_owned());
        }
        if let Some(group) = self.message_group_id.as_ref().filter(|_| !queue.name.is_fifo()) {
            kept.0.insert(GROUP.into(), group.clone());
        }
        Ok(kept)
    }
}

/// Checks what the store would refuse, and with it the whole batch: it counts values as it keeps them,
/// bytes in base64.
fn check_stored(new: &NewMessage, most: u64) -> Result<(), Fault> {
    let of_attributes = new.attribute_bytes();
    if of_attributes > bounds::MESSAGE_ATTRIBUTES_BYTES_MAX {
        return Err(invalid_value(format!(
            "One or more parameters are invalid. Reason: The attributes are {of_attributes} bytes, those \
             in base64 as they are sent; the most is {}.",
            bounds::MESSAGE_ATTRIBUTES_BYTES_MAX
        )));
    }
    if new.bytes() as u64 > most {
        return Err(invalid_value(format!(
            "One or more parameters are invalid. Reason: Message must be shorter than {most} bytes, \
             attributes in base64 counted as they are sent."
        )));
    }
    new.annotations.validate().map_err(|error| invalid_value(error.detail().to_owned()))
}

fn no_group() -> Fault {
    missing_parameter("The request must contain the parameter MessageGroupId.")
}

fn no_deduplication() -> Fault {
    invalid_value(
        "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId \
         provided explicitly",
    )
}

/// Checks an id of a FIFO queue: letters, digits and punctuation.
fn check_id(name: &str, id: Option<&str>) -> Result<(), Fault> {
    let fits = |id: &str| (1..=128).contains(&id.len()) && id.bytes().all(|c| c.is_ascii_graphic());
    match id.filter(|id| !fits(id)) {
        None => Ok(()),
        Some(id) => Err(invalid_value(format!(
            "Value {id} for parameter {name} is invalid. Reason: {name} can only include \
             alphanumeric and punctuation characters. 1 to 128 in length.",
            id = shown(id)
        ))),
    }
}

/// Sends messages, and says of each what is told of it.
async fn send(handle: &QueueHandle<'_>, ready: Vec<Ready>) -> Result<Vec<Told>, Fault> {
    if ready.is_empty() {
        return Ok(Vec::new());
    }
    let (new, told): (Vec<_>, Vec<_>) = ready.into_iter().map(|one| (one.new, one.told)).unzip();
    let sent = handle.send(new).await.map_err(fault)?;
    let is_fifo = handle.name().is_fifo();
    let tell = |(told, Sent { id, sequence, .. }): (Told, Sent)| Told {
        message_id: id,
        sequence: is_fifo.then(|| sequence_number(sequence)),
        ..told
    };
    Ok(told.into_iter().zip(sent).map(tell).collect())
}

pub(super) async fn one(call: &Call, wanted: SendMessage) -> Result<Told, Fault> {
    let handle = address::queue(call, wanted.queue_url)?;
    required(wanted.message.message_body.as_ref(), "MessageBody")?;
    let queue = handle.describe().await.map_err(fault)?;
    let ready = Message { id: None, ..wanted.message }.ready(call, &queue)?;
    let told = send(&handle, vec![ready]).await?.pop();
    told.ok_or_else(|| invalid_value("the queue said nothing of the message"))
}

pub(super) async fn batch(call: &Call, wanted: SendBatch) -> Result<Outcome<Told>, Fault> {
    let handle = address::queue(call, wanted.queue_url)?;
    let entries = wanted.entries;
    let ids = entries.iter().map(|entry| entry.id.as_deref());
    let ids = batch::ids("SendMessageBatchRequestEntry", ids)?;
    let bytes: usize = entries.iter().map(Message::bytes).sum();
    if bytes > bounds::VALUE_BYTES_MAX {
        return Err(batch_too_long(format!(
            "Batch requests cannot be longer than {} bytes. You have sent {bytes} bytes.",
            bounds::VALUE_BYTES_MAX
        )));
    }
    let queue = handle.describe().await.map_err(fault)?;
    check_fifo(&queue, &entries)?;
    let (mut ready, mut outcomes) = (Vec::new(), Vec::new());
    for (id, entry) in ids.into_iter().zip(entries) {
        match entry.ready(call, &queue) {
            Ok(one) => {
                ready.push(one);
                outcomes.push((id, None));
            }
            Err(fault) => outcomes.push((id, Some(fault))),
        }
    }
    let mut told = send(&handle, ready).await?.into_iter();
    let nothing = || invalid_value("the queue said nothing of the message");
    let outcome = |(id, fault): (String, Option<Fault>)| match fault {
        Some(fault) => (id, Err(fault)),
        None => (id, told.next().ok_or_else(nothing)),
    };
    Ok(Outcome::of(outcomes.into_iter().map(outcome).collect::<Vec<_>>()))
}

/// What every entry needs on a FIFO queue; without it, SQS refuses the whole batch.
fn check_fifo(queue: &Queue, entries: &[Message]) -> Result<(), Fault> {
    if !queue.name.is_fifo() {
        return Ok(());
    }
    let by_content = queue.attributes.content_deduplication;
    if !by_content && entries.iter().any(|entry| entry.message_deduplication_id.is_none()) {
        return Err(no_deduplication());
    }
    if entries.iter().any(|entry| entry.message_group_id.is_none()) {
        return Err(invalid_value("The request must contain the parameter MessageGroupId."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_store_would_refuse_is_refused_before_it_fails_a_batch() {
        let new = |value: usize, note: usize| NewMessage {
            body: "x".into(),
            attributes: [("a".to_owned(), "v".repeat(value))].into(),
            annotations: Annotations([(TRACE_HEADER.to_owned(), "n".repeat(note))].into()),
            ..NewMessage::default()
        };
        assert!(check_stored(&new(100, 100), 1024).is_ok());
        assert!(check_stored(&new(1100, 0), 1024).is_err());
        assert!(check_stored(&new(bounds::MESSAGE_ATTRIBUTES_BYTES_MAX, 0), 1 << 20).is_err());
        assert!(check_stored(&new(1, bounds::ANNOTATIONS_BYTES_MAX), 1 << 20).is_err());
    }
}
