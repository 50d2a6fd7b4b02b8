use std::collections::BTreeMap;
use std::sync::Arc;

use lambent_storage::{AppendError, Channel, NewMessage, QueueError};
use lambent_types::{
    Digest, Event, Namespace, NewTopicMessage, Origin, QualifiedFunction, QueueName, Subscriber,
    Subscription, TopicMessage, TopicName, occurrence,
};
use tokio::sync::OnceCell;

use super::notification::Writer;
use super::outlet::Signed;
use crate::deliveries::Deliveries;
use crate::deliveries::handled::is_transient;

/// Most attributes that a queue takes of a raw message; SNS's.
const RAW_ATTRIBUTES_MAX: usize = 10;

/// The header fields of what is posted are an extension of its event, one JSON object.
pub(super) const HEADERS: &str = "headers";

/// A message on its way to the subscriptions of its topic.
pub(super) struct Copying<'a> {
    pub(super) namespace: &'a Namespace,
    pub(super) topic: &'a TopicName,
    pub(super) message: &'a TopicMessage,
    pub(super) origin: &'a Origin,
    pub(super) writer: Writer<'a>,
    /// The signatures of its texts, each made once.
    pub(super) signatures: BTreeMap<&'static str, OnceCell<Option<Signed>>>,
}

/// Why a subscription did not get a message.
pub(super) enum NotCopied {
    /// The node could not; it may later.
    Later(String),
    /// It never will: the code and the text that its dead letter says.
    Never(&'static str, String),
}

/// The kinds of subscribers that a message may have a text of its own for.
pub(super) const PROTOCOLS: [&str; 4] = ["sqs", "lambda", "http", "https"];

/// What a FIFO queue knows a message by when it comes again.
fn deduplication(content: &NewTopicMessage) -> String {
    let by_text = || Digest::of(content.message.as_bytes()).to_string();
    content.deduplication.clone().unwrap_or_else(by_text)
}

/// A message for a queue, with the group and the id that FIFO queues need.
pub(super) fn queue_message(
    queue: &QueueName,
    content: &NewTopicMessage,
    body: String,
) -> NewMessage {
    let is_fifo = queue.is_fifo();
    NewMessage {
        body: body.into(),
        group: content.group.clone().filter(|_| is_fifo),
        deduplication: is_fifo.then(|| deduplication(content)),
        ..NewMessage::default()
    }
}

impl Copying<'_> {
    /// The text for a subscriber, and its signature.
    async fn text(&self, subscriber: &Subscriber) -> (&str, Option<&Signed>) {
        let protocol = subscriber.protocol();
        let text = self.message.content.text_for(protocol);
        let signed = match self.signatures.get(protocol) {
            Some(cell) => cell.get_or_init(|| self.writer.signature(self.message, text)).await,
            None => &None,
        };
        (text, signed.as_ref())
    }

    /// The body that a queue or a URL gets.
    pub(super) async fn body(&self, subscription: &Subscription) -> String {
        if subscription.raw {
            let protocol = subscription.subscriber.protocol();
            return self.message.content.text_for(protocol).to_owned();
        }
        let (text, signed) = self.text(&subscription.subscriber).await;
        self.writer.notification(subscription, (self.message, text), signed)
    }
}

impl Deliveries {
    /// Copies a message to where a subscription wants it.
    pub(super) async fn copy(
        self: &Arc<Self>,
        copying: &Copying<'_>,
        subscription: &Subscription,
    ) -> Result<(), NotCopied> {
        match &subscription.subscriber {
            Subscriber::Queue(queue) => self.copy_to_queue(copying, subscription, queue).await,
            Subscriber::Function(named) => {
                self.copy_to_function(copying, subscription, named).await
            }
            Subscriber::Url(_) => self.copy_to_url(copying, subscription).await,
        }
    }

