//! Messages that are received.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambent_dispatch::{md5_of_body, queue_facts, receipt_handle};
use lambent_service::{Message, Queue, QueueHandle, Receive, Visibility};
use lambent_types::{QueueName, bounds};
use serde::{Deserialize, Serialize};

use super::error::{attribute_name, fault, invalid_value, shown};
use super::message::{self, Attribute, Attributes};
use super::send::sequence_number;
use super::{SENDER, address, place};
use crate::call::Call;
use crate::fault::Fault;
use crate::protocol::Number;

/// Most messages of a receive; SQS's.
const MESSAGES_MAX: i64 = 10;
/// What is said of a message that is asked for.
const SYSTEM_ATTRIBUTES: [&str; 10] = [
    "All",
    "ApproximateFirstReceiveTimestamp",
    "ApproximateReceiveCount",
    "AWSTraceHeader",
    "DeadLetterQueueSourceArn",
    "MessageDeduplicationId",
    "MessageGroupId",
    "SenderId",
    "SentTimestamp",
    "SequenceNumber",
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ReceiveMessage {
    queue_url: Option<String>,
    #[serde(default)]
    attribute_names: Vec<String>,
    #[serde(default)]
    message_system_attribute_names: Vec<String>,
    #[serde(default)]
    message_attribute_names: Vec<String>,
    max_number_of_messages: Option<Number>,
    visibility_timeout: Option<Number>,
    wait_time_seconds: Option<Number>,
    receive_request_attempt_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Received {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<Shown>,
}

/// A message as it is shown.
#[derive(Serialize)]
struct Shown {
    #[serde(rename = "MessageId")]
    id: String,
    #[serde(rename = "ReceiptHandle")]
    receipt: String,
    #[serde(rename = "MD5OfBody")]
    digest: String,
    #[serde(rename = "Body")]
    body: String,
    #[serde(rename = "Attributes", skip_serializing_if = "BTreeMap::is_empty")]
    system: BTreeMap<&'static str, String>,
    #[serde(rename = "MD5OfMessageAttributes", skip_serializing_if = "Option::is_none")]
    attributes_digest: Option<String>,
    #[serde(rename = "MessageAttributes", skip_serializing_if = "BTreeMap::is_empty")]
    attributes: Attributes,
}

/// A number of a request, if it is within bounds.
fn within(
    name: &str,
    value: Option<Number>,
    (least, most): (i64, i64),
    reason: &str,
) -> Result<Option<u64>, Fault> {
    match value {
        Some(Number(value)) if !(least..=most).contains(&value) => Err(invalid_value(format!(
            "Value {value} for parameter {name} is invalid. Reason: {reason}"
        ))),
        value => Ok(value.map(|Number(value)| value.unsigned_abs())),
    }
}

/// How long messages are invisible, as a request gives it.
pub(super) fn visibility(value: Option<Number>) -> Result<Option<Duration>, Fault> {
    let most = i64::try_from(bounds::VISIBILITY_MAX.as_secs()).unwrap_or(i64::MAX);
    let reason = format!("VisibilityTimeout must be an integer between 0 and {most}.");
    let seconds = within("VisibilityTimeout", value, (0, most), &reason)?;
    Ok(seconds.map(Duration::from_secs))
}

impl ReceiveMessage {
    /// How messages are received.
    fn how(&self) -> Result<Receive, Fault> {
        let bounds = (1, MESSAGES_MAX);
        let reason = "Must be between 1 and 10, if provided.";
        let limit = within("MaxNumberOfMessages", self.max_number_of_messages, bounds, reason)?;
        let reason = "Must be >= 0 and <= 20, if provided.";
        let wait = within("WaitTimeSeconds", self.wait_time_seconds, (0, 20), reason)?;
        let visibility = visibility(self.visibility_timeout)?;
        Ok(Receive {
            limit: usize::try_from(limit.unwrap_or(1)).unwrap_or(1),
            visibility: visibility.map_or(Visibility::Queue, Visibility::For),
            wait: wait.map(Duration::from_secs),
        })
    }

    /// What is said of messages that is asked for.
    fn system_names(&self) -> Result<Vec<&str>, Fault> {
        let names = self.attribute_names.iter().chain(&self.message_system_attribute_names);
        let check = |name: &'_ String| match SYSTEM_ATTRIBUTES.contains(&name.as_str()) {
            true => Ok(()),
            false => Err(attribute_name(format!("Unknown Attribute {}.", shown(name)))),
        };
        names.clone().try_for_each(check)?;
        Ok(names.map(String::as_str).collect())
    }
}

pub(super) async fn receive(call: &Call, wanted: ReceiveMessage) -> Result<Received, Fault> {
    let handle = address::queue(call, wanted.queue_url.clone())?;
    let how = wanted.how()?;
    let names = wanted.system_names()?;
    let queue = handle.describe().await.map_err(fault)?;
    let attempt = attempt(&queue, wanted.receive_request_attempt_id.as_deref())?;
    let before = match attempt {
        Some(id) => again(call, &handle, &queue, how, id).await,
        None => None,
    };
    let messages = match before {
        Some(messages) => messages,
        None => handle.receive(how).await.map_err(fault)?,
    };
    if let Some(id) = attempt {
        call.memory.attempts.note(place(&handle), id.to_owned(), &messages, Instant::now());
    }
    let patterns = &wanted.message_attribute_names;
    let show = |message| shown_message(call, &handle, &queue, message, &names, patterns);
    Ok(Received { messages: messages.into_iter().map(show).collect() })
}

/// The id of an attempt to receive, which FIFO queues know.
fn attempt<'i>(queue: &Queue, id: Option<&'i str>) -> Result<Option<&'i str>, Fault> {
    let Some(id) = id else { return Ok(None) };
    if !queue.name.is_fifo() {
        return Err(invalid_value(format!(
            "Value {} for parameter ReceiveRequestAttemptId is invalid. Reason: The request include \
             parameter that is not valid for this queue type.",
            shown(id)
        )));
    }
    let fits = (1..=128).contains(&id.len()) && id.bytes().all(|c| c.is_ascii_graphic());
    if fits {
        Ok(Some(id))
    } else {
        Err(invalid_value(format!(
            "Value {} for parameter ReceiveRequestAttemptId is invalid. Reason: \
             ReceiveRequestAttemptId can only include alphanumeric and punctuation characters. 1 to 128 \
             in length.",
            shown(id)
        )))
    }
}

