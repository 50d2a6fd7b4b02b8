use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::annotations::Annotations;
use crate::error::Error;
use crate::error_code::ErrorCode;
use crate::name::{InvalidName, check_within, name};
use crate::quota::Quota;
use crate::specification::{ResourceKind, Specification};
use crate::tags;

name!(
    /// A topic's name: `[A-Za-z0-9_-]`, then `.fifo` for a FIFO topic, 256 characters in all, as in
    /// SNS; unique in its namespace ignoring case.
    TopicName,
    "topic name",
    check_topic
);

/// The names of FIFO topics end with this.
const FIFO_SUFFIX: &str = ".fifo";
/// Most characters of a topic's name, with the suffix; SNS's.
const TOPIC_NAME_CHARS_MAX: usize = 256;
/// Most characters of a topic's display name; SNS's.
const DISPLAY_NAME_CHARS_MAX: usize = 100;

impl TopicName {
    /// Returns whether it names a FIFO topic.
    #[must_use]
    pub fn is_fifo(&self) -> bool {
        self.0.ends_with(FIFO_SUFFIX)
    }
}

fn check_topic(what: &'static str, text: &str) -> Result<(), InvalidName> {
    let (text, most) = match text.strip_suffix(FIFO_SUFFIX) {
        Some(text) => (text, TOPIC_NAME_CHARS_MAX - FIFO_SUFFIX.len()),
        None => (text, TOPIC_NAME_CHARS_MAX),
    };
    check_within(what, text, most)
}

/// What is published once and goes to every subscription. Whether it is FIFO says its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// The topic's name.
    #[schema(value_type = String)]
    pub name: TopicName,
    /// What people are shown in place of the name: at most 100 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    /// FIFO: a message without a deduplication id is deduplicated by its text.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub content_deduplication: bool,
    /// Labels for people and tools.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// What tools note of it for themselves.
    #[serde(default, skip_serializing_if = "Annotations::is_empty")]
    pub annotations: Annotations,
}

impl Specification for Topic {
    const KIND: ResourceKind = ResourceKind { noun: "topic", quota: Quota::Topics };
    type Name = TopicName;

    fn name(&self) -> &TopicName {
        &self.name
    }
}

impl Topic {
    /// One of this name of which nothing else is said.
    #[must_use]
    pub fn new(name: TopicName) -> Self {
        Self {
            name,
            display_name: String::new(),
            content_deduplication: false,
            tags: BTreeMap::new(),
            annotations: Annotations::default(),
        }
    }

    /// Checks every value against its bounds.
    ///
    /// # Errors
    /// `InvalidConfiguration`, naming the member and the bounds.
    pub fn validate(&self) -> Result<(), Error> {
        let invalid = |detail: String| Err(Error::new(ErrorCode::InvalidConfiguration, detail));
        if self.display_name.chars().count() > DISPLAY_NAME_CHARS_MAX {
            return invalid(format!(
                "display_name has more than {DISPLAY_NAME_CHARS_MAX} characters"
            ));
        }
        if self.content_deduplication && !self.name.is_fifo() {
            return invalid(
                "content_deduplication is for FIFO topics, whose names end in .fifo".into(),
            );
        }
        tags::validate(&self.tags)?;
        self.annotations.validate()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_sns() {
        for good in ["a", "A_b-9", "orders.fifo", &"a".repeat(256)] {
            assert!(good.parse::<TopicName>().is_ok(), "{good}");
        }
        let long = format!("{}.fifo", "a".repeat(252));
        for bad in ["", ".fifo", "a.b", "a b", &*"a".repeat(257), &long] {
            assert!(bad.parse::<TopicName>().is_err(), "{bad}");
        }
        let orders = Topic::new("orders".parse().unwrap());
        assert!(orders.validate().is_ok());
        assert!(Topic { content_deduplication: true, ..orders }.validate().is_err());
    }
}
