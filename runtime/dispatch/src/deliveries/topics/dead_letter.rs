use std::collections::BTreeMap;
use std::sync::Arc;

use lambent_storage::{NewMessage, QueueError};
use lambent_types::{Namespace, Origin, Subscription, bounds};

use crate::deliveries::Deliveries;
use crate::observe::TopicEvent;

/// Most characters of the reason that a dead letter says.
const REASON_CHARS_MAX: usize = 256;

/// A message that a subscription did not get.
pub(super) struct Dead<'a> {
    pub(super) namespace: &'a Namespace,
    pub(super) subscription: &'a Subscription,
    /// Its id.
    pub(super) id: &'a str,
    pub(super) code: &'a str,
    pub(super) reason: &'a str,
    pub(super) origin: &'a Origin,
}

impl Deliveries {
    /// Sends what a subscription did not get to its dead-letter queue, if it has one. Whether it is over:
    /// not if the node could not, and may later.
    pub(super) async fn bury(self: &Arc<Self>, dead: &Dead<'_>, message: NewMessage) -> bool {
        let Dead { namespace, subscription, id, code, reason, origin } = dead;
        let (topic, name) = (&subscription.topic, &subscription.name);
        let failed = || {
            self.dispatcher.observe_topic(namespace, topic, TopicEvent::Failed);
            true
        };
        let Some(queue) = &subscription.dead_letter else {
            tracing::warn!(%namespace, %topic, subscription = %name, message = id, code, reason, "a message of a topic is given up");
            return failed();
        };
        let reason: String = reason.chars().take(REASON_CHARS_MAX).collect();
        let mut message = message;
        message.attributes.extend(BTreeMap::from([
            ("RequestID".to_owned(), (*id).to_owned()),
            ("ErrorCode".to_owned(), (*code).to_owned()),
            ("ErrorMessage".to_owned(), reason.clone()),
        ]));
        // The message itself matters more than what is said of it.
        if message.bytes() > bounds::VALUE_BYTES_MAX
            || message.attribute_bytes() > bounds::MESSAGE_ATTRIBUTES_BYTES_MAX
        {
            message.attributes.clear();
            message.attribute_types.clear();
        }
        match self.stores.queues.send(namespace, queue, vec![message], origin).await {
            Ok(_) => failed(),
            Err(error @ (QueueError::Storage(_) | QueueError::Quota(_))) => {
                tracing::error!(%error, %queue, "cannot send a dead letter; trying again");
                false
            }
            Err(error) => {
                tracing::error!(%namespace, %topic, subscription = %name, %queue, %error, message = id, "a dead letter is lost");
                failed()
            }
        }
    }
}