/// What an attempt got before, whose answer was lost: the same messages, invisible for as long again,
/// if all of them are still with whoever asked.
async fn again(
    call: &Call,
    handle: &QueueHandle<'_>,
    queue: &Queue,
    how: Receive,
    id: &str,
) -> Option<Vec<Message>> {
    let messages = call.memory.attempts.take(&place(handle), id, Instant::now())?;
    let own = Duration::from_millis(queue.attributes.visibility_timeout_ms);
    let time = how.visibility.time().unwrap_or(own);
    for message in &messages {
        handle.change_visibility(&message.receipt, time).await.ok()?;
    }
    Some(messages).filter(|messages| !messages.is_empty())
}

fn shown_message(
    call: &Call,
    handle: &QueueHandle<'_>,
    queue: &Queue,
    message: Message,
    names: &[&str],
    patterns: &[String],
) -> Shown {
    let system = system_attributes(call, queue, &message);
    let is_asked = |name: &str| names.iter().any(|asked| *asked == name || *asked == "All");
    let own = message.attributes.iter().map(|(name, value)| {
        let data_type = message.attribute_types.get(name);
        (name.clone(), Attribute::new(value.clone(), data_type))
    });
    let mut attributes: Attributes = own.chain(of_dead_letter(message.dead.as_ref())).collect();
    attributes.retain(|name, _| patterns.iter().any(|pattern| fits(name, pattern)));
    let body = match std::str::from_utf8(&message.body) {
        Ok(text) => text.to_owned(),
        Err(_) => STANDARD.encode(&message.body),
    };
    Shown {
        receipt: receipt_handle(handle.name(), &message.receipt.0),
        digest: md5_of_body(&body),
        body,
        system: system.into_iter().filter(|(name, _)| is_asked(name)).collect(),
        attributes_digest: message::digest(&attributes),
        attributes,
        id: message.id,
    }
}

