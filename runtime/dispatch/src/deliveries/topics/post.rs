use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lambent_storage::{Delivery, NewMessage, Settlement};
use lambent_types::{Event, Subscriber, Subscription, occurrence};

use super::copy::HEADERS;
use super::dead_letter::Dead;
use super::notification::{Asked, Writer};
use super::outlet::Post;
use crate::deliveries::Deliveries;
use crate::deliveries::attempt::Target;
use crate::deliveries::handled::age;
use crate::deliveries::policy;
use crate::observe::TopicEvent;

/// What SNS posts with, if nothing else is said.
const CONTENT_TYPE: &str = "text/plain; charset=UTF-8";
/// How posts introduce themselves.
const AGENT: &str = "Amazon Simple Notification Service Agent";

impl Deliveries {
    /// Posts a message, or the question whether there may be any, to the URL of a subscription; what is to
    /// become of it.
    pub(in crate::deliveries) async fn attempt_post(
        self: &Arc<Self>,
        target: &Target,
        subscription: &Subscription,
        delivery: &Delivery,
    ) -> Settlement {
        let (namespace, event) = (&target.namespace, &delivery.event);
        let Subscriber::Url(url) = &subscription.subscriber else { return Settlement::Done };
        let is_question = event.kind == occurrence::TOPIC_CONFIRMATION;
        if is_question && subscription.is_confirmed() {
            return Settlement::Done;
        }
        let Some(outlet) = self.outlet.get() else {
            let pause = policy::room(age(self.clock.now(), delivery.appended));
            return Settlement::Release(self.after(pause));
        };
        let topic = &subscription.topic;
        let writer = Writer { namespace, topic, outlet: Some(outlet.clone()) };
        let (headers, body) = match is_question {
            true => question(&writer, event).await,
            false => (headers(event), event.data.clone()),
        };
        let mut headers: Vec<(&'static str, String)> = headers;
        let content_type = subscription.delivery.content_type.as_deref().unwrap_or(CONTENT_TYPE);
        headers.push(("content-type", content_type.to_owned()));
        headers.push(("user-agent", AGENT.to_owned()));
        let timeout = Duration::from_millis(subscription.delivery.timeout_ms);
        let origin = delivery.origin.clone();
        let posted = outlet.post(Post { url: url.clone(), headers, body, timeout, origin }).await;
        let (reason, may_pass) = match posted {
            Ok(200..=299) => {
                if !is_question {
                    self.dispatcher.observe_topic(namespace, topic, TopicEvent::Delivered);
                }
                return Settlement::Done;
            }
            // What the client is to blame for stays so.
            Ok(status) => (format!("the answer was {status}"), may_pass(status)),
            Err(reason) => (reason, true),
        };
        if let (true, Some(pause)) = (may_pass, subscription.delivery.pause(event.attempt)) {
            return Settlement::Retry(self.after(pause));
        }
        self.abandon(target, subscription, delivery, &reason).await
    }

    async fn abandon(
        self: &Arc<Self>,
        target: &Target,
        subscription: &Subscription,
        delivery: &Delivery,
        reason: &str,
    ) -> Settlement {
        let (namespace, event, origin) = (&target.namespace, &delivery.event, &delivery.origin);
        if event.kind == occurrence::TOPIC_CONFIRMATION {
            tracing::warn!(%namespace, subscription = %subscription.name, reason, "a subscriber cannot be asked");
            return Settlement::Done;
        }
        let id = event.id.split(':').next().unwrap_or_default();
        let code = "DeliveryFailed";
        let dead = Dead { namespace, subscription, id, code, reason, origin };
        let letter = NewMessage { body: event.data.clone(), ..NewMessage::default() };
        match self.bury(&dead, letter).await {
            true => Settlement::Done,
            false => {
                let pause = policy::room(age(self.clock.now(), delivery.appended));
                Settlement::Release(self.after(pause))
            }
        }
    }
}

/// Whether an answer of this status may be another later: the server's fault, or too many requests.
const fn may_pass(status: u16) -> bool {
    matches!(status, 100..=199 | 429 | 500..=599)
}

/// The header fields and the body of the question.
async fn question(
    writer: &Writer<'_>,
    event: &Event,
) -> (Vec<(&'static str, String)>, bytes::Bytes) {
    let Ok(asked) = serde_json::from_slice::<Asked>(&event.data) else {
        return (Vec::new(), bytes::Bytes::new());
    };
    let body = writer.question(&event.id, &asked).await;
    let headers = vec![
        ("x-amz-sns-message-type", "SubscriptionConfirmation".to_owned()),
        ("x-amz-sns-message-id", event.id.clone()),
        ("x-amz-sns-topic-arn", writer.topic_arn(&asked.region)),
    ];
    (headers, body.into())
}

/// The header fields that a notification has, of those that there are.
fn headers(event: &Event) -> Vec<(&'static str, String)> {
    const NAMES: [&str; 5] = [
        "x-amz-sns-message-type",
        "x-amz-sns-message-id",
        "x-amz-sns-topic-arn",
        "x-amz-sns-subscription-arn",
        "x-amz-sns-rawdelivery",
    ];
    let found = event.extensions.iter().find(|(name, _)| name == HEADERS);
    let found = found.and_then(|(_, text)| serde_json::from_str(text).ok());
    let mut found: BTreeMap<String, String> = found.unwrap_or_default();
    NAMES.into_iter().filter_map(|name| Some((name, found.remove(name)?))).collect()
}
