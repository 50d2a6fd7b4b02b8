//! Tags of queues.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::{fault, invalid_value, required};
use super::queues::{OfQueue, change};
use super::{Nothing, address};
use crate::call::Call;
use crate::fault::Fault;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TagQueue {
    queue_url: Option<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

pub(super) async fn tag(call: &Call, wanted: TagQueue) -> Result<Nothing, Fault> {
    let tags = required(Some(wanted.tags).filter(|tags| !tags.is_empty()), "Tags")?;
    change(call, wanted.queue_url, |queue| {
        let mut attributes = queue.attributes.clone();
        attributes.tags.extend(tags);
        lambent_types::tags::validate(&attributes.tags)
            .map_err(|error| invalid_value(error.detail().to_owned()))?;
        Ok(attributes)
    })
    .await
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UntagQueue {
    queue_url: Option<String>,
    #[serde(default)]
    tag_keys: Vec<String>,
}

pub(super) async fn untag(call: &Call, wanted: UntagQueue) -> Result<Nothing, Fault> {
    let keys = required(Some(wanted.tag_keys).filter(|keys| !keys.is_empty()), "TagKeys")?;
    change(call, wanted.queue_url, |queue| {
        let mut attributes = queue.attributes.clone();
        attributes.tags.retain(|key, _| !keys.contains(key));
        Ok(attributes)
    })
    .await
}

/// The tags of a queue.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tags {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, String>,
}

pub(super) async fn list(call: &Call, wanted: OfQueue) -> Result<Tags, Fault> {
    let found = address::queue(call, wanted.queue_url)?.describe().await.map_err(fault)?;
    Ok(Tags { tags: found.attributes.tags })
}