    async fn copy_to_queue(
        &self,
        copying: &Copying<'_>,
        subscription: &Subscription,
        queue: &QueueName,
    ) -> Result<(), NotCopied> {
        let content = &copying.message.content;
        let mut message = queue_message(queue, content, copying.body(subscription).await);
        if subscription.raw {
            if content.attributes.len() > RAW_ATTRIBUTES_MAX {
                let told = format!("a raw message has more than {RAW_ATTRIBUTES_MAX} attributes");
                return Err(NotCopied::Never("InvalidParameter", told));
            }
            for (name, one) in &content.attributes {
                message.attributes.insert(name.clone(), one.value.clone());
                if one.data_type != "String" {
                    message.attribute_types.insert(name.clone(), one.data_type.clone());
                }
            }
        }
        let queues = &self.stores.queues;
        match queues.send(copying.namespace, queue, vec![message], copying.origin).await {
            Ok(_) => Ok(()),
            Err(error @ (QueueError::Storage(_) | QueueError::Quota(_))) => {
                Err(NotCopied::Later(error.to_string()))
            }
            Err(error @ QueueError::NoQueue) => {
                Err(NotCopied::Never("AWS.SimpleQueueService.NonExistentQueue", error.to_string()))
            }
            Err(error) => Err(NotCopied::Never("InvalidParameter", error.to_string())),
        }
    }

    async fn copy_to_function(
        self: &Arc<Self>,
        copying: &Copying<'_>,
        subscription: &Subscription,
        named: &QualifiedFunction,
    ) -> Result<(), NotCopied> {
        let namespace = copying.namespace;
        let found = self.dispatcher.resolve(namespace, &named.name, &named.qualifier).await;
        let channel = match found {
            Ok(found) => Channel::Function(found.named()),
            Err(error) if is_transient(&error) => {
                return Err(NotCopied::Later(error.to_string()));
            }
            Err(error) => {
                return Err(NotCopied::Never("ResourceNotFoundException", error.to_string()));
            }
        };
        let (text, signed) = copying.text(&subscription.subscriber).await;
        let data = copying.writer.function_event(subscription, (copying.message, text), signed);
        self.pass_on(copying, subscription, channel, (data, Vec::new())).await
    }

    async fn copy_to_url(
        self: &Arc<Self>,
        copying: &Copying<'_>,
        subscription: &Subscription,
    ) -> Result<(), NotCopied> {
        let body = copying.body(subscription).await;
        let channel = Channel::Subscription(subscription.name.clone());
        let region = &copying.message.region;
        let mut headers = BTreeMap::from([
            ("x-amz-sns-message-type", "Notification".to_owned()),
            ("x-amz-sns-message-id", copying.message.id.clone()),
            ("x-amz-sns-topic-arn", copying.writer.topic_arn(region)),
            ("x-amz-sns-subscription-arn", copying.writer.subscription_arn(region, subscription)),
        ]);
        if subscription.raw {
            headers.insert("x-amz-sns-rawdelivery", "true".into());
        }
        let headers = serde_json::to_string(&headers).unwrap_or_default();
        let extensions = vec![(HEADERS.to_owned(), headers)];
        self.pass_on(copying, subscription, channel, (body, extensions)).await
    }

    /// Appends what is to be delivered to a channel of its own.
    async fn pass_on(
        self: &Arc<Self>,
        copying: &Copying<'_>,
        subscription: &Subscription,
        channel: Channel,
        (data, extensions): (String, Vec<(String, String)>),
    ) -> Result<(), NotCopied> {
        let Copying { namespace, topic, message, origin, .. } = copying;
        let event = Event {
            // The same whenever it is copied again.
            id: format!("{}:{}", message.id, subscription.name),
            source: format!("/topics/{topic}"),
            kind: occurrence::TOPIC_NOTIFICATION.into(),
            subject: message.content.subject.clone(),
            time_ns: u64::try_from(message.time_ms).ok().map(|ms| ms.saturating_mul(1_000_000)),
            content_type: Some("application/json".into()),
            schema: None,
            extensions,
            attempt: 1,
            data: data.into(),
        };
        match self.stores.events.append(namespace, &channel, event, origin).await {
            Ok(()) => {
                self.start_channel((*namespace).clone(), channel);
                Ok(())
            }
            Err(error @ (AppendError::Quota(_) | AppendError::Storage(_))) => {
                Err(NotCopied::Later(error.to_string()))
            }
        }
    }
}
