//! Topics.

use std::collections::BTreeMap;

use lambent_types::{ErrorCode, Topic, TopicName};
use serde::{Deserialize, Serialize};

use super::error::{fault, invalid, on_quota, required};
use super::named_topic::Named;
use super::topic_attributes::{self, FIFO};
use super::{Nothing, arn};
use crate::call::Call;
use crate::fault::Fault;
use crate::query::{List, Members};
use crate::tag_list::{self, Tag};

/// Items of a page; SNS's.
pub(super) const PAGE: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Create {
    name: Option<String>,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    #[serde(default)]
    tags: Members<Tag>,
    data_protection_policy: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListWanted {
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ShownTopic {
    topic_arn: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Topics {
    topics: List<ShownTopic>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// The page of items that begins after the one of this key, and where the next one does.
pub(super) fn page<T>(mut all: Vec<(String, T)>, after: Option<&str>) -> (Vec<T>, Option<String>) {
    all.retain(|(key, _)| after.is_none_or(|after| key.as_str() > after));
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    let more = all.len() > PAGE;
    all.truncate(PAGE);
    let next = all.last().filter(|_| more).map(|(key, _)| key.clone());
    (all.into_iter().map(|(_, item)| item).collect(), next)
}

/// The name of a topic that is to be FIFO or not.
fn name(text: Option<String>, fifo: bool) -> Result<TopicName, Fault> {
    let text = required(text, "Name")?;
    let name: TopicName = text.parse().map_err(|_| match fifo {
        false => invalid("Topic Name"),
        true => wrong_fifo_name(),
    })?;
    match (fifo, name.is_fifo()) {
        (true, false) => Err(wrong_fifo_name()),
        (false, true) => Err(invalid("Topic Name")),
        _ => Ok(name),
    }
}

fn wrong_fifo_name() -> Fault {
    invalid(
        "Fifo Topic names must end with .fifo and must be made up of only uppercase and lowercase \
         ASCII letters, numbers, underscores, and hyphens, and must be between 1 and 256 characters \
         long.",
    )
}

pub(super) async fn create(call: &Call, wanted: Create) -> Result<ShownTopic, Fault> {
    if wanted.data_protection_policy.is_some() {
        return Err(Fault::not_served(super::NAME, Some("PutDataProtectionPolicy")));
    }
    let mut attributes = wanted.attributes;
    let fifo = attributes.remove(FIFO).is_some_and(|text| text == "true");
    let mut topic = Topic::new(name(wanted.name, fifo)?);
    for (name, value) in &attributes {
        topic_attributes::apply(&mut topic, name, value)?;
    }
    topic.tags = tag_list::read(Some(wanted.tags.0));
    let shown = ShownTopic { topic_arn: arn::topic(call, &topic.name) };
    let _changing = call.memory.change.lock().await;
    match call.scope.handle::<TopicName>(topic.name.as_str()).map_err(fault)?.describe().await {
        Ok(found) => {
            let same = |name: &String| {
                let is = |topic: &Topic| topic_attributes::one(topic, name);
                is(&found.specification) == is(&topic)
            };
            if !attributes.keys().all(same) {
                let told = "Attributes Reason: Topic already exists with different attributes";
                return Err(invalid(told));
            }
            if !topic.tags.is_empty() && topic.tags != found.specification.tags {
                return Err(invalid("Tags Reason: Topic already exists with different tags"));
            }
            return Ok(shown);
        }
        Err(error) if error.code() == ErrorCode::TopicNotFound => {}
        Err(error) => return Err(fault(error)),
    }
    let put = call.scope.put_topic(topic).await;
    put.map_err(|error| on_quota(error, "TopicLimitExceeded"))?;
    Ok(shown)
}

pub(super) async fn delete(call: &Call, wanted: Named) -> Result<Nothing, Fault> {
    let name = arn::read_topic(call, wanted.topic_arn(), "TopicArn")?;
    let handle = call.scope.handle::<TopicName>(name.as_str()).map_err(fault)?;
    match handle.delete().await {
        Ok(()) => Ok(Nothing {}),
        // Of one that is gone too, as SNS has it.
        Err(error) if error.code() == ErrorCode::TopicNotFound => Ok(Nothing {}),
        Err(error) => Err(fault(error)),
    }
}

pub(super) async fn list(call: &Call, wanted: ListWanted) -> Result<Topics, Fault> {
    let all = call.scope.all::<TopicName>().await.map_err(fault)?;
    let all = all.into_iter().map(|stored| {
        let name = stored.specification.name;
        (name.key(), ShownTopic { topic_arn: arn::topic(call, &name) })
    });
    let (topics, next_token) = page(all.collect(), wanted.next_token.as_deref());
    Ok(Topics { topics: topics.into_iter().collect(), next_token })
}
