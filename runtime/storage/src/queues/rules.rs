//! What queues and messages must be like; the same for every backend.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use lambent_types::{Digest, QueueName, bounds, format_bytes, tags};

use crate::queues::{
    DeadFacts, MessageState, MoveBack, NewMessage, QueueAttributes, QueueError, Visibility,
};

/// Most queues that a queue can list whose dead letters it takes; SQS has ten.
const SOURCES_MAX: usize = 100;
/// Most bytes of the type of an attribute; SQS's.
const TYPE_BYTES_MAX: usize = 256;

fn invalid<T>(detail: String) -> Result<T, QueueError> {
    Err(QueueError::Invalid(detail))
}

fn at_most(what: &str, milliseconds: u64, most: Duration) -> Result<(), QueueError> {
    if u128::from(milliseconds) <= most.as_millis() {
        return Ok(());
    }
    invalid(format!("{what} is {milliseconds} ms; the most is {} ms", most.as_millis()))
}

/// Checks attributes by themselves; whether a dead-letter queue exists is the store's to say.
pub(crate) fn attributes(
    queue: &QueueName,
    attributes: &QueueAttributes,
) -> Result<(), QueueError> {
    at_most("visibility_timeout_ms", attributes.visibility_timeout_ms, bounds::VISIBILITY_MAX)?;
    at_most("delay_ms", attributes.delay_ms, bounds::DELAY_MAX)?;
    at_most("retention_ms", attributes.retention_ms, bounds::RETENTION_MAX)?;
    if attributes.retention_ms < 1000 {
        return invalid(format!("retention_ms is {}; the least is 1000", attributes.retention_ms));
    }
    at_most("wait_ms", attributes.wait_ms, bounds::WAIT_MAX)?;
    let most = bounds::VALUE_BYTES_MAX as u64;
    if !(1..=most).contains(&attributes.message_bytes_max) {
        let given = attributes.message_bytes_max;
        return invalid(format!("message_bytes_max is {given}; it must be 1 to {most}"));
    }
    for (name, is_set) in [
        ("content_deduplication", attributes.content_deduplication),
        ("deduplication_per_group", attributes.deduplication_per_group),
    ] {
        if is_set && !queue.is_fifo() {
            return invalid(format!("{name} is for FIFO queues, whose names end in .fifo"));
        }
    }
    labels(attributes).map_err(|error| QueueError::Invalid(error.detail().to_owned()))?;
    if attributes.dead_letters_from.as_ref().is_some_and(|from| from.len() > SOURCES_MAX) {
        return invalid(format!("dead_letters_from names more than {SOURCES_MAX} queues"));
    }
    let Some(redrive) = &attributes.redrive else { return Ok(()) };
    if !(1..=1000).contains(&redrive.receives_max) {
        return invalid(format!(
            "receives_max of the redrive is {}; it must be 1 to 1000",
            redrive.receives_max
        ));
    }
    if redrive.queue.key() == queue.key() {
        return invalid("a queue cannot send its dead letters to itself".into());
    }
    if redrive.queue.is_fifo() != queue.is_fifo() {
        return invalid(format!(
            "queue \"{queue}\" and its dead-letter queue \"{}\" must both be FIFO, or neither",
            redrive.queue
        ));
    }
    Ok(())
}

fn labels(attributes: &QueueAttributes) -> Result<(), lambent_types::Error> {
    tags::validate(&attributes.tags)?;
    attributes.annotations.validate()
}

/// Checks the kinds of the attributes of a message.
fn attribute_types(message: &NewMessage) -> Result<(), String> {
    for (name, kind) in &message.attribute_types {
        if !message.attributes.contains_key(name) {
            return Err(format!("it has the type of an attribute {name:?}, which it has not"));
        }
        let base = kind.split('.').next().unwrap_or_default();
        if !["String", "Number", "Binary"].contains(&base) || kind.len() > TYPE_BYTES_MAX {
            return Err(format!(
                "its attribute {name:?} has the type {kind:?}; give String, Number or Binary, and \
                 perhaps a dot and a label"
            ));
        }
    }
    Ok(())
}

/// Checks that a queue which has this as its dead-letter queue may.
///
/// # Errors
/// `Invalid`, if it may not.
pub fn dead_letters(
    queue: &QueueName,
    dead: &QueueName,
    its: &QueueAttributes,
) -> Result<(), QueueError> {
    if its.takes_dead_letters_of(queue) {
        return Ok(());
    }
    invalid(format!("queue \"{dead}\" takes no dead letters of queue \"{queue}\""))
}

/// Checks that messages are not larger than a queue takes.
///
/// # Errors
/// `Invalid`, naming the message by its place.
pub fn sizes<'m>(
    attributes: &QueueAttributes,
    messages: impl IntoIterator<Item = &'m NewMessage>,
) -> Result<(), QueueError> {
    let most = attributes.message_bytes_max;
    let large = messages.into_iter().map(NewMessage::bytes).position(|bytes| bytes as u64 > most);
    match large {
        None => Ok(()),
        Some(place) => invalid(format!(
            "message {}: the queue takes messages of at most {}",
            place + 1,
            format_bytes(most)
        )),
    }
}

