use lambent_storage::{ResourceError, Stores};
use lambent_types::{
    Access, Configuration, Error, ErrorCode, Grant, Namespace, NewTopicMessage, Subscription,
    Topic, TopicMessage, TopicName,
};

use crate::client_errors;
use crate::handle::{Handle, Put};
use crate::operation::Operation;
use crate::published_message::PublishedMessage;
use crate::resource_name::ResourceName;
use crate::scope::Scope;
use crate::specifications::Specified;
use crate::topic_messages;

/// A topic.
pub type TopicHandle<'s> = Handle<'s, TopicName>;

impl ResourceName for TopicName {
    const NOUN: &'static str = "topic";
    const NOT_FOUND: ErrorCode = ErrorCode::TopicNotFound;
    const IS_CREATED_BY_NAME: bool = true;

    type Scope = Scope;

    fn granted(&self, configuration: &Configuration) -> Option<Access> {
        configuration.grants.topics.get(self).copied()
    }

    fn grant(&self, _: &Configuration, access: Access) -> Option<Grant> {
        Some(Grant::Topic(self.clone(), access))
    }

    async fn is_there(&self, stores: &Stores, namespace: &Namespace) -> bool {
        let found = stores.resources.of::<Topic>().get(namespace, self).await;
        !matches!(found, Ok(None))
    }
}

impl Specified for TopicName {
    type Specification = Topic;

    const LIST: Operation = Operation::ListTopics;
    const DESCRIBE: Operation = Operation::DescribeTopic;
    const DELETE: Operation = Operation::DeleteTopic;

    async fn deleted(&self, scope: &Scope) -> Result<(), Error> {
        scope.delete_subscriptions_of(self).await
    }
}

impl Scope {
    /// Creates or replaces a topic. One without annotations keeps those that are there.
    ///
    /// # Errors
    /// `InvalidConfiguration`, `QuotaExceeded`; the store failed.
    pub async fn put_topic(&self, mut topic: Topic) -> Result<Put<Topic>, Error> {
        let (namespace, name) = (self.namespace(), topic.name.clone());
        self.named(name.clone())
            .perform(Operation::PutTopic, async {
                topic.validate()?;
                let _wiring = self.service.wiring.lock().await;
                let topics = self.stores().resources.of::<Topic>();
                let found = topics.get(namespace, &name).await?;
                match &found {
                    Some(found) if topic.annotations.is_empty() => {
                        topic.annotations = found.specification.annotations.clone();
                    }
                    Some(_) => {}
                    // What was left of one of this name, if its deletion did not come to its end.
                    None => self.delete_subscriptions_of(&name).await?,
                }
                let put = topics.put(namespace, &topic, None).await;
                put.map_err(|error| client_errors::resource(namespace, &name, error))?;
                Ok(Put { value: topic, created: found.is_none() })
            })
            .await
    }

    /// Changes a topic that is there.
    ///
    /// # Errors
    /// `TopicNotFound`, `InvalidConfiguration`; the store failed.
    pub async fn change_topic(
        &self,
        name: &TopicName,
        change: impl FnOnce(&mut Topic) -> Result<(), Error> + Send,
    ) -> Result<(), Error> {
        let namespace = self.namespace();
        let topic = self.named(name.clone());
        topic
            .perform(Operation::PutTopic, async {
                let _wiring = self.service.wiring.lock().await;
                let topics = self.stores().resources.of::<Topic>();
                let found = topics.get(namespace, name).await?.ok_or_else(|| topic.not_found())?;
                let mut changed = found.specification;
                change(&mut changed)?;
                changed.validate()?;
                let put = topics.replace(namespace, &changed, found.revision).await;
                put.map_err(|error| client_errors::resource(namespace, name, error))
            })
            .await
    }

    pub(crate) async fn delete_subscriptions_of(&self, topic: &TopicName) -> Result<(), Error> {
        let namespace = self.namespace();
        let subscriptions = self.stores().resources.of::<Subscription>();
        for stored in subscriptions.list(namespace).await? {
            let one = stored.specification;
            if one.topic.key() == topic.key() {
                match subscriptions.delete(namespace, &one.name).await {
                    Ok(()) | Err(ResourceError::NotFound) => {}
                    Err(error) => {
                        return Err(client_errors::resource(namespace, &one.name, error));
                    }
                }
            }
        }
        Ok(())
    }
}

impl TopicHandle<'_> {
    /// Publishes messages, each of which succeeds or fails for itself; durable when this returns, and
    /// then copied to every subscription. `region` is where the client takes the topic to be.
    ///
    /// # Errors
    /// `TopicNotFound`, `LoopDetected`; the store failed. Of one message: `InvalidRequest`,
    /// `PayloadTooLarge`, `QuotaExceeded`; the store failed.
    pub async fn publish(
        &self,
        messages: Vec<NewTopicMessage>,
        region: &str,
    ) -> Result<Vec<Result<PublishedMessage, Error>>, Error> {
        self.perform(Operation::PublishMessages, async {
            let (namespace, name) = self.place();
            let found = self.stores().resources.of::<Topic>().get(namespace, name).await?;
            let topic = found.ok_or_else(|| self.not_found())?.specification;
            if topic.name.is_fifo() {
                return self.publish_in_order(&topic, messages, region).await;
            }
            let published = messages.into_iter().map(|message| async {
                topic_messages::check(&topic, &message)?;
                self.publish_one(&topic, message, (region, None)).await
            });
            Ok(futures::future::join_all(published).await)
        })
        .await
    }

    /// Publishes messages one after the other, those that were published already left out.
    async fn publish_in_order(
        &self,
        topic: &Topic,
        messages: Vec<NewTopicMessage>,
        region: &str,
    ) -> Result<Vec<Result<PublishedMessage, Error>>, Error> {
        let (service, place) = (self.service(), (self.namespace().key(), topic.name.key()));
        let order = service.topics.of(place);
        let mut order = order.lock().await;
        let mut published = Vec::with_capacity(messages.len());
        for message in messages {
            if let Err(error) = topic_messages::check(topic, &message) {
                published.push(Err(error));
                continue;
            }
            let known_by = topic_messages::known_by(&message);
            if let Some(known) = order.known(&known_by) {
                published.push(Ok(known));
                continue;
            }
            let sequence = Some(order.next(service.clock.now()));
            let one = self.publish_one(topic, message, (region, sequence)).await;
            if let Ok(one) = &one {
                order.remember(known_by, one.clone());
            }
            published.push(one);
        }
        Ok(published)
    }

    async fn publish_one(
        &self,
        topic: &Topic,
        content: NewTopicMessage,
        (region, sequence): (&str, Option<String>),
    ) -> Result<PublishedMessage, Error> {
        let (service, origin) = (self.service(), self.data_scope().change_origin()?);
        let message = TopicMessage {
            id: uuid::Uuid::now_v7().to_string(),
            time_ms: service.clock.now().as_millisecond(),
            region: region.to_owned(),
            sequence,
            content,
        };
        service.deliveries.publish(self.namespace(), &topic.name, &message, origin).await?;
        Ok(PublishedMessage { id: message.id, sequence: message.sequence })
    }
}
