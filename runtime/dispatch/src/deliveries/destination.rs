use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use lambent_storage::{
    AppendError, Channel, DeadEvent, DeadFacts, NewMessage, QueueError, StorageError,
};
use lambent_types::{
    Destination, Digest, Event, Failure, FunctionName, Namespace, Origin, QueueName, bounds,
    occurrence,
};

use crate::deliveries::Deliveries;
use crate::deliveries::blocking::IN_PLACE_BYTES_MAX;
use crate::deliveries::record::{Cause, End, Place, Record};

/// The longest group of a message.
const GROUP_BYTES_MAX: usize = 128;
/// Most bytes of an error message that goes along with a dead letter.
const MESSAGE_BYTES_MAX: usize = 1024;

impl Deliveries {
    /// Sends an event that is over to where its policy says, all before it is
    /// settled: whatever is interrupted is done again.
    ///
    /// A destination that does not exist any more is logged and counted, and
    /// does not hold the event up.
    ///
    /// # Errors
    /// The store failed.
    pub(super) async fn send_on(
        self: &Arc<Self>,
        namespace: &Namespace,
        function: &FunctionName,
        policy: &lambent_types::DeliveryPolicy,
        end: &End<'_>,
        origin: &Origin,
    ) -> Result<(), StorageError> {
        let success = end.cause == Cause::Success;
        let listener = if success { &policy.on_success } else { &policy.on_failure };
        if !success && let Some(destination) = &policy.dead_letter {
            let (event, facts) = (end.event.clone(), facts(end, function));
            let (attributes, dead) = match end.place {
                Place::Channel(channel) => {
                    let (channel, event) = (channel.clone(), event.clone());
                    (BTreeMap::new(), Some(DeadEvent { facts, channel, event }))
                }
                // What says the same without a channel to go back to.
                Place::Queue(_) => (facts, None),
            };
            let (from, since) = (function.to_string(), end.since);
            let message = DestinationMessage { event, from, since, attributes, dead };
            self.send_one(namespace, function, destination, message, origin).await?;
        }
        if let Some(destination) = listener {
            let event = self.record_event(namespace, function, end, success).await?;
            let (from, since, attributes) = (function.to_string(), end.since, BTreeMap::new());
            let message = DestinationMessage { event, from, since, attributes, dead: None };
            self.send_one(namespace, function, destination, message, origin).await?;
        }
        Ok(())
    }

    /// The event that reports another event's end.
    async fn record_event(
        &self,
        namespace: &Namespace,
        function: &FunctionName,
        end: &End<'_>,
        success: bool,
    ) -> Result<Event, StorageError> {
        let (now, record) = (self.clock.now(), Record::new(end));
        let data = if record.bytes() <= IN_PLACE_BYTES_MAX {
            record.json(now)
        } else {
            let failed = || StorageError::Unavailable {
                action: "write a record",
                source: "the work did not end".into(),
            };
            self.blocking.run(namespace, move || record.json(now)).await.ok_or_else(failed)?
        };
        let kind =
            if success { occurrence::DELIVERY_SUCCEEDED } else { occurrence::DELIVERY_FAILED };
        Ok(Event {
            // The same whenever it is sent again.
            id: format!("{}:{}", end.event.id, if success { "success" } else { "failure" }),
            source: format!("/functions/{function}"),
            kind: kind.into(),
            subject: Some(end.event.id.clone()),
            time_ns: u64::try_from(now.as_nanosecond()).ok(),
            content_type: Some("application/json".into()),
            schema: None,
            extensions: Vec::new(),
            attempt: 1,
            data: data.into(),
        })
    }

    pub(super) async fn send_one(
        self: &Arc<Self>,
        namespace: &Namespace,
        function: &FunctionName,
        destination: &Destination,
        message: DestinationMessage,
        origin: &Origin,
    ) -> Result<(), StorageError> {
        // What the destination does descends from the function.
        let entered = origin.enter(function);
        let origin = entered.as_ref().unwrap_or(origin).clone();
        let event = message.event.id.clone();
        let lost = |reason: String| {
            tracing::error!(%namespace, %function, %destination, event, reason, "a destination is lost");
            self.dispatcher.observe_delivered(
                namespace,
                function,
                crate::observe::Delivered::DestinationLost,
                std::time::Duration::ZERO,
            );
        };
        match destination {
            Destination::Queue(queue) => {
                let message = message.for_queue(queue);
                match self.stores.queues.send(namespace, queue, vec![message], &origin).await {
                    Ok(_) => Ok(()),
                    Err(QueueError::Storage(error)) => Err(error),
                    Err(error) => {
                        lost(error.to_string());
                        Ok(())
                    }
                }
            }
            Destination::Function(function) => {
                if let Err(recursion) = entered {
                    // Otherwise two that fail would be each other's destination for ever.
                    lost(recursion.to_string());
                    return Ok(());
                }
                let found =
                    self.dispatcher.resolve(namespace, &function.name, &function.qualifier).await;
                let channel = match found {
                    Ok(found) => Channel::Function(found.named()),
                    Err(error) if error.code().is_retryable() => {
                        let action = "find the function of a destination";
                        return Err(StorageError::Unavailable { action, source: error.into() });
                    }
                    Err(error) => {
                        lost(error.to_string());
                        return Ok(());
                    }
                };
                let event = Event { attempt: 1, ..message.event };
                match self.stores.events.append(namespace, &channel, event, &origin).await {
                    Ok(()) => {
                        self.start_channel(namespace.clone(), channel);
                        Ok(())
                    }
                    Err(AppendError::Storage(error)) => Err(error),
                    Err(error) => {
                        lost(error.to_string());
                        Ok(())
                    }
                }
            }
        }
    }
}

