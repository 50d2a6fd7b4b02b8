use lambent_types as types;
use lambent_types::{
    FilterScope, HttpDelivery, Pattern, QueueName, Subscriber, SubscriptionFilter,
    SubscriptionName, TopicName,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::context::Context;
use super::entry::Entry;
use super::fault::Fault;
use super::kind::Kind;

/// What receives the messages of a topic.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Subscription {
    /// The topic.
    #[schema(value_type = String)]
    topic: TopicName,
    /// Where the messages go: `queue:NAME`, `function:NAME`, or a URL.
    #[schema(value_type = String)]
    to: Subscriber,
    /// Only messages that match it, as event patterns do: of each member one of its values fits.
    #[schema(value_type = Option<serde_json::Value>)]
    filter: Option<Pattern>,
    /// Whether the filter is of the message's attributes, or of its body, which is JSON.
    #[serde(default)]
    filter_scope: FilterScope,
    /// Whether the message's text is sent as it is, and not within a notification.
    #[serde(default)]
    raw: bool,
    /// The queue of messages that could not be delivered.
    #[schema(value_type = Option<String>)]
    dead_letter: Option<QueueName>,
    /// How often a URL is tried that fails, after the first time: up to 100.
    #[schema(value_type = Option<u32>, default = 3)]
    retries: Option<u32>,
}

impl Entry for Subscription {
    const KIND: Kind = Kind::Subscription;
    type Name = SubscriptionName;
    type Spec = types::Subscription;

    fn spec(&self, name: &SubscriptionName, _: &Context) -> Result<types::Subscription, Fault> {
        let (scope, default) = (self.filter_scope, HttpDelivery::default());
        let filter = self.filter.clone();
        let new = types::Subscription::new(name.clone(), self.topic.clone(), self.to.clone());
        let subscription = types::Subscription {
            filter: filter.map(|pattern| SubscriptionFilter { pattern, scope }),
            raw: self.raw,
            dead_letter: self.dead_letter.clone(),
            delivery: HttpDelivery { retries: self.retries.unwrap_or(default.retries), ..default },
            ..new
        };
        subscription.validate().map_err(|error| error.detail().to_owned())?;
        Ok(subscription)
    }

    fn references(subscription: &types::Subscription) -> Vec<(Kind, String)> {
        let subscriber = match &subscription.subscriber {
            Subscriber::Function(named) => Some((Kind::Function, named.name.to_string())),
            Subscriber::Queue(queue) => Some((Kind::Queue, queue.to_string())),
            Subscriber::Url(_) => None,
        };
        let topic = (Kind::Topic, subscription.topic.to_string());
        let dead = subscription.dead_letter.iter();
        let dead = dead.map(|queue| (Kind::Queue, queue.to_string()));
        std::iter::once(topic).chain(subscriber).chain(dead).collect()
    }
}