/// What Lambda says of an event that a function gave up: its request, the status of its invocation, which
/// ran and failed, and how it failed.
fn of_dead_letter(dead: Option<&BTreeMap<String, String>>) -> Vec<(String, Attribute)> {
    let Some((dead, request)) = dead.and_then(|dead| Some((dead, dead.get("requestid")?))) else {
        return Vec::new();
    };
    let error: String =
        dead.get("errormessage").map_or("", String::as_str).chars().take(1024).collect();
    let attribute = |name: &str, value: &str, kind: &str| {
        let attribute = Attribute::new(value.to_owned(), Some(&kind.to_owned()));
        (name.to_owned(), attribute)
    };
    let mut all =
        vec![attribute("RequestID", request, "String"), attribute("ErrorCode", "200", "Number")];
    // An attribute has a value, or clients refuse it.
    all.extend((!error.is_empty()).then(|| attribute("ErrorMessage", &error, "String")));
    all
}

/// Whether the name of an attribute is one that is asked for: by its name, by how it begins, or all.
fn fits(name: &str, pattern: &str) -> bool {
    match pattern {
        "All" | ".*" => true,
        _ => match pattern.strip_suffix(".*") {
            Some(prefix) => name.starts_with(prefix),
            None => name == pattern,
        },
    }
}

/// What SQS says of a message.
fn system_attributes(
    call: &Call,
    queue: &Queue,
    message: &Message,
) -> BTreeMap<&'static str, String> {
    let milliseconds = |time: jiff::Timestamp| time.as_millisecond().to_string();
    let kept = |key: &str| message.annotations.get(key).map(str::to_owned);
    let facts = queue_facts(&queue.name, message);
    let first = message.first_received.unwrap_or(message.sent);
    let mut all = BTreeMap::from([
        ("SenderId", kept(SENDER).unwrap_or_else(|| call.account())),
        ("SentTimestamp", milliseconds(message.sent)),
        ("ApproximateReceiveCount", message.receives.to_string()),
        ("ApproximateFirstReceiveTimestamp", milliseconds(first)),
    ]);
    let group = message.group.clone().or(facts.group);
    all.extend(group.map(|group| ("MessageGroupId", group)));
    if queue.name.is_fifo() {
        all.insert("SequenceNumber", sequence_number(message.sequence));
    }
    all.extend(facts.deduplication.map(|id| ("MessageDeduplicationId", id)));
    all.extend(facts.trace_header.map(|header| ("AWSTraceHeader", header)));
    let from = facts.dead_letter_of.and_then(|queue| queue.parse::<QueueName>().ok());
    all.extend(from.map(|queue| ("DeadLetterQueueSourceArn", address::arn(call, &queue))));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_letter_of_a_function_says_what_lambda_says_of_one() {
        let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let dead = [("requestid", "r"), ("errormessage", "no")].map(pair).into();
        let said: Attributes = of_dead_letter(Some(&dead)).into_iter().collect();
        let said = |name: &str| (said[name].text().to_owned(), said[name].data_type.clone());
        assert_eq!(said("RequestID"), pair(("r", "String")));
        assert_eq!(said("ErrorCode"), pair(("200", "Number")));
        assert_eq!(said("ErrorMessage"), pair(("no", "String")));
        assert!(of_dead_letter(Some(&[("from", "queue:q")].map(pair).into())).is_empty());
        assert!(of_dead_letter(None).is_empty());
    }

    #[test]
    fn attributes_are_asked_for_by_name_or_by_how_they_begin() {
        for (name, pattern, expected) in [
            ("Help.Me", "All", true),
            ("Help.Me", ".*", true),
            ("Help.Me", "Help.*", true),
            ("Hello", "Hel.*", true),
            ("Hello", "Hello", true),
            ("Hello", "Hel", false),
            ("Hello", "hello", false),
        ] {
            assert_eq!(fits(name, pattern), expected, "{name} {pattern}");
        }
    }
}