/// What a queue tells a message by when it is sent again: its id, or its body where the queue says
/// so, in the whole queue or in the message's group.
#[must_use]
pub fn duplicate_key(attributes: &QueueAttributes, message: &NewMessage) -> Option<String> {
    let key = match &message.deduplication {
        Some(id) => format!("id:{id}"),
        // As SQS has it, the digest is an id as any other.
        None if attributes.content_deduplication => format!("id:{}", Digest::of(&message.body)),
        None => return None,
    };
    let group = message.group.as_ref().filter(|_| attributes.deduplication_per_group);
    Some(match group {
        Some(group) => format!("group:{}:{group}:{key}", group.len()),
        None => key,
    })
}

/// Checks the message at a place of a batch.
fn message(queue: &QueueName, place: usize, message: &NewMessage) -> Result<(), QueueError> {
    let refuse = |detail: String| invalid(format!("message {}: {detail}", place + 1));
    let attributes = message.attribute_bytes();
    if attributes > bounds::MESSAGE_ATTRIBUTES_BYTES_MAX {
        return refuse(format!(
            "its attributes are {attributes} bytes; the most is {}",
            bounds::MESSAGE_ATTRIBUTES_BYTES_MAX
        ));
    }
    let bytes = message.bytes();
    if bytes > bounds::VALUE_BYTES_MAX {
        return refuse(format!(
            "body and attributes are {}; the most is {}",
            format_bytes(bytes as u64),
            format_bytes(bounds::VALUE_BYTES_MAX as u64)
        ));
    }
    attribute_types(message).or_else(&refuse)?;
    if let Err(error) = message.annotations.validate() {
        return refuse(error.detail().to_owned());
    }
    if message.delay.is_some_and(|delay| delay > bounds::DELAY_MAX) {
        return refuse(format!("its delay is more than {} s", bounds::DELAY_MAX.as_secs()));
    }
    for (what, text) in [("group", &message.group), ("deduplication id", &message.deduplication)] {
        if text.as_ref().is_some_and(|text| text.is_empty() || text.len() > 128) {
            return refuse(format!("its {what} must have 1 to 128 bytes"));
        }
    }
    if queue.is_fifo() {
        if message.group.is_none() {
            return refuse("a FIFO queue needs the message's group".into());
        }
        if message.delay.is_some() {
            return refuse("a FIFO queue delays all its messages or none".into());
        }
    } else if message.group.is_some() || message.deduplication.is_some() {
        return refuse(
            "only FIFO queues, whose names end in .fifo, have groups and duplicates".into(),
        );
    }
    Ok(())
}

/// Whether a message that was sent then was kept for long enough.
pub fn is_over(attributes: &QueueAttributes, sent: Timestamp, now: Timestamp) -> bool {
    let kept = Duration::from_millis(attributes.retention_ms);
    sent.checked_add(kept).is_ok_and(|end| end <= now)
}

/// Whether a message that was received so often is for the dead-letter queue.
pub fn is_dead(attributes: &QueueAttributes, receives: u32) -> bool {
    attributes.redrive.as_ref().is_some_and(|redrive| receives > redrive.receives_max)
}

/// What is said of a message that went to the dead-letter queue of `queue` because it was
/// received `receives` times, and not deleted.
pub fn received_too_often(queue: &QueueName, receives: u32) -> DeadFacts {
    BTreeMap::from([
        ("cause".to_owned(), "ReceivesExhausted".to_owned()),
        ("attempts".to_owned(), receives.to_string()),
        ("from".to_owned(), format!("queue:{queue}")),
    ])
}

/// Where a message stands that is with somebody or delayed until `visible`.
#[must_use]
pub fn state(visible: Timestamp, leased: bool, now: Timestamp) -> MessageState {
    match visible > now {
        false => MessageState::Ready,
        true if leased => MessageState::InFlight,
        true => MessageState::Delayed,
    }
}

/// Whether a dead letter with these attributes is to be moved back.
pub fn is_meant(what: &MoveBack, own: &BTreeMap<String, String>, dead: Option<&DeadFacts>) -> bool {
    let Some((name, value)) = &what.only else { return true };
    let said = dead.and_then(|dead| dead.get(name)).or_else(|| own.get(name));
    said == Some(value)
}

/// Checks the messages that are sent at once.
pub(crate) fn batch(queue: &QueueName, messages: &[NewMessage]) -> Result<(), QueueError> {
    let (count, most) = (messages.len(), bounds::BATCH_MAX);
    if !(1..=most).contains(&count) {
        return invalid(format!("{count} messages at once; it must be 1 to {most}"));
    }
    messages.iter().enumerate().try_for_each(|(place, one)| message(queue, place, one))
}

/// Checks where dead letters are to be moved.
pub(crate) fn move_back(queue: &QueueName, what: &MoveBack) -> Result<(), QueueError> {
    let Some(to) = &what.to else { return Ok(()) };
    if to.key() == queue.key() {
        return invalid("messages cannot be moved to the queue that they are in".into());
    }
    if to.is_fifo() != queue.is_fifo() {
        return invalid(format!("queue \"{queue}\" and \"{to}\" must both be FIFO, or neither"));
    }
    Ok(())
}

/// Checks what a receiver asks for.
pub(crate) fn receive(asked: Visibility) -> Result<(), QueueError> {
    asked.time().map_or(Ok(()), visibility)
}

/// Checks a visibility timeout that a receiver asks for.
pub(crate) fn visibility(visibility: Duration) -> Result<(), QueueError> {
    let milliseconds = u64::try_from(visibility.as_millis()).unwrap_or(u64::MAX);
    at_most("the visibility timeout", milliseconds, bounds::VISIBILITY_MAX)
}
