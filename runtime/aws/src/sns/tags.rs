//! Labels of topics.

use lambent_types::TopicName;
use serde::{Deserialize, Serialize};

use super::error::not_found;
use super::{Nothing, arn, named_topic};
use crate::call::Call;
use crate::fault::Fault;
use crate::query::{List, Members};
use crate::tag_list::{self, Tag};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Wanted {
    resource_arn: Option<String>,
    #[serde(default)]
    tags: Members<Tag>,
    #[serde(default)]
    tag_keys: Members<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Shown {
    key: String,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tags {
    tags: List<Shown>,
}

fn topic(call: &Call, wanted: &Wanted) -> Result<TopicName, Fault> {
    arn::read_topic(call, wanted.resource_arn.as_deref(), "ResourceArn")
}

/// That there is no such topic, as operations on labels word it.
fn resource(fault: Fault) -> Fault {
    if fault.code != "NotFound" {
        return fault;
    }
    Fault { code: "ResourceNotFound".into(), ..not_found("Resource does not exist") }
}

pub(super) async fn list(call: &Call, wanted: Wanted) -> Result<Tags, Fault> {
    let topic = named_topic::found(call, &topic(call, &wanted)?).await.map_err(resource)?;
    let tags = topic.tags.into_iter().map(|(key, value)| Shown { key, value });
    Ok(Tags { tags: tags.collect() })
}

pub(super) async fn tag(call: &Call, wanted: Wanted) -> Result<Nothing, Fault> {
    let name = topic(call, &wanted)?;
    let tags = tag_list::read(Some(wanted.tags.0));
    let changed = named_topic::change(call, &name, |topic| {
        topic.tags.extend(tags);
        Ok(())
    });
    changed.await.map_err(resource)?;
    Ok(Nothing {})
}

pub(super) async fn untag(call: &Call, wanted: Wanted) -> Result<Nothing, Fault> {
    let name = topic(call, &wanted)?;
    let keys = wanted.tag_keys.0;
    let changed = named_topic::change(call, &name, |topic| {
        topic.tags.retain(|key, _| !keys.contains(key));
        Ok(())
    });
    changed.await.map_err(resource)?;
    Ok(Nothing {})
}
