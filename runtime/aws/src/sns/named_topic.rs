//! The topic that a request names.

use lambent_types::{Error, Topic, TopicName};
use serde::Deserialize;

use super::error::fault;
use crate::call::Call;
use crate::fault::Fault;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Named {
    topic_arn: Option<String>,
}

impl Named {
    pub(super) fn topic_arn(&self) -> Option<&str> {
        self.topic_arn.as_deref()
    }
}

/// Changes a topic.
pub(super) async fn change(
    call: &Call,
    name: &TopicName,
    change: impl FnOnce(&mut Topic) -> Result<(), Error> + Send,
) -> Result<(), Fault> {
    let _changing = call.memory.change.lock().await;
    call.scope.change_topic(name, change).await.map_err(fault)
}

/// Reads a topic.
pub(super) async fn found(call: &Call, name: &TopicName) -> Result<Topic, Fault> {
    let handle = call.scope.handle::<TopicName>(name.as_str()).map_err(fault)?;
    Ok(handle.describe().await.map_err(fault)?.specification)
}