/// An event on its way to a destination.
pub(super) struct DestinationMessage {
    pub(super) event: Event,
    /// What sends it, such as the function whose delivery ended: several may send one event.
    pub(super) from: String,
    /// When the event came to where it ended.
    pub(super) since: Timestamp,
    /// Attributes of the message, besides those of the event.
    pub(super) attributes: BTreeMap<String, String>,
    /// Of a dead letter: what it was.
    pub(super) dead: Option<DeadEvent>,
}

/// What is said of an event in the attributes of a message, whatever its own are.
const EVENT_ATTRIBUTES: [&str; 4] = ["id", "source", "subject", "type"];

impl DestinationMessage {
    pub(super) fn for_queue(&self, queue: &QueueName) -> NewMessage {
        let event = &self.event;
        let mut attributes = self.attributes.clone();
        let mut attribute_types = BTreeMap::new();
        for (name, value) in &event.extensions {
            match serde_json::from_str::<BTreeMap<String, String>>(value) {
                // Attributes of a message that is sent on.
                Ok(own) if name == "attributes" => attributes.extend(own),
                // Worth nothing once the message is given up.
                _ if [occurrence::RECEIPT, occurrence::QUEUE_FACTS].contains(&name.as_str()) => {}
                Ok(types) if name == occurrence::ATTRIBUTE_TYPES => attribute_types = types,
                _ => drop(attributes.insert(name.clone(), value.clone())),
            }
        }
        attributes.insert("id".into(), event.id.clone());
        attributes.insert("source".into(), event.source.clone());
        attributes.insert("type".into(), event.kind.clone());
        attributes.extend(event.subject.clone().map(|subject| ("subject".to_owned(), subject)));
        let is_own = |name: &String| {
            attributes.contains_key(name) && !EVENT_ATTRIBUTES.contains(&name.as_str())
        };
        attribute_types.retain(|name, _| is_own(name));
        let fifo = queue.is_fifo();
        let mut message = NewMessage {
            body: Bytes::clone(&event.data),
            content_type: event.content_type.clone(),
            attributes,
            attribute_types,
            dead: self.dead.clone(),
            group: fifo.then(|| {
                let group = event.subject.as_deref().unwrap_or(&event.source);
                if (1..=GROUP_BYTES_MAX).contains(&group.len()) {
                    group.into()
                } else {
                    digest(&[group])
                }
            }),
            deduplication: fifo.then(|| {
                // An event that came back from here and ends again is another one.
                let since = self.since.to_string();
                digest(&[self.from.as_str(), &event.kind, &event.source, &event.id, &since])
            }),
            ..NewMessage::default()
        };
        // The event itself matters more than what is said of it.
        if message.attribute_bytes() > bounds::MESSAGE_ATTRIBUTES_BYTES_MAX
            || message.bytes() > bounds::VALUE_BYTES_MAX
        {
            message.attributes.clear();
            message.attribute_types.clear();
        }
        message
    }
}

/// A short name for texts of any length, different for different ones.
fn digest(texts: &[&str]) -> String {
    let mut all = Vec::new();
    for text in texts {
        all.extend((text.len() as u64).to_le_bytes());
        all.extend(text.as_bytes());
    }
    Digest::of(&all).to_string()
}

/// The attributes of a dead letter that say why it is one, with Lambda's names where it has
/// one, how often it was tried, and where it was.
pub(super) fn facts(end: &End<'_>, function: &FunctionName) -> DeadFacts {
    let unknown = Failure {
        kind: end.cause.as_str().into(),
        message: String::new(),
        trace: Vec::new(),
        retry: lambent_types::Retry::Policy,
    };
    let failure = end.failure.unwrap_or(&unknown);
    let message: String = failure.message.chars().take(MESSAGE_BYTES_MAX / 4).collect();
    BTreeMap::from([
        ("requestid".to_owned(), end.request.to_string()),
        ("errortype".to_owned(), failure.kind.chars().take(256).collect()),
        ("errormessage".to_owned(), message),
        ("attempts".to_owned(), end.attempts.to_string()),
        ("cause".to_owned(), end.cause.as_str().to_owned()),
        ("from".to_owned(), end.place.to_string()),
        ("function".to_owned(), function.to_string()),
    ])
}
