use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use lambent_storage::{AppendError, Channel, NewMessage, QueueError, StorageError};
use lambent_types::{
    Destination, Event, Failure, FunctionName, Namespace, Origin, Qualifier, QueueName, occurrence,
};

use crate::deliveries::Deliveries;
use crate::deliveries::record::{self, Cause, End};

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
            let letter = Letter { event: end.event.clone(), attributes: dead(end) };
            self.send_one(namespace, function, destination, letter, origin).await?;
        }
        if let Some(destination) = listener {
            let letter =
                Letter { event: self.told(function, end, success), attributes: BTreeMap::new() };
            self.send_one(namespace, function, destination, letter, origin).await?;
        }
        Ok(())
    }

    /// The event that tells of another's end.
    fn told(&self, function: &FunctionName, end: &End<'_>, success: bool) -> Event {
        let now = self.clock.now();
        let kind =
            if success { occurrence::DELIVERY_SUCCEEDED } else { occurrence::DELIVERY_FAILED };
        Event {
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
            data: record::json(end, now).to_string().into(),
        }
    }

    async fn send_one(
        self: &Arc<Self>,
        namespace: &Namespace,
        function: &FunctionName,
        destination: &Destination,
        letter: Letter,
        origin: &Origin,
    ) -> Result<(), StorageError> {
        // What comes of it is the function's doing.
        let lineage = origin.lineage.enter(function).unwrap_or_else(|_| origin.lineage.clone());
        let origin = Origin { lineage, trace_parent: origin.trace_parent.clone() };
        let event = letter.event.id.clone();
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
                let message = letter.message(queue);
                match self.stores.queues.send(namespace, queue, vec![message], &origin).await {
                    Ok(_) => Ok(()),
                    Err(QueueError::Storage(error)) => Err(error),
                    Err(error) => {
                        lost(error.to_string());
                        Ok(())
                    }
                }
            }
            Destination::Function(name) => {
                let known = self.dispatcher.resolve(namespace, name, Qualifier::Latest).await;
                if let Err(error) = known {
                    lost(error.to_string());
                    return Ok(());
                }
                let channel = Channel::Function(name.clone());
                let event = Event { attempt: 1, ..letter.event };
                match self.stores.events.append(namespace, &channel, event, &origin).await {
                    Ok(()) => {
                        self.look_after(namespace.clone(), channel);
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

/// What goes to a destination.
struct Letter {
    event: Event,
    /// What a message says besides.
    attributes: BTreeMap<String, String>,
}

impl Letter {
    fn message(&self, queue: &QueueName) -> NewMessage {
        let event = &self.event;
        let mut attributes = self.attributes.clone();
        attributes.insert("id".into(), event.id.clone());
        attributes.insert("source".into(), event.source.clone());
        attributes.insert("type".into(), event.kind.clone());
        attributes.extend(event.subject.clone().map(|subject| ("subject".to_owned(), subject)));
        let fifo = queue.is_fifo();
        let short = |text: &str| text.chars().take(32).collect::<String>();
        NewMessage {
            body: Bytes::clone(&event.data),
            content_type: event.content_type.clone(),
            attributes,
            delay: None,
            group: fifo.then(|| short(event.subject.as_deref().unwrap_or(&event.source))),
            deduplication: fifo.then(|| short(&event.id)),
        }
    }
}

/// What a dead letter says about its death, under the names that Lambda gives them.
fn dead(end: &End<'_>) -> BTreeMap<String, String> {
    let unknown = Failure {
        kind: format!("{:?}", end.cause),
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
    ])
}
