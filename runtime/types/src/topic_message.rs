//! Messages of topics, as they are kept until every subscription has them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// An attribute of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TopicAttribute {
    /// `String`, `String.Array`, `Number` or `Binary`; the first if absent.
    #[serde(rename = "type", default = "text_type")]
    pub data_type: String,
    /// The value; of `Binary` in base64.
    pub value: String,
}

fn text_type() -> String {
    "String".into()
}

/// What is published to a topic.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTopicMessage {
    /// The text.
    pub message: String,
    /// What the text is for some kinds of subscribers, in its place: by `sqs`, `lambda`, `http` and
    /// `https`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub message_for: BTreeMap<String, String>,
    /// What it is about: at most 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What the publisher attached.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, TopicAttribute>,
    /// FIFO only, and required there: the messages of one group come in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// FIFO only: a message with the id of one published in the last five minutes is
    /// acknowledged and goes nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deduplication: Option<String>,
}

impl NewTopicMessage {
    /// How many bytes it is, its attributes included.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let attribute = |(name, one): (&String, &TopicAttribute)| {
            name.len() + one.data_type.len() + one.value.len()
        };
        self.message.len()
            + self.message_for.values().map(String::len).sum::<usize>()
            + self.attributes.iter().map(attribute).sum::<usize>()
    }

    /// The text for subscribers of a kind.
    #[must_use]
    pub fn text_for(&self, protocol: &str) -> &str {
        self.message_for.get(protocol).unwrap_or(&self.message)
    }

    /// The attributes as filters see them: texts, numbers, and the items of arrays.
    #[must_use]
    pub fn attributes_for_filter(&self) -> Map<String, Value> {
        let value = |one: &TopicAttribute| match one.data_type.as_str() {
            "Number" => one.value.parse().map_or(Value::Null, Value::Number),
            "String.Array" => serde_json::from_str(&one.value).unwrap_or(Value::Null),
            "Binary" => Value::Null,
            _ => one.value.clone().into(),
        };
        self.attributes.iter().map(|(name, one)| (name.clone(), value(one))).collect()
    }
}

/// A message that was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicMessage {
    /// Its id.
    pub id: String,
    /// When it was published, in milliseconds since 1970.
    pub time_ms: i64,
    /// The region that its publisher takes the topic to be in: names of resources say it.
    pub region: String,
    /// Of a FIFO topic: its place, twenty digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<String>,
    /// What was published.
    pub content: NewTopicMessage,
}
