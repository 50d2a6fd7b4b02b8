use std::sync::Arc;

use futures::StreamExt as _;
use lambent_storage::{Delivery, Settlement};
use lambent_types::{Subscription, TooCostly, TopicMessage, TopicName};

use super::copy::{Copying, NotCopied, PROTOCOLS, queue_message};
use super::dead_letter::Dead;
use super::notification::Writer;
use crate::deliveries::Deliveries;
use crate::deliveries::attempt::Target;
use crate::deliveries::blocking::IN_PLACE_BYTES_MAX;
use crate::deliveries::handled::age;
use crate::deliveries::policy;
use crate::observe::TopicEvent;

/// How many subscriptions one message is copied to at once: enough that their commits are one.
const COPIES_AT_ONCE: usize = 16;
/// How many filters are looked at in place, of messages that are small.
const FILTERS_IN_PLACE: usize = 16;

impl Deliveries {
    /// Copies a message of a topic to every subscription that wants it; what is to become of it.
    pub(in crate::deliveries) async fn attempt_fan_out(
        self: &Arc<Self>,
        target: &Target,
        topic: &TopicName,
        delivery: &Delivery,
    ) -> Settlement {
        let (namespace, event) = (&target.namespace, &delivery.event);
        let again = policy::room(age(self.clock.now(), delivery.appended));
        let message: Arc<TopicMessage> = match serde_json::from_slice(&event.data) {
            Ok(message) => Arc::new(message),
            Err(error) => {
                tracing::error!(%namespace, %topic, event = event.id, %error, "a message of a topic is damaged");
                return Settlement::Done;
            }
        };
        let subscriptions = match self.stores.resources.of::<Subscription>().list(namespace).await {
            Ok(subscriptions) => subscriptions,
            Err(error) => {
                tracing::error!(%error, cause = error.cause(), "cannot read subscriptions; trying again");
                return Settlement::Release(self.after(again));
            }
        };
        let mut done = self.progress.take(&event.id);
        let is_open = |one: &Subscription| {
            one.topic.key() == topic.key() && one.is_confirmed() && !done.contains(&one.name)
        };
        let open = subscriptions.into_iter().map(|stored| stored.specification);
        let open: Vec<_> = open.filter(is_open).collect();
        let Some(wanted) = self.wanted(target, open, &message).await else {
            self.progress.keep(&event.id, done);
            return Settlement::Release(self.after(again));
        };
        let outlet = self.outlet.get().cloned();
        let copying = Copying {
            namespace,
            topic,
            message: &message,
            origin: &delivery.origin,
            writer: Writer { namespace, topic, outlet },
            signatures: PROTOCOLS.into_iter().map(|name| (name, Default::default())).collect(),
        };
        let copied = futures::stream::iter(wanted).map(|(subscription, wants)| {
            let copying = &copying;
            async move { (self.copied(copying, &subscription, wants).await, subscription.name) }
        });
        let copied: Vec<_> = copied.buffer_unordered(COPIES_AT_ONCE).collect().await;
        let all = copied.iter().all(|(is_over, _)| *is_over);
        if all {
            return Settlement::Done;
        }
        done.extend(copied.into_iter().filter(|(is_over, _)| *is_over).map(|(_, name)| name));
        self.progress.keep(&event.id, done);
        Settlement::Release(self.after(again))
    }

    /// Of these subscriptions those that want the message, or of which that takes too long to find
    /// out; `None` if the work did not end.
    async fn wanted(
        &self,
        target: &Target,
        open: Vec<Subscription>,
        message: &Arc<TopicMessage>,
    ) -> Option<Vec<(Subscription, Result<bool, TooCostly>)>> {
        let filters = open.iter().filter(|one| one.filter.is_some()).count();
        let in_place = message.content.bytes() <= IN_PLACE_BYTES_MAX && filters <= FILTERS_IN_PLACE;
        if filters == 0 || in_place {
            return Some(those_that_want(open, message));
        }
        let message = message.clone();
        self.blocking.run(&target.namespace, move || those_that_want(open, &message)).await
    }

    /// Copies a message to one subscription, or buries it. Whether it is over for it.
    async fn copied(
        self: &Arc<Self>,
        copying: &Copying<'_>,
        subscription: &Subscription,
        wants: Result<bool, TooCostly>,
    ) -> bool {
        let copied = match wants {
            Ok(_) => self.copy(copying, subscription).await,
            Err(error) => Err(NotCopied::Never("FilterPolicyTooCostly", error.to_string())),
        };
        let Copying { namespace, topic, message, origin, .. } = copying;
        match copied {
            Ok(()) => {
                // What is posted is delivered once it is.
                if !subscription.subscriber.is_asked() {
                    self.dispatcher.observe_topic(namespace, topic, TopicEvent::Delivered);
                }
                true
            }
            Err(NotCopied::Later(reason)) => {
                tracing::error!(%namespace, %topic, subscription = %subscription.name, reason, "cannot copy a message; trying again");
                false
            }
            Err(NotCopied::Never(code, reason)) => {
                let dead = Dead {
                    namespace,
                    subscription,
                    id: &message.id,
                    code,
                    reason: &reason,
                    origin,
                };
                let body = copying.body(subscription).await;
                let letter = match &subscription.dead_letter {
                    Some(queue) => queue_message(queue, &message.content, body),
                    None => lambent_storage::NewMessage::default(),
                };
                self.bury(&dead, letter).await
            }
        }
    }
}

/// Of these subscriptions those that want a message.
fn those_that_want(
    open: Vec<Subscription>,
    message: &TopicMessage,
) -> Vec<(Subscription, Result<bool, TooCostly>)> {
    let content = &message.content;
    let attributes = content.attributes_for_filter();
    let wants = |one: Subscription| {
        let wants = match &one.filter {
            None => Ok(true),
            Some(filter) => filter.wants(&attributes, &content.message),
        };
        (wants != Ok(false)).then_some((one, wants))
    };
    open.into_iter().filter_map(wants).collect()
}
