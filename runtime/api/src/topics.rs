use lambent_types::{Subscription, Topic};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::lenient;

/// A topic as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TopicView {
    /// The topic.
    #[serde(flatten)]
    pub topic: Topic,
}

impl<'de> Deserialize<'de> for TopicView {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self { topic: lenient::of(&Value::deserialize(deserializer)?)? })
    }
}

/// A subscription as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SubscriptionView {
    /// The subscription.
    #[serde(flatten)]
    pub subscription: Subscription,
}

impl<'de> Deserialize<'de> for SubscriptionView {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self { subscription: lenient::of(&Value::deserialize(deserializer)?)? })
    }
}

impl SubscriptionView {
    /// What a client said of it: not whether its subscriber has confirmed.
    pub(crate) fn spec(self) -> Subscription {
        let confirmation = lambent_types::Confirmation::default();
        Subscription { confirmation, farewell: String::new(), ..self.subscription }
    }
}

/// A message that was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PublishedView {
    /// Its id.
    pub id: String,
    /// Of a FIFO topic: its place, twenty digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<String>,
}
