use std::collections::BTreeMap;

use lambent_types as types;
use lambent_types::TopicName;
use serde::Deserialize;
use utoipa::ToSchema;

use super::context::Context;
use super::entry::Entry;
use super::fault::Fault;
use super::kind::Kind;

/// A topic, whose messages go to every subscription; one whose name ends in `.fifo` keeps the order of
/// each group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Topic {
    /// What people are shown in place of the name.
    #[serde(default)]
    display_name: String,
    /// Whether messages with the same text within five minutes are one; for `.fifo` topics.
    #[serde(default)]
    content_deduplication: bool,
    /// Labels, for people and tools.
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

impl Entry for Topic {
    const KIND: Kind = Kind::Topic;
    type Name = TopicName;
    type Spec = types::Topic;

    fn spec(&self, name: &TopicName, _: &Context) -> Result<types::Topic, Fault> {
        let topic = types::Topic {
            display_name: self.display_name.clone(),
            content_deduplication: self.content_deduplication,
            tags: self.tags.clone(),
            ..types::Topic::new(name.clone())
        };
        topic.validate().map_err(|error| error.detail().to_owned())?;
        Ok(topic)
    }
}
