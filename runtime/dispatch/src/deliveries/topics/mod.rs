//! Topics: a message that was published is one event of its topic's channel, and is copied from there
//! to every subscription that wants it. What goes to a URL goes through a channel of the subscription,
//! so that none waits for another.

mod copy;
mod dead_letter;
mod fan_out;
mod notification;
mod outlet;
mod post;
mod progress;

use std::sync::Arc;

use jiff::Timestamp;
use lambent_storage::Channel;
use lambent_types::{
    Error, ErrorCode, Event, Namespace, Origin, Subscription, TopicMessage, TopicName, occurrence,
};

pub use self::outlet::{Post, Signed, TopicOutlet};
pub(super) use self::progress::Progress;
use crate::deliveries::Deliveries;

/// Most messages of a topic, and most of those of one URL, that are being handled at once. Each may be
/// as large as messages are, and is held in memory.
pub(super) const AT_ONCE: usize = 8;

impl Deliveries {
    /// Has a topic copy a message to all that wants it; durable when this returns.
    ///
    /// # Errors
    /// `QuotaExceeded`; the store failed.
    pub async fn publish(
        self: &Arc<Self>,
        namespace: &Namespace,
        topic: &TopicName,
        message: &TopicMessage,
        origin: &Origin,
    ) -> Result<(), Error> {
        let event = event_of(topic, message)?;
        let channel = Channel::Topic(topic.clone());
        self.append(namespace, channel, event, origin).await?;
        self.dispatcher.observe_topic(namespace, topic, crate::observe::TopicEvent::Published);
        Ok(())
    }

    /// Asks the URL of a subscription whether it wants messages; durable when this returns. `token` is
    /// what it shows if it does.
    ///
    /// # Errors
    /// `QuotaExceeded`; the store failed.
    pub async fn ask_subscriber(
        self: &Arc<Self>,
        namespace: &Namespace,
        subscription: &Subscription,
        (region, token): (&str, &str),
        origin: &Origin,
    ) -> Result<(), Error> {
        let now = self.clock.now();
        let asked = notification::Asked {
            region: region.to_owned(),
            token: token.to_owned(),
            time_ms: now.as_millisecond(),
        };
        let data = serde_json::to_vec(&asked).map_err(|error| unwritten(&error))?;
        let event = Event {
            kind: occurrence::TOPIC_CONFIRMATION.into(),
            ..event(uuid::Uuid::now_v7().to_string(), &subscription.topic, now, data)
        };
        let channel = Channel::Subscription(subscription.name.clone());
        self.append(namespace, channel, event, origin).await
    }
}

/// The event that a message is in the channel of its topic. Its subject is its group, in which a FIFO
/// topic keeps the order.
fn event_of(topic: &TopicName, message: &TopicMessage) -> Result<Event, Error> {
    let time = Timestamp::from_millisecond(message.time_ms).unwrap_or_default();
    let data = serde_json::to_vec(message).map_err(|error| unwritten(&error))?;
    let subject = message.content.group.clone();
    Ok(Event { subject, ..event(message.id.clone(), topic, time, data) })
}

fn unwritten(error: &serde_json::Error) -> Error {
    Error::new(ErrorCode::Internal, format!("a message cannot be written: {error}"))
}

fn event(id: String, topic: &TopicName, time: Timestamp, data: Vec<u8>) -> Event {
    Event {
        id,
        source: format!("/topics/{topic}"),
        kind: occurrence::TOPIC_MESSAGE.into(),
        subject: None,
        time_ns: u64::try_from(time.as_nanosecond()).ok(),
        content_type: Some("application/json".into()),
        schema: None,
        extensions: Vec::new(),
        attempt: 1,
        data: data.into(),
    }
}
